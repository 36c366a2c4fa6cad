import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { identityAnswers } from "../../lib/audit/answers.ts";
import { sentenceOf } from "../../lib/audit/sentences.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { astray, beforeLook, identitiesOf, rolling } from "../support/rollback.ts";

/** The records of a contract whose shift went astray. */
async function told(break_: (plane: Plane) => void = () => {}) {
  const plane = await newPlane();
  astray(plane);
  break_(plane);
  const governed = plane.contract(rolling());
  await plane.ask({}, governed);
  const records = plane.records(governed.chainId);
  const { first, undo } = identitiesOf(plane, governed);
  return { records, first: first.identityId, undo: undo?.identityId ?? "" };
}

const sayings = (records: readonly EvidenceRecord[], type: string): string[] =>
  records.filter(({ event }) => event.type === type).map(sentenceOf);

describe("VAI-130 a rollback in plain language", () => {
  test("VAI-130 why it was due, for what it was issued, and that it worked", async () => {
    const { records, first, undo } = await told();
    const [triggered = ""] = sayings(records, "RollbackTriggered");
    assert.match(
      triggered,
      /^routing was not met, .*rollback, step undo, is to take the effect back/,
    );
    const [shift = "", issued = ""] = sayings(records, "IdentityIssued");
    assert.ok(issued.endsWith(`to take back the effect of identity ${first}`), issued);
    assert.ok(!shift.includes("take back"));
    const [completed = ""] = sayings(records, "RollbackCompleted");
    assert.ok(completed.includes(`identity ${first} was taken back`), completed);
    const undone = identityAnswers(first, records);
    assert.ok(undone.uses.some((line) => line.includes("routing was not met")));
    assert.deepEqual(undone.failures, [
      "ObligationMissed OBLIGATION_UNMET",
      "ExecutionIncomplete OBLIGATION_UNMET",
    ]);
    const own = identityAnswers(undo, records);
    assert.ok(own.limits.includes(`only to take back the effect of identity ${first}`));
    assert.deepEqual(own.failures, []);
  });

  test("VAI-130 that it failed, and why", async () => {
    const { records, undo } = await told((plane) =>
      beforeLook(plane, 1, () => plane.faults.plan({ at: "target:call", how: "denied" })),
    );
    const [failed = ""] = sayings(records, "RollbackFailed");
    assert.match(failed, /was not taken back, or nobody saw it: .*its call ended as failed/);
    assert.ok(identityAnswers(undo, records).failures.includes("RollbackFailed"));
  });

  test("VAI-130 the code of what refused it stands verbatim", async () => {
    const { records, first } = await told((plane) =>
      beforeLook(plane, 1, () => plane.revoke({ command: plane.command({ do: "haltPlane" }) })),
    );
    const [failed = ""] = sayings(records, "RollbackFailed");
    assert.match(failed, /PLANE_HALTED — the plane is halted/);
    assert.ok(identityAnswers(first, records).failures.includes("RollbackFailed PLANE_HALTED"));
  });
});
