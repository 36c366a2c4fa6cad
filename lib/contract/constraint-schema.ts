import * as z from "zod";
import type { PlainCode } from "../refusal.ts";
import { CONSTRAINT_KINDS, type Constraint, type Scalar } from "./constraint.ts";

/** Why a value is no constraint: the place below it, and prose. */
interface Breach {
  readonly path: PropertyKey[];
  readonly message: string;
  readonly code?: PlainCode;
}

/** Characters of one string value. */
const MAX_TEXT = 4096;

/** A constraint of the closed vocabulary; an unknown kind is `CONSTRAINT_UNKNOWN`, never ignored (POC-A25). */
export const constraint: z.ZodType<Constraint> = z.unknown().transform((value, context) => {
  const breach = breachOf(value);
  if (breach === undefined) return value as Constraint;
  const { path, message, code } = breach;
  context.addIssue({ code: "custom", path, message, ...(code && { params: { code } }) });
  return z.NEVER;
});

const breach = (message: string, path: PropertyKey[] = []): Breach => ({ path, message });

function breachOf(value: unknown): Breach | undefined {
  const entries = isObject(value) ? Object.entries(value) : [];
  const [entry] = entries;
  if (entries.length !== 1 || entry === undefined) {
    return breach("must be an object with exactly one constraint kind");
  }
  const [kind, body] = entry;
  const judge = BODIES[kind as keyof typeof BODIES];
  if (judge === undefined || !Object.hasOwn(BODIES, kind)) {
    const message = `has the unknown kind "${kind}"; known: ${CONSTRAINT_KINDS.join(", ")}`;
    return { path: [], message, code: "CONSTRAINT_UNKNOWN" };
  }
  const found = judge(body);
  return found && { ...found, path: [kind, ...found.path] };
}

const BODIES: Readonly<
  Record<(typeof CONSTRAINT_KINDS)[number], (body: unknown) => Breach | undefined>
> = {
  exact: (body) =>
    isScalar(body) ? undefined : breach("must be a string, an integer or a boolean"),
  oneOf: listBreach,
  notOneOf: listBreach,
  range: rangeBreach,
  prefix: (body) =>
    isText(body) && body !== "" ? undefined : breach("must be a non-empty string"),
  absent: (body) => (body === true ? undefined : breach("must be true")),
  all: allBreach,
};

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length <= MAX_TEXT;
const isScalar = (value: unknown): value is Scalar =>
  isText(value) || Number.isSafeInteger(value) || typeof value === "boolean";

/** Values of one type: a mixed list would let a value pass by its type (PROTOCOL.md §2). */
function listBreach(body: unknown): Breach | undefined {
  if (!Array.isArray(body) || body.length === 0) return breach("must be a non-empty array");
  const foreign = body.findIndex((value) => !isScalar(value));
  if (foreign >= 0) return breach("must be a string, an integer or a boolean", [foreign]);
  return body.every((value) => typeof value === typeof body[0])
    ? undefined
    : breach("must hold one type");
}

function rangeBreach(body: unknown): Breach | undefined {
  const entries = isObject(body) ? Object.entries(body) : [];
  if (entries.length === 0) return breach("needs min or max");
  for (const [name, bound] of entries) {
    if (name !== "min" && name !== "max") return breach("is not a member of this object", [name]);
    if (!Number.isSafeInteger(bound)) return breach("must be an integer", [name]);
  }
  return undefined;
}

function allBreach(body: unknown): Breach | undefined {
  if (!Array.isArray(body) || body.length === 0)
    return breach("must be a non-empty array of constraints");
  for (const [index, clause] of body.entries()) {
    const found = breachOf(clause);
    if (found !== undefined) return { ...found, path: [index, ...found.path] };
  }
  const types = new Set((body as Constraint[]).flatMap(typesOf));
  return types.size <= 1 ? undefined : breach("must hold values of one type");
}

/** Types of the values a constraint speaks of; `absent` speaks of none. */
function typesOf(value: Constraint): string[] {
  if ("all" in value) return value.all.flatMap(typesOf);
  if ("range" in value) return ["number"];
  if ("prefix" in value) return ["string"];
  if ("absent" in value) return [];
  if ("exact" in value) return [typeof value.exact];
  return ("oneOf" in value ? value.oneOf : value.notOneOf).map((each) => typeof each);
}
