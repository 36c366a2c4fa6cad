import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Chain, readChain, stepsOf } from "../../lib/continuity/chain.ts";
import { type HandingOn, judgeHandOn } from "../../lib/continuity/hand-on.ts";
import { chainOf, NOW } from "../support/chain.ts";
import { type Change, changed } from "../support/mutate.ts";
import { PLANE } from "../support/trust.ts";
import { START } from "../support/world.ts";

const [FIRST, SECOND] = [...stepsOf(readChain(chainOf().chain) as Chain)];
const REFUND = "/authorization_details/0/parameters/payload~1amount";

/** Code and place of what the second request of a chain comes to, asked from the first block. */
function judged(asked: Change = {}, by: Partial<HandingOn> = {}): string | undefined {
  if (FIRST === undefined || SECOND === undefined) throw new Error("there are no blocks");
  const claims = changed(SECOND.block.request.claims, asked, START);
  const from = FIRST.block.claims;
  const refusal = judgeHandOn(claims, { from, plane: PLANE, bytes: 9000, now: NOW, ...by });
  return refusal && `${refusal.code} ${refusal.pointer}`;
}

const set = (place: string, value: unknown): string | undefined =>
  judged({ set: { [place]: value } });

suite("handing authority on", () => {
  test("POC-19 what narrows is handed on", () => assert.equal(judged(), undefined));

  test("POC-21 no deeper than the block before lets it be, and no longer than a chain may be", () => {
    const from = { ...(FIRST?.block.claims as HandingOn["from"]) };
    const upTo = (maxDepth: number) => ({ ...from, delegation: { ...from.delegation, maxDepth } });
    const less = { set: { "/delegation/maxDepth": 1 } };
    assert.equal(judged(less, { from: upTo(2) }), undefined);
    assert.equal(judged(less, { from: upTo(1) }), "CHAIN_TOO_DEEP /request");
    assert.equal(judged({}, { bytes: 163_840 }), undefined);
    assert.equal(judged({}, { bytes: 163_841 }), "CHAIN_TOO_DEEP /request");
  });

  test("POC-30 another plane's block is none of this one's", () => {
    assert.equal(
      set("/audience", "vai:000000000000:us-east-1:other"),
      "AUDIENCE_MISMATCH /request/audience",
    );
  });

  test("POC-A24 a block lives from now on, and no longer than the one before", () => {
    const at = "ATTENUATION_VIOLATION /request/exp";
    assert.equal(set("/exp", NOW), at);
    assert.equal(set("/exp", NOW + 1), undefined);
    assert.equal(set("/exp", NOW + 601), at);
  });

  test("POC-A5 POC-A6 POC-A7 what is wider is told by member, and by whether it was removed", () => {
    assert.equal(
      set(`${REFUND}/range/max`, 301),
      `ATTENUATION_VIOLATION /request${REFUND}/range/max`,
    );
    assert.equal(
      set(REFUND, { range: { min: 1 } }),
      `CONSTRAINT_REMOVED /request${REFUND}/range/max`,
    );
    const payment = "/authorization_details/0/id";
    assert.equal(set(payment, "pay"), `ATTENUATION_VIOLATION /request${payment}`);
    assert.equal(set("/deliveries", ["handle"]), "ATTENUATION_VIOLATION /request/deliveries/0");
    assert.equal(
      set("/delegation/retain", true),
      "ATTENUATION_VIOLATION /request/delegation/retain",
    );
    assert.equal(set("/retain", true), "ATTENUATION_VIOLATION /request/retain");
  });
});
