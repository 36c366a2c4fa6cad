import { fromInstant } from "../clock.ts";
import { documentDigest } from "../encoding/canonical-json.ts";
import type { Digest } from "../encoding/digest.ts";
import { isAtLeast, type RiskClass } from "../encoding/members.ts";
import { pointer, type Refusal, refuse } from "../refusal.ts";
import { type Scalar, satisfies } from "./constraint.ts";
import type { Contract } from "./contract.ts";
import type { gateOf } from "./step.ts";

/** What a contract assumes of the world (PROTOCOL.md §2): one value of one read, and what it must be. */
export type Assumption = NonNullable<Contract["assumptions"]>[number];

/** Milliseconds by which the clocks of two functions may differ. */
const CLOCK_SKEW = 60_000;

/** The digest of what is not there. No value has it: `null` satisfies no constraint. */
const ABSENT = documentDigest(null);

/**
 * Whether an AWS answer, as JSON, is what the assumption expects: `path` (RFC 6901) is resolved in it
 * and the value judged by `expect` (VAI-31, VAI-56).
 *
 * A path that leads nowhere is `CONTEXT_UNAVAILABLE` unless `expect` accepts absence; anything else
 * that does not satisfy is `CONTEXT_CHANGED`, also an object, a `null` or a number with a fraction, which
 * no contract can name. What was seen is told to nobody, not even in the refusal: evidence holds its
 * digest.
 * @param index - position in the contract's `assumptions`
 */
export function judgeObserved(
  assumption: Assumption,
  index: number,
  answer: unknown,
): { readonly digest: Digest } | Refusal {
  const { name, path, expect } = assumption;
  const where = pointer("/contract/assumptions", [index]);
  const found = resolve(answer, path);
  if (found === undefined) {
    // Of what is no answer nothing is absent: it is unknown.
    return isObject(answer) && satisfies(expect, undefined)
      ? { digest: ABSENT }
      : refuse("CONTEXT_UNAVAILABLE", `${name}: there is no such value where it was read`, where);
  }
  return isScalar(found.value) && satisfies(expect, found.value)
    ? { digest: documentDigest(found.value) }
    : refuse("CONTEXT_CHANGED", `${name} is not what the contract expects`, where);
}

/**
 * Whether an assumption is read again immediately before the call. The class decides, and the contract
 * can only be stricter (VAI-86): from HIGH on everything is, and behind a gate that refreshes the context.
 */
export const mustRecheck = (
  { recheck }: Pick<Assumption, "recheck">,
  risk: RiskClass,
  gate: ReturnType<typeof gateOf>,
): boolean => recheck || isAtLeast(risk, "HIGH") || gate === "refreshContext";

/**
 * Whether what was seen then is too old to rely on now. Without a time that can be read, or with one
 * that lies ahead of every clock, nobody knows how old it is: stale (VAI-87).
 * @param observedAt - RFC 3339 UTC with milliseconds
 * @param now - milliseconds
 */
export function isStale(
  observedAt: string | undefined,
  maxAgeSeconds: number,
  now: number,
): boolean {
  const age = now - fromInstant(observedAt ?? "");
  return !(age <= maxAgeSeconds * 1000 && age >= -CLOCK_SKEW);
}

/**
 * What a pointer names, wrapped so that `null` is a value; `undefined` when it leads nowhere. Own members only: no
 * answer of AWS holds what every object inherits, and no text or list its `length`.
 */
function resolve(document: unknown, path: string): { readonly value: unknown } | undefined {
  let value = document;
  for (const token of path.split("/").slice(1)) {
    const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    if (Array.isArray(value) && !/^(?:0|[1-9]\d*)$/.test(name)) return undefined;
    value = value[name];
  }
  return value === undefined ? undefined : { value };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** A text that is not well-formed has no JSON and so no digest. */
const isScalar = (value: unknown): value is Scalar =>
  typeof value === "boolean" ||
  Number.isSafeInteger(value) ||
  (typeof value === "string" && value.isWellFormed());
