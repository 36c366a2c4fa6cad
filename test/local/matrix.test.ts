import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlannedCell } from "../matrix/batch.ts";
import { shortOf } from "../matrix/cells.ts";
import { FAULT_KINDS } from "../matrix/faults.ts";
import { FUNCTIONS, Functions } from "../matrix/functions.ts";
import { playMatrix } from "../matrix/play.ts";
import { localPlane } from "../support/local/plane.ts";

// The whole is `npm run matrix`.
test("VAI-98 VAI-99 VAI-100 VAI-07 ADV-69 whatever call fails, is lost, silent, throttled, slow or the last: no violation", async (t) => {
  const plane = await localPlane();
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
