import assert from "node:assert/strict";
import { test } from "node:test";
import { readMutants, titleOf } from "./mutant.ts";
import { runMutants } from "./run.ts";

test("VAI-90 USR-07 a fixed sample of mutants: each is noticed by a test that is near to it", async () => {
  const sample = readMutants().filter(({ sample }) => sample === true);
  assert.equal(sample.length, 20);
  const { judged, unplaced } = await runMutants(sample);
  assert.deepEqual(unplaced, []);
  const unnoticed = judged.filter(({ result }) => result !== "killed");
  assert.deepEqual(
    unnoticed.map(({ mutant }) => titleOf(mutant)),
    [],
  );
  assert.equal(judged.length, 20);
});
