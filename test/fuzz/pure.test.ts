import assert from "node:assert/strict";
import { test } from "node:test";
import { constraintsFuzzer } from "./constraints.ts";
import { coursesFuzzer } from "./courses.ts";
import { strictFuzzer } from "./strict.ts";

test("POC-14 POC-15 random constraints: what meets a narrower one meets the wider", async () => {
  const { failures } = await constraintsFuzzer.run(1, 20_000);
  assert.deepEqual(failures, []);
});

test("VAI-62 random texts: the strict reader says what its plain definition says", async () => {
  const { failures } = await strictFuzzer.run(1, 20_000);
  assert.deepEqual(failures, []);
});

test("VAI-06 VAI-99 whole courses under random faults: no call beyond the contract, none that is not recorded before", async () => {
  const { failures } = await coursesFuzzer.run(1, 40);
  assert.deepEqual(failures, []);
});
