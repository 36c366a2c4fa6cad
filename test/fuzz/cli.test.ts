import assert from "node:assert/strict";
import { test } from "node:test";
import { cliFuzzer } from "./cli.ts";
import { Dice } from "./dice.ts";
import { fuzz } from "./fuzzer.ts";

test("USR-11 whatever vai reads, it never crashes, and ends with a documented exit code (short form of npm run fuzz -- cli)", async () => {
  const { inputs, failureCount, failures } = await cliFuzzer.run(7, 300);
  assert.deepEqual([inputs, failureCount, failures], [300, 0, []]);
});

test("USR-11 the same seed rolls the same; a fuzzer counts what is wrong and what throws", async () => {
  const rolls = (seed: number): number[] => {
    const dice = new Dice(seed);
    return Array.from({ length: 20 }, () => dice.roll(1000));
  };
  assert.deepEqual(rolls(3), rolls(3));
  assert.notDeepEqual(rolls(3), rolls(4));
  const report = await fuzz(50, async (input) => {
    if (input === 4) throw new Error("crash");
    return input % 2 === 0 ? "wrong" : undefined;
  });
  assert.deepEqual([report.failureCount, report.failures.length], [25, 20]);
  assert.match(report.failures[2]?.what ?? "", /^threw Error: crash/);
});
