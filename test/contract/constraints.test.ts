import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import fc from "fast-check";
import { type Constraint, narrows, type Scalar, satisfies } from "../../lib/contract/constraint.ts";
import type { Step } from "../../lib/contract/step.ts";
import { stepNarrows } from "../../lib/contract/step-narrows.ts";

interface Vectors {
  readonly narrows: readonly { child: Constraint; parent: Constraint; narrows: boolean }[];
  readonly satisfies: readonly { constraint: Constraint; value?: Scalar; satisfies: boolean }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL("vectors/constraints.json", import.meta.url), "utf8"),
);

suite("constraints: the vectors of PROTOCOL.md §2", () => {
  test(`VAI-28 satisfies, ${vectors.satisfies.length} cases`, () => {
    for (const { constraint, value, satisfies: expected } of vectors.satisfies) {
      assert.equal(satisfies(constraint, value), expected, JSON.stringify({ constraint, value }));
    }
  });

  test(`VAI-55 narrows, ${vectors.narrows.length} cases`, () => {
    for (const { child, parent, narrows: expected } of vectors.narrows) {
      assert.equal(narrows(child, parent), expected, JSON.stringify({ child, parent }));
    }
  });
});

/* Few values, so that constraints and values meet often. */
const word = fc.constantFrom("a", "ab", "abc", "b", "7", "", "true");
const integer = fc.integer({ min: -2, max: 12 });
const scalar: fc.Arbitrary<Scalar> = fc.oneof(word, integer, fc.boolean());
const listOf = (values: fc.Arbitrary<Scalar>) =>
  fc.uniqueArray(values, { minLength: 1, maxLength: 4 });
const list = fc.oneof(listOf(word), listOf(integer), listOf(fc.boolean()));
const bounds = fc
  .tuple(fc.option(integer), fc.option(integer))
  .filter(([min, max]) => min !== null || max !== null)
  .map(([min, max]) => ({ ...(min !== null && { min }), ...(max !== null && { max }) }));

const { constraint } = fc.letrec<{ constraint: Constraint; all: Constraint }>((tie) => ({
  constraint: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    scalar.map((exact) => ({ exact })),
    list.map((oneOf) => ({ oneOf })),
    list.map((notOneOf) => ({ notOneOf })),
    bounds.map((range) => ({ range })),
    fc.constantFrom("a", "ab", "b").map((prefix) => ({ prefix })),
    fc.constant({ absent: true } as const),
    tie("all"),
  ),
  all: fc.array(tie("constraint"), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
}));
const value = fc.option(scalar, { nil: undefined });

suite("constraints: properties", () => {
  test("VAI-55 POC-14 POC-15 narrows and satisfies agree: what narrows lets nothing more through", () => {
    let narrowing = 0;
    fc.assert(
      fc.property(constraint, constraint, value, (child, parent, given) => {
        if (!narrows(child, parent) || !satisfies(child, given)) return;
        narrowing += 1;
        assert.ok(satisfies(parent, given), JSON.stringify({ child, parent, given }));
      }),
      { numRuns: 20_000 },
    );
    assert.ok(narrowing > 20, `only ${narrowing} triples say anything`);
  });

  test("VAI-55 every constraint narrows itself, and what a conjunction adds narrows", () => {
    fc.assert(
      fc.property(constraint, constraint, (one, other) => {
        assert.ok(narrows(one, one));
        assert.ok(narrows({ all: [one, other] }, one));
      }),
      { numRuns: 1_000 },
    );
  });

  /** Constraints that often narrow a given one. */
  const below = (parent: Constraint): fc.Arbitrary<Constraint> =>
    fc.oneof(
      fc.constant(parent),
      constraint.map((each) => ({ all: [each, parent] })),
      scalar.map((exact) => ({ exact })),
      constraint,
    );

  test("VAI-55 narrowing carries over", () => {
    const three = constraint.chain((high) =>
      below(high).chain((middle) =>
        fc.tuple(below(middle), fc.constant(middle), fc.constant(high)),
      ),
    );
    let chains = 0;
    fc.assert(
      fc.property(three, value, ([low, middle, high], given) => {
        if (!narrows(low, middle) || !narrows(middle, high) || !satisfies(low, given)) return;
        chains += 1;
        assert.ok(satisfies(middle, given) && satisfies(high, given));
      }),
      { numRuns: 10_000 },
    );
    assert.ok(chains > 5, `only ${chains} chains say anything`);
  });

  test("VAI-28 POC-23 a missing value satisfies absent, or a conjunction of nothing else, and no other", () => {
    const mentionsAbsent = (each: Constraint): boolean =>
      "absent" in each || ("all" in each && each.all.every(mentionsAbsent));
    fc.assert(
      fc.property(constraint, (each) => {
        assert.equal(satisfies(each, undefined), mentionsAbsent(each));
      }),
      { numRuns: 2_000 },
    );
  });

  test('VAI-28 a value of another type never satisfies: 7 is not "7", true is not "true"', () => {
    const twins: readonly (readonly [Scalar, Scalar])[] = [
      [7, "7"],
      [true, "true"],
      [0, false],
      [1, true],
      ["", false],
    ];
    for (const [one, other] of twins) {
      for (const each of [
        { exact: one },
        { oneOf: [one] },
        { notOneOf: ["zz", one].slice(1) },
      ] as Constraint[]) {
        assert.equal(satisfies(each, other), false, JSON.stringify([each, other]));
      }
    }
    assert.equal(satisfies({ range: { min: 0 } }, "5"), false);
    assert.equal(satisfies({ prefix: "7" }, 7), false);
  });
});

const step = (changes: Partial<Step> = {}): Step => ({
  type: "aws",
  id: "s",
  actions: ["lambda:UpdateAlias"],
  resources: ["arn:a", "arn:b"],
  parameters: { percent: { range: { min: 0, max: 10 } } },
  limits: { calls: 2, totals: { percent: 20 } },
  ...changes,
});

suite("steps: narrowing", () => {
  const WIDER: readonly (readonly [string, Partial<Step>])[] = [
    ["another action", { actions: ["lambda:UpdateAlias", "lambda:DeleteFunction"] }],
    ["another resource", { resources: ["arn:a", "arn:c"] }],
    ["a wider range", { parameters: { percent: { range: { min: 0, max: 11 } } } }],
    ["an open range", { parameters: { percent: { range: { min: 0 } } } }],
    ["a parameter left out", { parameters: {} }],
    ["a parameter more", { parameters: { percent: { exact: 1 }, alias: { exact: "live" } } }],
    ["unbounded parameters", { parameters: "unbounded" }],
    ["more calls", { limits: { calls: 3, totals: { percent: 20 } } }],
    ["a larger total", { limits: { calls: 2, totals: { percent: 21 } } }],
    ["the total left out", { limits: { calls: 2 } }],
    ["the limits left out", { limits: undefined }],
  ];
  for (const [what, changes] of WIDER) {
    test(`VAI-47 VAI-55 ${what} does not narrow`, () => {
      assert.equal(stepNarrows(step(changes), step()).narrows, false);
    });
  }

  test("VAI-47 fewer of everything narrows, and so does the step itself", () => {
    assert.ok(stepNarrows(step(), step()).narrows);
    const narrower = {
      resources: ["arn:b"],
      parameters: { percent: { exact: 3 } },
      limits: { calls: 1, totals: { percent: 5, other: 1 } },
    };
    assert.ok(stepNarrows(step(narrower), step()).narrows);
    assert.ok(stepNarrows(step(), step({ parameters: "unbounded" })).narrows);
    assert.ok(stepNarrows(step({ limits: undefined }), step({ limits: { calls: 1 } })).narrows);
  });

  test("POC-14 a member that objects inherit is no parameter", () => {
    const odd = step({ parameters: { toString: { exact: "x" } } });
    assert.equal(stepNarrows(step({ parameters: { percent: { exact: 1 } } }), odd).narrows, false);
    assert.equal(stepNarrows(odd, step()).narrows, false);
    const undefinedText = step({ parameters: { toString: { exact: "undefined" } } });
    assert.equal(stepNarrows(undefinedText, step()).narrows, false);
  });

  test("POC-14 a total that objects inherit is no total", () => {
    const limits = { calls: 1, totals: { valueOf: 1 } };
    assert.equal(
      stepNarrows(step({ limits: { calls: 1, totals: {} } }), step({ limits })).narrows,
      false,
    );
  });

  test("POC-A25 an unknown kind accepts nothing and narrows nothing", () => {
    const unknown = { unknown: 1 } as never;
    for (const value of ["undefinedX", "x", 1, true])
      assert.equal(satisfies(unknown, value), false);
    assert.equal(narrows(unknown, unknown), false);
    assert.equal(narrows({ exact: "a" }, unknown), false);
    assert.equal(narrows(unknown, { prefix: "a" }), false);
  });

  test("VAI-55 thousands of nested clauses are compared, and not pair by pair for ever", () => {
    const nested = (texts: string): Constraint => ({
      all: Array.from({ length: 8 }, (_, outer) => ({
        all: Array.from({ length: 250 }, (_, inner) => ({ prefix: `${texts}${outer}-${inner}` })),
      })),
    });
    const last = { all: [nested("z"), { prefix: "b" }] };
    const parent: Constraint = { all: Array.from({ length: 2000 }, () => ({ prefix: "b" })) };
    assert.equal(narrows(nested("a"), nested("b")), false);
    assert.equal(narrows(last, parent), true);
  });
});
