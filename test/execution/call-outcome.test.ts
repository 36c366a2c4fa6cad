import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { callOutcome } from "../../lib/execution/outcome.ts";

const SUCCEEDED = { status: "succeeded" } as const;
const SEEN = { matches: true, observed: {} };
const due = (dueSeconds: number) => [{ kind: "readBack", name: "routing", dueSeconds }];

suite("a promised read-back", () => {
  test("VAI-48 one that comes after its time is missed, whatever it shows", () => {
    const met = (dueSeconds: number, after: number): boolean | undefined =>
      callOutcome(SUCCEEDED, SEEN, due(dueSeconds), after).obligations[0]?.met;
    assert.equal(met(2, 0), true);
    assert.equal(met(2, 2), true);
    assert.equal(met(2, 2.001), false);
    assert.equal(met(60, 59), true);
  });

  test("VAI-48 VAI-88 nothing seen, something else seen, or a call that is not known to have succeeded meets nothing", () => {
    const lost = { name: "x", kind: "other" } as const;
    const outcomes = [
      callOutcome(SUCCEEDED, undefined, due(60), 0),
      callOutcome(SUCCEEDED, { ...SEEN, matches: false }, due(60), 0),
      callOutcome({ status: "unknown", error: lost }, SEEN, due(60), 0),
      callOutcome({ status: "failed", error: lost }, SEEN, due(60), 0),
    ];
    for (const { obligations } of outcomes) {
      assert.deepEqual(obligations, [{ name: "routing", met: false }]);
    }
  });
});
