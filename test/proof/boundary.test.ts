import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Step } from "../../lib/contract/step.ts";
import { beyondBoundary } from "../../lib/proof/boundary.ts";

const step = (id: string, change: Partial<Step> = {}): Step => ({
  ...{ type: "aws", id, actions: ["s3:PutObject"] },
  ...{ resources: ["arn:aws:s3:::bucket/key"], parameters: {}, ...change },
});
/** Another thing to do, so that a step is charged to the entry that it is meant for. */
const other = (id: string, change: Partial<Step> = {}): Step =>
  step(id, { actions: ["s3:DeleteObject"], ...change });

const GATES = ["none", "approval", "refreshContext", "rollback"] as const;

suite("DTF-02 a contract within the boundary of its decision", () => {
  for (const entryGate of GATES) {
    for (const stepGate of GATES) {
      const isWithin = entryGate === "none" || entryGate === stepGate;
      test(`DTF-02 VAI-74 a step with gate ${stepGate} under an entry with gate ${entryGate}: ${isWithin ? "within" : "beyond"}`, () => {
        const found = beyondBoundary(
          [step("a", { gate: stepGate })],
          [step("e", { gate: entryGate })],
        );
        assert.deepEqual(found, isWithin ? undefined : { index: 0 });
      });
    }
  }

  test("DTF-02 VAI-74 a gate that is left out counts as none", () => {
    assert.deepEqual(beyondBoundary([step("a")], [step("e", { gate: "approval" })]), { index: 0 });
    assert.equal(beyondBoundary([step("a", { gate: "approval" })], [step("e")]), undefined);
  });

  const entries = [step("check"), other("act", { after: ["check"] })];
  const CASES: readonly [
    string,
    readonly Step[],
    { index: number; member?: "after" } | undefined,
  ][] = [
    ["in its order", [step("check"), other("act", { after: ["check"] })], undefined],
    ["under other names", [step("look"), other("do", { after: ["look"] })], undefined],
    ["with the order dropped", [step("check"), other("act")], { index: 1, member: "after" }],
    [
      "behind a step that is charged elsewhere",
      [step("check"), other("one", { after: ["check"] }), other("act", { after: ["one"] })],
      { index: 2 },
    ],
    ["without the step before", [other("act")], { index: 0, member: "after" }],
    [
      "in more order than was decided",
      [step("check"), other("act", { after: ["check"] })],
      undefined,
    ],
  ];
  for (const [title, steps, expected] of CASES) {
    test(`DTF-02 VAI-73 a contract ${title}`, () => {
      assert.deepEqual(beyondBoundary(steps, entries), expected);
    });
  }

  test("DTF-02 VAI-73 an entry that was charged twice is waited for twice", () => {
    const twice = [step("check", { limits: { calls: 2 } }), other("act", { after: ["check"] })];
    const both = [step("one"), step("two"), other("act", { after: ["one", "two"] })];
    assert.equal(beyondBoundary(both, twice), undefined);
    const half = [step("one"), step("two"), other("act", { after: ["one"] })];
    assert.deepEqual(beyondBoundary(half, twice), { index: 2, member: "after" });
  });

  test("DTF-02 the steps of an entry share its calls and totals", () => {
    const parameters = { percent: { range: { min: 0, max: 10 } } };
    const entry = step("e", { parameters, limits: { calls: 2, totals: { percent: 10 } } });
    const part = (id: string, percent: number): Step =>
      step(id, { parameters, limits: { calls: 1, totals: { percent } } });
    assert.equal(beyondBoundary([part("a", 4), part("b", 6)], [entry]), undefined);
    assert.deepEqual(beyondBoundary([part("a", 4), part("b", 7)], [entry]), { index: 1 });
    assert.deepEqual(beyondBoundary([part("a", 1), part("b", 1), part("c", 1)], [entry]), {
      index: 2,
    });
  });
});
