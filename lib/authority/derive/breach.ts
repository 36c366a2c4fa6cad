import { type Constraint, type Scalar, satisfies } from "../../contract/constraint.ts";

/** Characters of a value that a refusal repeats; the rest could be anything, and long. */
const SHOWN = 64;

/**
 * Why a value does not satisfy a constraint, in one plain sentence that begins with the parameter's
 * name.
 */
export function describeBreach(
  name: string,
  value: Scalar | undefined,
  constraint: Constraint,
): string {
  if (value === undefined) return `${name} is missing; the contract declares it`;
  return `${name} ${show(value)} ${reasonOf(value, constraint)}`;
}

function reasonOf(value: Scalar, constraint: Constraint): string {
  if ("all" in constraint) {
    const broken = constraint.all.find((clause) => !satisfies(clause, value));
    return broken === undefined ? "is outside the contract" : reasonOf(value, broken);
  }
  if ("absent" in constraint) return "must not be given under this contract";
  if ("range" in constraint) return rangeReason(value, constraint.range);
  if ("exact" in constraint) return `is not the contract's ${show(constraint.exact)}`;
  if ("prefix" in constraint)
    return `does not begin with the contract's ${show(constraint.prefix)}`;
  if ("oneOf" in constraint) return "is not among the contract's values";
  if (!("notOneOf" in constraint)) return "is outside the contract";
  return typeof value === typeof constraint.notOneOf[0]
    ? "is among the values that the contract excludes"
    : "is not of the contract's type";
}

type Range = { readonly min?: number | undefined; readonly max?: number | undefined };

function rangeReason(value: Scalar, { min, max }: Range): string {
  if (typeof value !== "number") return "is not an integer";
  if (max !== undefined && value > max) return `is above the contract's maximum ${max}`;
  return `is below the contract's minimum ${min}`;
}

/** Text in quotes, so that `"7"` and `7` read as what they are. */
function show(value: Scalar): string {
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
}
