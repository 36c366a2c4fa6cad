import type { ParameterConstraints } from "../../actions/descriptor.ts";
import { type Constraint, type Scalar, satisfies } from "../../contract/constraint.ts";

/**
 * Values that satisfy the constraints, one for each parameter that must be there. For a step that
 * is narrowed to an operation these are the operation's own. Where none is found the value is a
 * stranger: what IAM does not carry it does not see, and of what it carries the listed call is then
 * not allowed, which ends the proof.
 */
export function sampleParameters(constraints: ParameterConstraints): Record<string, Scalar> {
  const required = Object.entries(constraints).filter(([, each]) => !satisfies(each, undefined));
  return Object.fromEntries(
    required.map(([name, constraint]): [string, Scalar] => {
      const found = candidates(constraint).find((each) => satisfies(constraint, each));
      return [name, found ?? STRANGER];
    }),
  );
}

const STRANGER = "vai-sample";

function candidates(constraint: Constraint): readonly Scalar[] {
  if ("all" in constraint) return constraint.all.flatMap(candidates);
  if ("exact" in constraint) return [constraint.exact];
  if ("oneOf" in constraint) return constraint.oneOf;
  if ("prefix" in constraint) {
    return ["", STRANGER, "0", "1"].map((rest) => constraint.prefix + rest);
  }
  if ("range" in constraint) return [constraint.range.min ?? constraint.range.max ?? 0];
  return "notOneOf" in constraint ? [STRANGER, 0, 1, 2, true, false] : [];
}

/**
 * Whether IAM can hold the constraint's values as text: only such a key is probed with other
 * values.
 */
export function isTextual(constraint: Constraint | undefined): boolean {
  if (constraint === undefined) return false;
  if ("all" in constraint) return constraint.all.some(isTextual);
  return "exact" in constraint || "oneOf" in constraint || "prefix" in constraint;
}
