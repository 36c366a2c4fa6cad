import type { Constraint } from "../contract/constraint.ts";

/**
 * Whether IAM takes a text literally: printable ASCII without wildcards and policy variables.
 * Anything else could change what a policy means, in `Resource` or in a condition value (VAI-148,
 * ADV-04, ADV-05).
 */
export const isIamLiteral = (text: string): boolean =>
  /^[\x20-\x7e]+$/.test(text) && !/[*?]|\$\{/.test(text);

/** Patterns of condition values; `like` when one of them ends in a wildcard. */
export interface IamPatterns {
  readonly patterns: readonly string[];
  readonly like: boolean;
}

/**
 * The values that satisfy a constraint as IAM patterns: listed values and prefixes. `undefined` for
 * the rest (ranges, exclusions): IAM compares text, so it cannot hold them.
 */
export function iamPatterns(constraint: Constraint): IamPatterns | undefined {
  if ("exact" in constraint) return { patterns: [String(constraint.exact)], like: false };
  if ("oneOf" in constraint) return { patterns: constraint.oneOf.map(String), like: false };
  if ("prefix" in constraint) return { patterns: [`${constraint.prefix}*`], like: true };
  if ("all" in constraint) return firstOf(constraint.all);
  return undefined;
}

/**
 * One clause is enough: whatever satisfies all of them satisfies it. Listed values say more than a
 * prefix.
 */
function firstOf(clauses: readonly Constraint[]): IamPatterns | undefined {
  const found = clauses.map(iamPatterns).filter((each) => each !== undefined);
  return found.find(({ like }) => !like) ?? found[0];
}

/** Whether the patterns say exactly what the constraint says, nothing wider. */
export const isFullyCarried = (constraint: Constraint): boolean =>
  "exact" in constraint ||
  "oneOf" in constraint ||
  "prefix" in constraint ||
  "absent" in constraint;
