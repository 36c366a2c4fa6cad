import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { digestOfEvent, eventProblem } from "../../lib/enforcement/read/event.ts";

suite("what garbage costs before it is refused", () => {
  test("VAI-62 a member of an event that is too large is looked at once for its size and once for its digest", () => {
    let looks = 0;
    const event = {
      get blob() {
        looks += 1;
        return "x".repeat(300_000);
      },
    };
    assert.match(eventProblem(event)?.detail ?? "", /larger than 262144 bytes/);
    assert.match(digestOfEvent(event), /^sha256:/);
    assert.equal(looks, 2);
  });

  test("VAI-62 nesting without end is refused at its seventeenth level, and has a digest all the same", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    const problem = eventProblem({ contract: deep });
    assert.match(problem?.detail ?? "", /deeper than 16 levels/);
    assert.equal(digestOfEvent({ contract: deep }), digestOfEvent({ other: deep }));
  });
});
