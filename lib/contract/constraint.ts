/** A parameter's value: flat, of one of three types; a value of another type never satisfies (`7` is not `"7"`). */
export type Scalar = string | number | boolean;

/** The closed vocabulary of PROTOCOL.md §2; one kind per constraint. Bounds are inclusive integers. */
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
  // An unknown kind accepts nothing: read as a prefix it would accept texts like "undefined…".
  return "prefix" in constraint && typeof value === "string" && value.startsWith(constraint.prefix);
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
 * Whether every value that satisfies `child` surely satisfies `parent` (PROTOCOL.md §2, "narrows"): the closed list
 * of pairs there; everything not listed is false, so the answer is sound and never optimistic (POC-14, POC-15).
 *
 * `all` within `all` says the same as one flat list, so both are compared as their distinct leaves: comparing
 * nested lists pair by pair, a contract of some kilobytes could hold the function for seconds.
 */
export function narrows(child: Constraint, parent: Constraint): boolean {
  // Most are: between two leaves equality is one way to be narrower.
  if (!("all" in child) && !("all" in parent)) return leafNarrows(child, parent);
  const own = leavesOf(child);
  const leaves = [...own.values()];
  for (const [text, outer] of leavesOf(parent)) {
    if (!isKnown(outer)) return false;
    if (!own.has(text) && !leaves.some(narrowerThan(outer))) return false;
  }
  return true;
}

type Leaf = Exclude<Constraint, { readonly all: readonly Constraint[] }>;

/** The clauses of nested conjunctions, each once, by their fingerprints. */
function leavesOf(constraint: Constraint, found = new Map<string, Leaf>()): Map<string, Leaf> {
  if ("all" in constraint) for (const clause of constraint.all) leavesOf(clause, found);
  else found.set(fingerprint(constraint), constraint);
  return found;
}

/** An unknown kind narrows nothing and is narrowed by nothing, not even by itself. */
const isKnown = (leaf: Leaf): boolean => CONSTRAINT_KINDS.some((kind) => kind in leaf);

function leafNarrows(child: Leaf, parent: Leaf): boolean {
  if (!isKnown(parent)) return false;
  if ("exact" in parent) return "exact" in child && child.exact === parent.exact;
  return "absent" in parent ? "absent" in child : narrowerThan(parent)(child);
}

/** Whether a leaf that is not equal to the parent's is narrower; `exact` and `absent` only by being equal. */
function narrowerThan(parent: Leaf): (child: Leaf) => boolean {
  if ("exact" in parent || "absent" in parent) return () => false;
  const accepts = acceptance(parent);
  return (child) => {
    if ("exact" in child) return accepts(child.exact);
    if ("oneOf" in child) return child.oneOf.every(accepts);
    if ("notOneOf" in child) return "notOneOf" in parent && excludesAll(child, parent);
    if ("range" in child) return "range" in parent && isTighter(child.range, parent.range);
    return "prefix" in child && "prefix" in parent && child.prefix.startsWith(parent.prefix);
  };
}

/** `satisfies` for many values: a long list is searched as a set. */
function acceptance(parent: Leaf): (value: Scalar) => boolean {
  if (!("oneOf" in parent)) return (value) => satisfies(parent, value);
  const listed = new Set(parent.oneOf);
  return (value) => listed.has(value);
}

type Exclusion = { readonly notOneOf: readonly Scalar[] };

function excludesAll(child: Exclusion, parent: Exclusion): boolean {
  const excluded = new Set(child.notOneOf);
  return parent.notOneOf.every((value) => excluded.has(value));
}

const isTighter = (child: Range, parent: Range): boolean =>
  (parent.min === undefined || (child.min !== undefined && child.min >= parent.min)) &&
  (parent.max === undefined || (child.max !== undefined && child.max <= parent.max));

/** Equal for equal constraints: same kind, same values in whatever order the lists were written. */
function fingerprint(constraint: Leaf): string {
  if ("oneOf" in constraint) return `oneOf:${listFingerprint(constraint.oneOf)}`;
  if ("notOneOf" in constraint) return `notOneOf:${listFingerprint(constraint.notOneOf)}`;
  if ("range" in constraint) return `range:${constraint.range.min}:${constraint.range.max}`;
  return JSON.stringify(constraint);
}

const listFingerprint = (values: readonly Scalar[]): string =>
  JSON.stringify([...new Set(values.map((value) => JSON.stringify(value)))].sort());
