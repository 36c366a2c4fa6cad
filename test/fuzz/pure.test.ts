import assert from "node:assert/strict";
import { test } from "node:test";
import { chainFuzzer } from "./chain.ts";
import { constraintsFuzzer } from "./constraints.ts";
import { coursesFuzzer } from "./courses.ts";
import { narrowingFuzzer } from "./narrowing.ts";
import { strictFuzzer } from "./strict.ts";

test("POC-14 POC-15 random constraints: what meets a narrower one meets the wider", async () => {
  const { failures } = await constraintsFuzzer.run(1, 20_000);
  assert.deepEqual(failures, []);
});

test("POC-14 POC-15 POC-16 random chains of up to 33 blocks: what a narrowing one accepts, all above it accept", async () => {
  const { failures } = await narrowingFuzzer.run(1, 20_000);
  assert.deepEqual(failures, []);
});

test("POC-01 POC-10 POC-11 VAI-62 forged chains: coded refusals alone, and what is accepted deserved it", async () => {
  const { failures } = await chainFuzzer.run(1, 1_000);
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
