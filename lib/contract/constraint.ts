/** A parameter's value: flat, of one of three types; a value of another type never satisfies (`7` is not `"7"`). */
export type Scalar = string | number | boolean;

/** The closed vocabulary of wire.md §2; one kind per constraint. Bounds are inclusive integers. */
export type Constraint =
  | { readonly exact: Scalar }
  | { readonly oneOf: readonly Scalar[] }
  | { readonly notOneOf: readonly Scalar[] }
  | { readonly range: { readonly min?: number | undefined; readonly max?: number | undefined } }
  | { readonly prefix: string }
  | { readonly absent: true }
  | { readonly all: readonly Constraint[] };

export const CONSTRAINT_KINDS = [
  "exact",
  "oneOf",
  "notOneOf",
  "range",
  "prefix",
  "absent",
  "all",
] as const;

/** Whether a value meets a constraint; `undefined` is the missing parameter, which only `absent` accepts (POC-23). */
export function satisfies(constraint: Constraint, value: Scalar | undefined): boolean {
  if ("all" in constraint) return constraint.all.every((clause) => satisfies(clause, value));
  if ("absent" in constraint) return value === undefined;
  if (value === undefined) return false;
  if ("exact" in constraint) return constraint.exact === value;
  if ("oneOf" in constraint) return constraint.oneOf.includes(value);
  if ("notOneOf" in constraint) return isForeignTo(constraint.notOneOf, value);
  if ("range" in constraint) return typeof value === "number" && isWithin(constraint.range, value);
  return typeof value === "string" && value.startsWith(constraint.prefix);
}

/** Of the list's type and not in it: a value of another type never satisfies, not even an exclusion. */
const isForeignTo = (list: readonly Scalar[], value: Scalar): boolean =>
  typeof list[0] === typeof value && !list.includes(value);

type Range = { readonly min?: number | undefined; readonly max?: number | undefined };

const isWithin = ({ min, max }: Range, value: number): boolean =>
  Number.isInteger(value) &&
  (min === undefined || value >= min) &&
  (max === undefined || value <= max);

/**
 * Whether every value that satisfies `child` surely satisfies `parent` (wire.md §2, "narrows"): the closed list
 * of pairs there; everything not listed is false, so the answer is sound and never optimistic (POC-14, POC-15).
 */
export function narrows(child: Constraint, parent: Constraint): boolean {
  if (sameConstraint(child, parent)) return true;
  if ("all" in parent) return parent.all.every((clause) => narrows(child, clause));
  if ("all" in child) return child.all.some((clause) => narrows(clause, parent));
  const values = valuesOf(child);
  if (values !== undefined) return isFinitelyNarrower(values, parent);
  if ("notOneOf" in child) {
    return "notOneOf" in parent && parent.notOneOf.every((value) => child.notOneOf.includes(value));
  }
  if ("range" in child) return "range" in parent && isTighter(child.range, parent.range);
  if ("prefix" in child) return "prefix" in parent && child.prefix.startsWith(parent.prefix);
  return false;
}

const valuesOf = (constraint: Constraint): readonly Scalar[] | undefined => {
  if ("exact" in constraint) return [constraint.exact];
  return "oneOf" in constraint ? constraint.oneOf : undefined;
};

/** A child that lists its values narrows a parent that each of them satisfies; `exact` only by being equal. */
function isFinitelyNarrower(values: readonly Scalar[], parent: Constraint): boolean {
  if ("exact" in parent || "absent" in parent) return false;
  return values.every((value) => satisfies(parent, value));
}

const isTighter = (child: Range, parent: Range): boolean =>
  (parent.min === undefined || (child.min !== undefined && child.min >= parent.min)) &&
  (parent.max === undefined || (child.max !== undefined && child.max <= parent.max));

/** Equal as constraints: same kind, same values in whatever order the lists were written. */
function sameConstraint(left: Constraint, right: Constraint): boolean {
  return fingerprint(left) === fingerprint(right);
}

function fingerprint(constraint: Constraint): string {
  if ("all" in constraint) return `all:${JSON.stringify(constraint.all.map(fingerprint).sort())}`;
  if ("oneOf" in constraint) return `oneOf:${listFingerprint(constraint.oneOf)}`;
  if ("notOneOf" in constraint) return `notOneOf:${listFingerprint(constraint.notOneOf)}`;
  if ("range" in constraint) return `range:${constraint.range.min}:${constraint.range.max}`;
  return JSON.stringify(constraint);
}

const listFingerprint = (values: readonly Scalar[]): string =>
  JSON.stringify([...new Set(values.map((value) => JSON.stringify(value)))].sort());
