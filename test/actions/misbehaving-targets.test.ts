import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { READS } from "../../lib/actions/reads.ts";
import {
  askPeer,
  drippingBody,
  HANGS,
  LONG,
  late,
  PEERS,
  peerThat,
} from "../support/peers/peers.ts";
import { BOUNDED_CALLS, TARGET_READS } from "../support/peers/target-clients.ts";

/*
 * Every client that changes or reads a target, against peers that misbehave. Of a call that may have reached its target
 * nobody says that it worked, that it failed, or asks it again; of a read nobody says that it saw something.
 */

/** Deadlines of targets are for the whole answer, so they end this one too. */
const TARGETS = { ...PEERS, "gives the rest of an answer byte by byte": drippingBody };
/** All that wait for a peer wait at the same time. */
const TOGETHER = { concurrency: true };

/** Loading a client may take longer than a peer is waited for here. */
const loaded = (): Promise<unknown> =>
  Promise.all([...CATALOGUE, ...READS].map((each) => each.load?.()));

for (const [peer, misbehaves] of Object.entries(TARGETS)) {
  suite(`VAI-99 a target that ${peer}`, TOGETHER, () => {
    before(loaded);
    for (const { name, ask } of BOUNDED_CALLS) {
      test(`VAI-99 ${name} is sent once, and its outcome is unknown`, {
        timeout: HANGS,
      }, async (t) => {
        const { result, asked } = await askPeer(misbehaves, t, ask);
        assert.equal(result.status, "fulfilled");
        assert.equal(result.value.status, "unknown");
        assert.equal(result.value.error.kind, "other");
        assert.equal(asked.length, 1);
      });
    }
    for (const { name, ask } of TARGET_READS) {
      test(`VAI-99 ${name} is not known`, { timeout: HANGS }, async (t) => {
        const { result, asked } = await askPeer(misbehaves, t, ask);
        assert.equal(result.status, "rejected");
        assert.equal(result.reason.code, "DEPENDENCY_UNAVAILABLE");
        assert.ok(asked.length > 0, "the target was asked");
      });
    }
  });
}

suite("VAI-99 whoever waits longer believes the late answer", TOGETHER, () => {
  before(loaded);
  for (const { name, ask } of BOUNDED_CALLS) {
    test(`VAI-99 ${name} has succeeded: its deadline alone made it unknown`, {
      timeout: HANGS,
    }, async (t) => {
      const target = await peerThat(late, t);
      assert.equal((await ask(target.endpoint, LONG)).status, "succeeded");
      assert.equal(target.asked.length, 1);
    });
  }
});
