import { type Constraint, type Scalar, satisfies } from "../../contract/constraint.ts";

/** Characters of a value that a refusal repeats; the rest could be anything, and long. */
const SHOWN = 64;

/**
 * Why a value does not satisfy a constraint, in one plain sentence that begins with the parameter's
 * name. `whose` constraint it is: under a chain a block may bound what the contract allows.
 */
export function describeBreach(
  name: string,
  value: Scalar | undefined,
  constraint: Constraint,
  whose: string,
): string {
  if (value === undefined) return `${name} is missing; ${whose} declares it`;
  return `${name} ${show(value)} ${reasonOf(value, constraint, whose)}`;
}

function reasonOf(value: Scalar, constraint: Constraint, whose: string): string {
  if ("all" in constraint) {
    const broken = constraint.all.find((clause) => !satisfies(clause, value));
    return broken === undefined ? `is outside ${whose}` : reasonOf(value, broken, whose);
  }
  if ("absent" in constraint) return `must not be given under ${whose}`;
  if ("range" in constraint) return rangeReason(value, constraint.range, whose);
  if ("exact" in constraint) return `is not ${whose}'s ${show(constraint.exact)}`;
  if ("prefix" in constraint) return `does not begin with ${whose}'s ${show(constraint.prefix)}`;
  if ("oneOf" in constraint) return `is not among ${whose}'s values`;
  if (!("notOneOf" in constraint)) return `is outside ${whose}`;
  return typeof value === typeof constraint.notOneOf[0]
    ? `is among the values that ${whose} excludes`
    : `is not of ${whose}'s type`;
}

type Range = { readonly min?: number | undefined; readonly max?: number | undefined };

function rangeReason(value: Scalar, { min, max }: Range, whose: string): string {
  if (typeof value !== "number") return "is not an integer";
  if (max !== undefined && value > max) return `is above ${whose}'s maximum ${max}`;
  return `is below ${whose}'s minimum ${min}`;
}

/** Text in quotes, so that `"7"` and `7` read as what they are. */
function show(value: Scalar): string {
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
}
