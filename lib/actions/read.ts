import * as z from "zod";
import type { Scalar } from "../contract/constraint.ts";
import { readBy } from "../encoding/schema.ts";
import { Fault } from "../refusal.ts";
import type { ClientSettings } from "./client-settings.ts";
import { readFault } from "./outcome.ts";
import { type PlainJson, plainAnswer } from "./plain-answer.ts";

/** What an assumption names: one read of one resource with flat parameters (PROTOCOL.md §9). */
export interface TargetReadRequest {
  readonly resource: string;
  readonly parameters: Readonly<Record<string, Scalar>>;
}

/** A parameter of a read that AWS would not take: which, and what would be right. */
export interface ReadProblem {
  readonly parameter: string;
  readonly detail: string;
}

/**
 * One read that assumptions may name, made by the reader role of its family and never by the issued
 * session. One file holds the reads of one family.
 */
export interface TargetRead {
  /** The name in a contract, exactly as the table of PROTOCOL.md §9 writes it: `s3:HeadObject`. */
  readonly read: string;
  /** IAM service prefix of the reader role that makes it. */
  readonly family: string;
  /** The form of an ARN that can be read: exact, without wildcard. */
  readonly target: { readonly pattern: RegExp; readonly example: string };
  /** What the reader role needs on the target; `HeadObject` is `s3:GetObject` to IAM. */
  readonly iamActions: readonly string[];
  /** Needs that IAM cannot bound to a resource (`ec2:DescribeInstances`). */
  readonly iamActionsAnywhere?: readonly string[];
  /** Loads the SDK client that reads. Whatever needs it loads it; asked early, nobody waits for it later. */
  load?(): Promise<unknown>;
  /** The first parameter that is missing, foreign or of another form. */
  problemOf(request: Pick<TargetReadRequest, "parameters">): ReadProblem | undefined;
  /**
   * The AWS answer as JSON (`plain-answer.ts`): what `path` points into. Strongly consistent where
   * the service can. @throws {Fault} `DEPENDENCY_UNAVAILABLE` when it cannot be read or does not
   * hold exactly what was asked for: unknown is never fine (VAI-88, ADV-33, ADV-34).
   */
  fetch(request: TargetReadRequest, settings: ClientSettings): Promise<PlainJson>;
}

/** What differs from read to read; {@link targetRead} adds what must be the same. */
export interface ReadRules extends Omit<TargetRead, "fetch"> {
  /** The one SDK call; its answer whole. May throw anything. */
  ask(request: TargetReadRequest, settings: ClientSettings): Promise<object>;
}

/** A read that asks only what its own rules take, and whose failures are all faults. */
export function targetRead({ ask, ...rules }: ReadRules): TargetRead {
  return {
    ...rules,
    async fetch(request, settings) {
      // A caller that did not judge first must not reach AWS with a name made of something else.
      if (!rules.target.pattern.test(request.resource) || rules.problemOf(request) !== undefined) {
        throw new Fault("INTERNAL_FAULT", `${rules.read} was asked for what it cannot read`);
      }
      try {
        return plainAnswer(await ask(request, settings));
      } catch (error) {
        throw readFault(rules.read, error);
      }
    },
  };
}

/** `problemOf` of a read whose parameters are exactly those of a schema. */
export function parametersOf(shape: z.ZodRawShape): TargetRead["problemOf"] {
  const schema = z.strictObject(shape);
  return ({ parameters }) => {
    const read = readBy(schema, parameters);
    if (read.ok) return undefined;
    const parameter = read.pointer.slice(1).replaceAll("~1", "/").replaceAll("~0", "~");
    return { parameter, detail: read.detail };
  };
}

/** `problemOf` of a read that is said completely by its resource. */
export const noParameters: TargetRead["problemOf"] = parametersOf({});
