import { type Constraint, type Scalar, satisfies } from "../contract/constraint.ts";

type Leaf = Exclude<Constraint, { readonly all: readonly Constraint[] }>;

const leavesOf = (constraint: Constraint): readonly Leaf[] =>
  "all" in constraint ? constraint.all.flatMap(leavesOf) : [constraint];

/** A value that meets a constraint, `absent` where only the missing parameter does, or that none can. */
export type ParameterWitness = { readonly value: Scalar } | "absent" | "none";

/**
 * Looks for a value that meets a constraint; the vocabulary is small enough that the answer is certain. A person who
 * wrote a range whose ends are swapped must not find that out by a contract under which nothing is ever granted.
 */
export function witnessOf(constraint: Constraint): ParameterWitness {
  if (satisfies(constraint, undefined)) return "absent";
  const found = candidates(leavesOf(constraint)).find((value) => satisfies(constraint, value));
  return found === undefined ? "none" : { value: found };
}

/** Values of which one meets the constraint if any does: one more than what is excluded, of each type. */
function candidates(leaves: readonly Leaf[]): readonly Scalar[] {
  const listed = leaves.find((leaf) => "exact" in leaf || "oneOf" in leaf);
  if (listed !== undefined) return "exact" in listed ? [listed.exact] : listedValues(listed);
  const excluded = leaves.reduce(
    (sum, leaf) => sum + ("notOneOf" in leaf ? leaf.notOneOf.length : 0),
    0,
  );
  const more = Array.from({ length: excluded + 1 }, (_, index) => index);
  const [start, step] = numbersOf(leaves);
  const prefix = leaves
    .map((leaf) => ("prefix" in leaf ? leaf.prefix : ""))
    .reduce((longest, each) => (each.length > longest.length ? each : longest), "");
  return [
    ...more.map((index) => start + step * index),
    ...more.map((index) => `${prefix}${"x".repeat(index)}`),
    true,
    false,
  ];
}

const listedValues = (leaf: Leaf): readonly Scalar[] => ("oneOf" in leaf ? leaf.oneOf : []);

/** Where to begin among the integers, and in which direction: at an end of the ranges, inwards. */
function numbersOf(leaves: readonly Leaf[]): readonly [start: number, step: 1 | -1] {
  const ranges = leaves.flatMap((leaf) => ("range" in leaf ? [leaf.range] : []));
  const least = ranges.flatMap(({ min }) => (min === undefined ? [] : [min]));
  const most = ranges.flatMap(({ max }) => (max === undefined ? [] : [max]));
  if (least.length > 0) return [Math.max(...least), 1];
  return most.length > 0 ? [Math.min(...most), -1] : [0, 1];
}
