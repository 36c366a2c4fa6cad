import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { sentenceOf } from "../../lib/audit/sentences.ts";
import { HANDLE } from "../support/deliveries.ts";
import type { Mutation } from "../support/governed.ts";
import { newPlane } from "../support/plane.ts";

/** What people read of a request that was only watched. */

const OBSERVE = { set: { "/actions/0/mode": "observe" } };
const BEYOND: Mutation = { request: { set: { "/operation/parameters/percent": 100 } } };

suite("an observed request in plain language", () => {
  test("VAI-130 VAI-146 each record says that it was not enforced, the last what would have been", async () => {
    const plane = await newPlane({ policy: OBSERVE });
    const governed = plane.contract(BEYOND);
    await plane.ask(BEYOND, governed);
    const sentences = plane.records(governed.chainId).map(sentenceOf);
    assert.equal(sentences.length, 6);
    for (const each of sentences.slice(0, -1)) assert.match(each, / \(observed\)$/);
    assert.equal(
      sentences.at(-1),
      "observed, not enforced: it would have been refused with PARAMETER_OUT_OF_BOUNDS at scope",
    );
  });

  test("VAI-130 VAI-146 of a handle, and what is enforced says nothing of it", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    await plane.publish(OBSERVE);
    await plane.execute(plane.redemption(governed, handle));
    const sentences = plane.records(governed.chainId).map(sentenceOf);
    assert.equal(
      sentences.at(-1),
      "the call was not made: ACTION_OBSERVED — lambda:UpdateAlias is only observed, nothing was done; enforcing it would have granted this (observed)",
    );
    assert.deepEqual(
      sentences.slice(0, -1).filter((each) => /\(observed\)|not enforced/.test(each)),
      [],
    );
  });
});
