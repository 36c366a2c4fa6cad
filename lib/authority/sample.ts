import type { ParameterConstraints } from "../actions/descriptor.ts";
import { type Constraint, type Scalar, satisfies } from "../contract/constraint.ts";

/**
 * Values that satisfy the constraints, one for each parameter that must be there; `undefined` when for one of them
 * none is found. For a step that is narrowed to an operation these are the operation's own.
 */
export function sampleParameters(
  constraints: ParameterConstraints,
): Record<string, Scalar> | undefined {
  const sample: Record<string, Scalar> = {};
  for (const [name, constraint] of Object.entries(constraints)) {
    if (satisfies(constraint, undefined)) continue;
    const value = candidates(constraint).find((each) => satisfies(constraint, each));
    if (value === undefined) return undefined;
    sample[name] = value;
  }
  return sample;
}

function candidates(constraint: Constraint): Scalar[] {
  if ("all" in constraint) return constraint.all.flatMap(candidates);
  if ("exact" in constraint) return [constraint.exact];
  if ("oneOf" in constraint) return [...constraint.oneOf];
  if ("prefix" in constraint) return [constraint.prefix, `${constraint.prefix}a`];
  if ("range" in constraint) return [constraint.range.min ?? constraint.range.max ?? 0];
  if ("notOneOf" in constraint) return ["other", "another", 0, 1, 2, true, false];
  return [];
}

/** Whether IAM can hold the constraint's values as text: only such a key is probed with other values. */
export function isTextual(constraint: Constraint | undefined): boolean {
  if (constraint === undefined) return false;
  if ("all" in constraint) return constraint.all.some(isTextual);
  return "exact" in constraint || "oneOf" in constraint || "prefix" in constraint;
}
