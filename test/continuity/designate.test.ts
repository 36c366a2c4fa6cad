import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { carriesLabels, designated } from "../../lib/continuity/designate.ts";
import { isRefusal } from "../../lib/refusal.ts";
import type { Designation } from "../../lib/request/request.ts";
import { agentAt, chainPolicy } from "../support/chain.ts";
import { KEYS } from "../support/keys.ts";
import type { Change } from "../support/mutate.ts";

const REFUNDS = { agent: agentAt(1), jkt: KEYS.refunds.thumbprint };
const LEDGER = { agent: agentAt(2), jkt: KEYS.ledger.thumbprint };
const STRANGER = { agent: "spiffe://example.org/agent/new", jkt: KEYS.stranger.thumbprint };

/** Whom a designation comes to, or code and place of its refusal. */
function found(designation: Designation, labels: readonly string[] = [], change?: Change) {
  const anchors = [KEYS.anchor.thumbprint];
  const by = designated(designation, { policy: chainPolicy(change), anchors, labels });
  return isRefusal(by) ? `${by.code} ${by.pointer}` : by;
}

const AT = "/request/designate";

suite("whom a request designates", () => {
  test("POC-07 a key that governance does not know is designated as it is named", () => {
    assert.deepEqual(found(STRANGER), STRANGER);
    assert.deepEqual(found(REFUNDS), REFUNDS);
  });

  test("POC-08 a criterion comes to the one agent that meets it", () => {
    assert.deepEqual(found({ agent: agentAt(1) }), REFUNDS);
    assert.deepEqual(found({ labels: ["eu"] }), LEDGER);
    assert.deepEqual(found({ labels: ["eu", "refunds"] }), LEDGER);
  });

  test("POC-08 a criterion that none meets, or two, designates nobody", () => {
    for (const nobody of [{ agent: "other" }, { labels: ["us"] }, { labels: ["refunds"] }]) {
      assert.equal(found(nobody), `EXECUTOR_MISMATCH ${AT}`, JSON.stringify(nobody));
    }
    assert.equal(
      found({ labels: ["refunds"] }, [], { remove: ["/agents"] }),
      `EXECUTOR_MISMATCH ${AT}`,
    );
    assert.deepEqual(found({ labels: ["refunds"] }, [], { remove: ["/agents/1"] }), REFUNDS);
  });

  test("POC-08 an agent's name in another letter case is another name", () => {
    assert.equal(found({ agent: agentAt(1).toUpperCase() }), `EXECUTOR_MISMATCH ${AT}`);
    assert.equal(found({ labels: ["EU"] }), `EXECUTOR_MISMATCH ${AT}`);
  });

  for (const name of [
    "issuer",
    "decider",
    "evaluator",
    "approver",
    "operator",
    "auditor",
  ] as const) {
    test(`POC-07 the key of governance's ${name} cannot be an executor`, () => {
      const jkt = KEYS[name].thumbprint;
      assert.equal(found({ agent: "a", jkt }), `EXECUTOR_MISMATCH ${AT}/jkt`);
    });
  }

  test("POC-07 neither a plane's key nor an anchor can be an executor", () => {
    for (const { thumbprint: jkt } of [KEYS.plane, KEYS.otherAnchor, KEYS.anchor]) {
      assert.equal(found({ agent: "a", jkt }), `EXECUTOR_MISMATCH ${AT}/jkt`);
    }
  });

  test("POC-08 what the block before asks of every new executor, the key carries by the trust policy", () => {
    assert.deepEqual(found(REFUNDS, ["refunds"]), REFUNDS);
    assert.equal(found(REFUNDS, ["refunds", "eu"]), `EXECUTOR_MISMATCH ${AT}`);
    assert.equal(found({ agent: agentAt(1) }, ["eu"]), `EXECUTOR_MISMATCH ${AT}`);
    assert.equal(found(STRANGER, ["refunds"]), `EXECUTOR_MISMATCH ${AT}`);
    assert.deepEqual(found({ labels: ["eu"] }, ["refunds"]), LEDGER);
  });

  test("POC-08 a listed key under another name, and a listed name with another key, are nobody", () => {
    assert.equal(found({ ...REFUNDS, agent: "other" }), `ACTOR_MISMATCH ${AT}/agent`);
    assert.equal(found({ ...STRANGER, agent: agentAt(1) }), `ACTOR_MISMATCH ${AT}/agent`);
    assert.equal(found({ agent: agentAt(1), jkt: LEDGER.jkt }), `ACTOR_MISMATCH ${AT}/agent`);
  });

  test("POC-08 no labels are carried by any key, and a label that is taken away is carried no more", () => {
    assert.ok(carriesLabels(STRANGER.jkt, [], chainPolicy()));
    assert.ok(carriesLabels(LEDGER.jkt, ["eu"], chainPolicy()));
    const without = chainPolicy({ set: { "/agents/1/labels": ["refunds"] } });
    assert.equal(carriesLabels(LEDGER.jkt, ["eu"], without), false);
  });
});
