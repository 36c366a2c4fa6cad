import assert from "node:assert/strict";
import { test } from "node:test";
import { median, percentile } from "./measure.ts";

test("a percentile is a value that was measured, by nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.equal(percentile(hundred, 0.5), 50);
  assert.equal(percentile(hundred, 0.99), 99);
  assert.equal(percentile(hundred, 1), 100);
  assert.equal(percentile([7], 0.99), 7);
  assert.equal(percentile([3, 1, 2], 0.99), 3, "of few values the largest");
  assert.equal(median([9, 1, 5]), 5);
  assert.ok(Number.isNaN(median([])));
});
