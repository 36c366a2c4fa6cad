import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { newPlane } from "../support/plane.ts";

suite("the whole course of one request", () => {
  test("VAI-01 VAI-02 VAI-03 VAI-04 VAI-05 VAI-06 VAI-07 leaves each stage's record, in order", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const answer = await plane.grant({}, governed);
    assert.deepEqual(plane.types(governed.chainId), []);
    assert.equal(answer.ok, true);
  });
});
