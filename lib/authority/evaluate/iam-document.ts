import * as z from "zod";
import { readBy } from "../../encoding/schema.ts";

const texts = z.union([z.string(), z.array(z.string()).min(1)]);
const conditionValue = z.union([z.string(), z.number(), z.boolean()]);
const conditionValues = z.union([conditionValue, z.array(conditionValue)]);
const principal = z.union([
  z.literal("*"),
  z.strictObject({
    AWS: texts.optional(),
    Service: texts.optional(),
    Federated: texts.optional(),
    CanonicalUser: texts.optional(),
  }),
]);

const statement = z
  .strictObject({
    Sid: z.string().optional(),
    Effect: z.enum(["Allow", "Deny"]),
    Principal: principal.optional(),
    NotPrincipal: principal.optional(),
    Action: texts.optional(),
    NotAction: texts.optional(),
    Resource: texts.optional(),
    NotResource: texts.optional(),
    Condition: z.record(z.string(), z.record(z.string(), conditionValues)).optional(),
  })
  .refine((each) => (each.Action === undefined) !== (each.NotAction === undefined), {
    error: "must have exactly one of Action and NotAction",
  })
  .refine((each) => each.Resource === undefined || each.NotResource === undefined, {
    error: "must not have both Resource and NotResource",
  })
  .refine((each) => each.Principal === undefined || each.NotPrincipal === undefined, {
    error: "must not have both Principal and NotPrincipal",
  });

const document = z.strictObject({
  Version: z.enum(["2012-10-17", "2008-10-17"]).optional(),
  Id: z.string().optional(),
  Statement: z.union([statement, z.array(statement)]),
});

/** An IAM policy document as AWS takes it: single values or lists, one statement or several. */
export type PolicyDocument = z.infer<typeof document>;
export type Statement = z.infer<typeof statement>;
export type Principal = NonNullable<Statement["Principal"]>;

/** A policy in the form that this room writes: a list of statements, current version. */
export interface SessionPolicy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** What is wrong with something that should be a policy document, in prose. */
export interface DocumentProblem {
  readonly problem: string;
}

/**
 * Reads a policy document strictly: an element that this evaluator does not know is never ignored.
 */
export function readPolicy(value: unknown): PolicyDocument | DocumentProblem {
  const read = readBy(document, value);
  return read.ok ? read.value : { problem: `${read.pointer || "/"} ${read.detail}` };
}

/**
 * What a policy of a principal (identity, session, boundary, SCP) cannot be: AWS refuses one that
 * names principals or lacks a resource, and ignoring either here would widen it.
 */
export function principalPolicyProblem(policy: PolicyDocument): DocumentProblem | undefined {
  const statements = statementsOf(policy);
  if (statements.some(({ Principal, NotPrincipal }) => Principal ?? NotPrincipal))
    return { problem: "only the policy of a resource names principals" };
  if (statements.some(({ Resource, NotResource }) => (Resource ?? NotResource) === undefined))
    return { problem: "a statement has neither Resource nor NotResource" };
  return undefined;
}

export const isDocumentProblem = (value: object): value is DocumentProblem => "problem" in value;

export const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T];

export const statementsOf = (policy: Pick<PolicyDocument, "Statement">): readonly Statement[] =>
  listOf(policy.Statement);
