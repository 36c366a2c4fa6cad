import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { CONSTRAINT_KINDS, type Constraint, narrows } from "../../lib/contract/constraint.ts";
import { constraint as readable } from "../../lib/contract/constraint-schema.ts";
import { type Delegation, delegationNarrows } from "../../lib/contract/delegation.ts";
import { constraintNarrows, type Narrowing } from "../../lib/contract/narrowing.ts";
import type { Step } from "../../lib/contract/step.ts";
import { boundsNarrow, stepNarrows, stepsNarrow } from "../../lib/contract/step-narrows.ts";
import { changed } from "../support/mutate.ts";
import { START } from "../support/world.ts";

/** What a pair comes to; without a code the child narrows. */
interface Expected {
  readonly code?: string;
  readonly pointer?: string;
}
type Pair<T> = Expected & { readonly child: T; readonly parent: T };
type Named = { readonly name: string };

interface Matrix {
  readonly constraints: readonly Pair<Constraint>[];
  /** The parent's; `steps` are changes of it. */
  readonly step: Step;
  readonly steps: readonly (Expected &
    Named & {
      readonly child?: Readonly<Record<string, unknown>>;
      readonly without?: readonly string[];
      readonly parent?: Readonly<Record<string, unknown>>;
    })[];
  readonly lists: readonly (Expected &
    Named & {
      readonly child: readonly (string | Partial<Step>)[];
      readonly parent: readonly (string | Partial<Step>)[];
    })[];
  readonly delegation: readonly (Pair<Delegation> & Named)[];
}

const MATRIX: Matrix = JSON.parse(readFileSync(new URL("narrowing.json", import.meta.url), "utf8"));

const agrees = (found: Narrowing, { code, pointer }: Expected, what: string): void => {
  const wanted = code === undefined ? { narrows: true } : { narrows: false, code, pointer };
  assert.deepEqual(found, wanted, what);
};

const kindOf = (each: Constraint): string => Object.keys(each)[0] ?? "";

/** Cells of the matrix that no pair of values can be in, whatever they say. */
const NEVER_ACCEPTED: ReadonlySet<string> = new Set([
  ...["exact/absent", "oneOf/exact", "oneOf/absent"],
  ...["exact", "oneOf", "range", "prefix", "absent"].map((parent) => `notOneOf/${parent}`),
  ...["exact", "oneOf", "notOneOf", "prefix", "absent"].map((parent) => `range/${parent}`),
  ...["exact", "oneOf", "notOneOf", "range", "absent"].map((parent) => `prefix/${parent}`),
  ...["exact", "oneOf", "notOneOf", "range", "prefix"].map((parent) => `absent/${parent}`),
]);
const NEVER_REFUSED: ReadonlySet<string> = new Set(["absent/absent"]);

suite("narrowing: the pair matrix", () => {
  test("POC-14 POC-15 every pair of kinds comes out as it stands there", () => {
    for (const pair of MATRIX.constraints) {
      const what = JSON.stringify(pair);
      agrees(constraintNarrows(pair.child, pair.parent), pair, what);
      assert.equal(narrows(pair.child, pair.parent), pair.code === undefined, what);
    }
  });

  test("POC-15 each cell has a pair that is accepted and one that is refused, where both exist", () => {
    const seen = new Map<string, Set<boolean>>();
    for (const { child, parent, code } of MATRIX.constraints) {
      const cell = `${kindOf(child)}/${kindOf(parent)}`;
      seen.set(cell, (seen.get(cell) ?? new Set()).add(code === undefined));
    }
    for (const child of CONSTRAINT_KINDS) {
      for (const parent of CONSTRAINT_KINDS) {
        const cell = `${child}/${parent}`;
        assert.equal(seen.get(cell)?.has(true) ?? false, !NEVER_ACCEPTED.has(cell), cell);
        assert.equal(seen.get(cell)?.has(false) ?? false, !NEVER_REFUSED.has(cell), cell);
      }
    }
  });

  test("POC-A25 every constraint of the matrix is one that a contract may hold", () => {
    for (const { child, parent } of MATRIX.constraints) {
      for (const each of [child, parent]) {
        assert.ok(readable.safeParse(each).success, JSON.stringify(each));
      }
    }
  });

  test("POC-15 of what is no kind nothing is said to have been removed, and it narrows nothing", () => {
    const unknown = { regex: ".*" } as unknown as Constraint;
    for (const other of [unknown, { exact: "a" } as const, { all: [unknown] }]) {
      assert.equal(constraintNarrows(unknown, other).narrows, false);
      assert.equal(constraintNarrows(other, unknown).narrows, false);
    }
  });
});

const stepOf = (
  set: Readonly<Record<string, unknown>> = {},
  remove: readonly string[] = [],
): Step => changed(MATRIX.step, { set, remove }, START) as Step;

const plain = (each: string | Partial<Step>): Step => ({
  ...{ type: "aws", actions: ["a:B"], resources: ["arn:aws:a:::b"] },
  ...{ parameters: { n: { range: { min: 0, max: 9 } } } },
  ...(typeof each === "string" ? { id: each } : (each as { id: string })),
});

suite("narrowing: steps and delegation", () => {
  for (const { name, child, without, parent, ...expected } of MATRIX.steps) {
    test(`POC-14 POC-15 a step: ${name}`, () => {
      agrees(stepNarrows(stepOf(child, without), stepOf(parent)), expected, name);
    });
  }

  test("POC-15 what a decision's boundary compares by itself, the order, is not in its bounds", () => {
    assert.ok(boundsNarrow(stepOf({}, ["/after"]), stepOf()).narrows);
    assert.ok(!boundsNarrow(stepOf({}, ["/gate"]), stepOf()).narrows);
  });

  for (const { name, child, parent, ...expected } of MATRIX.lists) {
    test(`POC-14 POC-15 steps: ${name}`, () => {
      agrees(stepsNarrow(child.map(plain), parent.map(plain)), expected, name);
    });
  }

  for (const { name, child, parent, ...expected } of MATRIX.delegation) {
    test(`POC-15 delegation: ${name}`, () => {
      agrees(delegationNarrows(child, parent), expected, name);
    });
  }
});
