import assert from "node:assert/strict";
import { test } from "node:test";
import { beyondDistance } from "./replay.ts";

/** A call from one moment to another that was to take so long. */
const call = (from: number, to: number, distanceMs: number) => ({ from, to, distanceMs });

const CASES: readonly (readonly [string, ReturnType<typeof call>[], number])[] = [
  ["no call at all", [], 0],
  ["calls that took their distance", [call(0, 8, 8), call(10, 15, 5)], 0],
  ["one after the other: both excesses count", [call(0, 10, 8), call(12, 20, 5)], 2 + 3],
  ["side by side: the one that is waited for counts", [call(0, 30, 8), call(0, 12, 12)], 30 - 12],
  ["what happens between calls keeps its time", [call(0, 20, 10), call(50, 60, 10)], 10],
  [
    "behind two at once, of which one was in time",
    [call(0, 30, 5), call(0, 20, 20), call(31, 36, 5)],
    10,
  ],
  ["in any order", [call(12, 20, 5), call(0, 10, 8)], 5],
];
for (const [what, calls, milliseconds] of CASES) {
  test(`the emulator's share of the waiting path: ${what}`, () => {
    assert.equal(beyondDistance(calls), milliseconds);
  });
}
