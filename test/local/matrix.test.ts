import assert from "node:assert/strict";
import { test } from "node:test";
import { type PlannedCell, playBatch, titleOf } from "../matrix/batch.ts";
import { shortOf } from "../matrix/cells.ts";
import { COURSES } from "../matrix/courses.ts";
import { Deployed } from "../matrix/deployed.ts";
import type { Planned } from "../matrix/door.ts";
import { FAULT_KINDS } from "../matrix/faults.ts";
import { FUNCTIONS, Functions } from "../matrix/functions.ts";
import { violationsOf } from "../matrix/invariants.ts";
import { playMatrix } from "../matrix/play.ts";
import { undoDenials } from "../matrix/undo-denials.ts";
import { localPlane } from "../support/local/plane.ts";

// The whole is `npm run matrix`.
test("VAI-98 VAI-99 VAI-100 VAI-07 ADV-69 whatever call fails, is lost, silent, throttled, slow or the last: no violation", async (t) => {
  const plane = await localPlane();
  t.after(() => undoDenials(plane));
  const functions = await Functions.of(t, plane);
  const chosen: PlannedCell[] = [];
  const report = await playMatrix({ plane, functions }, (clean) => {
    const cells = shortOf(clean);
    chosen.push(...cells);
    return cells;
  });
  assert.deepEqual(report.violations, []);
  assert.deepEqual(report.missed, [], "a fault that hits nothing shows nothing");
  const faults = new Set(chosen.map(({ planned }) => planned?.fault));
  assert.deepEqual([...faults].sort(), [...FAULT_KINDS].sort());
  const tried = new Set(chosen.map(({ course }) => course.act.by));
  assert.deepEqual([...tried].sort(), [...FUNCTIONS].sort());
});

/** Cells of the matrix that deployed functions play too; what `sweep` finds of them is found by the moved clock. */
const DEPLOYED: Readonly<Record<string, Planned>> = {
  "issue execute": { name: "dynamodb:TransactWriteItems", nth: 2, fault: "lost" },
  execute: { name: "kms:Sign", nth: 2, fault: "failed" },
  "revoke contract": { name: "kms:Sign", nth: 1, fault: "throttled" },
};

for (const [name, planned] of Object.entries(DEPLOYED)) {
  test(`VAI-98 VAI-07 the deployed function, ${name}: ${planned.name} ${planned.fault}: no violation`, async (t) => {
    const plane = await localPlane();
    t.after(() => undoDenials(plane));
    const functions = new Deployed(plane, await Functions.of(t, plane));
    const course = COURSES.find((each) => each.name === name);
    assert.ok(course);
    const cell = { course, planned };
    const { cells, observation } = await playBatch({ plane, functions }, [cell]);
    assert.deepEqual(violationsOf(observation), [], titleOf(cell));
    assert.ok(cells[0]?.isHit, "a fault that hits nothing shows nothing");
  });
}
