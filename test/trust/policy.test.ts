import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { signingKey } from "../../lib/client/keys.ts";
import { jwkThumbprint, type PublicJwk } from "../../lib/encoding/jwk.ts";
import { readBy } from "../../lib/encoding/schema.ts";
import {
  maxDepthOf,
  partyKey,
  type TrustPolicy,
  trustedThumbprints,
  trustPolicySchema,
} from "../../lib/trust/policy.ts";
import { planeKeysAt } from "../../lib/trust/read.ts";
import { KEYS } from "../support/keys.ts";
import { type Change, changed } from "../support/mutate.ts";
import { namedPrivateJwk } from "../support/named-key.ts";
import { firstPolicy } from "../support/trust.ts";
import { START } from "../support/world.ts";

const planeKey = (name: string): PublicJwk => signingKey(namedPrivateJwk(name, "ES256")).jwk;
const good = firstPolicy({ evidence: planeKey("evidence"), plane: planeKey("plane") }, START);

/** The place of the first breach of a policy that differs so from a good one; `undefined` when it is read. */
function breach(change: Change): string | undefined {
  const read = readBy(trustPolicySchema, changed(good, change, START));
  return read.ok ? undefined : read.pointer;
}

const PARTIES = [
  ...(["issuers", "deciders", "evaluators"] as const),
  ...(["approvers", "operators", "auditors"] as const),
];

suite("strict reading of a trust policy", () => {
  test("VAI-61 the valid policy is read", () => assert.equal(breach({}), undefined));

  for (const list of PARTIES) {
    test(`VAI-61 a key of ${list} in a second role is refused, at the later place`, () => {
      const own = good[list][0]?.keys[0];
      for (const other of PARTIES.filter((each) => each !== list)) {
        const later = PARTIES.indexOf(other) > PARTIES.indexOf(list) ? other : list;
        const found = breach({ set: { [`/${other}/0/keys/0`]: own } });
        assert.equal(found, `/${later}/0/keys/0`, other);
      }
      const key = good.planeKeys[1]?.key;
      const set = { [`/${list}/0/keys/0`]: key };
      assert.equal(breach({ set }), `/${list}/0/keys/0`, "a key of the plane");
    });

    test(`VAI-61 nobody of ${list} is named observer, and no two alike`, () => {
      assert.equal(breach({ set: { [`/${list}/0/name`]: "observer" } }), `/${list}/0/name`);
      const second = { ...good[list][0], keys: [KEYS.stranger.jwk] };
      const set = { [`/${list}/1`]: second };
      assert.equal(breach({ set }), `/${list}/1`);
    });
  }

  test("VAI-61 a checkpoint's key is Ed25519, any other key of the plane is P-256", () => {
    const { stranger, otherAnchor } = KEYS;
    for (const [use, right, wrong] of [
      ["checkpoint", stranger.jwk, otherAnchor.jwk],
      ["evidence", otherAnchor.jwk, stranger.jwk],
      ["plane", otherAnchor.jwk, stranger.jwk],
      ["observer", otherAnchor.jwk, stranger.jwk],
    ] as const) {
      const key = (jwk: PublicJwk) =>
        breach({ set: { "/planeKeys/2": { use, key: jwk, notBefore: 0 } } });
      assert.deepEqual([key(right), key(wrong)], [undefined, "/planeKeys/2/key"], use);
    }
  });

  test("VAI-61 an action is read under another role than it is done under", () => {
    const [first] = good.actions;
    const set = { "/actions/0/readerRoleArn": first?.executionRoleArn };
    assert.equal(breach({ set }), "/actions/0");
  });

  test("VAI-105 a policy ends after it was made", () => {
    assert.equal(breach({ set: { "/exp": good.iat } }), "/exp");
    assert.equal(breach({ set: { "/exp": good.iat + 1 } }), undefined);
  });

  test("POC-07 an agent's key stands in agents and nowhere else, each name and each key once", () => {
    const agent = { name: "spiffe://example.org/agent/refunds", labels: ["refunds"] };
    const jkt = KEYS.otherAgent.thumbprint;
    const agents = (...all: object[]) => breach({ set: { "/agents": all } });
    assert.equal(agents(), undefined);
    assert.equal(agents({ ...agent, jkt }), undefined);
    assert.equal(agents({ ...agent, jkt }, { ...agent, name: "other", jkt }), "/agents/1/jkt");
    const other = KEYS.stranger.thumbprint;
    assert.equal(agents({ ...agent, jkt }, { ...agent, jkt: other }), "/agents/1");
    for (const { thumbprint } of [KEYS.approver, KEYS.issuer, KEYS.operator, KEYS.auditor]) {
      assert.equal(agents({ ...agent, jkt: thumbprint }), "/agents/0/jkt");
    }
    const evidence = jwkThumbprint(planeKey("evidence"));
    assert.equal(agents({ ...agent, jkt: evidence }), "/agents/0/jkt");
    assert.equal(agents({ ...agent, jkt, labels: ["a", "a"] }), "/agents/0/labels");
    assert.equal(agents({ ...agent, jkt, labels: "a" }), "/agents/0/labels");
    assert.equal(agents({ ...agent, jkt: "short" }), "/agents/0/jkt");
    assert.equal(agents({ ...agent, jkt, key: 1 }), "/agents/0/key");
    assert.equal(agents({ ...agent, jkt, name: "observer" }), "/agents/0/name");
  });

  test("POC-07 a key of agents is no key of governance", () => {
    const jkt = KEYS.otherAgent.thumbprint;
    const policy = { ...good, agents: [{ name: "a", labels: [], jkt }] };
    assert.equal(trustedThumbprints(policy).has(jkt), false);
    assert.equal(trustedThumbprints(policy).has(KEYS.approver.thumbprint), true);
  });

  test("POC-21 a class says how deep its chains may be, 8 unless it says otherwise", () => {
    const depth = (value: unknown) => breach({ set: { "/governance/LOW/maxDepth": value } });
    assert.deepEqual([depth(0), depth(32)], [undefined, undefined]);
    for (const wrong of [-1, 33, 1.5, "8", null]) {
      assert.equal(depth(wrong), "/governance/LOW/maxDepth", String(wrong));
    }
    const { LOW } = good.governance;
    const policy = { governance: { ...good.governance, LOW: { ...LOW, maxDepth: 0 } } };
    assert.deepEqual([maxDepthOf(policy, "LOW"), maxDepthOf(policy, "HIGH")], [0, 8]);
  });

  test("VAI-61 what this version does not act on is empty: no other plane is believed", () => {
    assert.equal(breach({ set: { "/planes": [{ name: "x" }] } }), "/planes/0");
  });
});

suite("keys of a trust policy", () => {
  test("VAI-58 a party's key is found by its thumbprint, whichever of them it is, and no other", () => {
    const [one, two, other] = [KEYS.issuer, KEYS.otherIssuer, KEYS.stranger];
    const party = { keys: [one.jwk, two.jwk] };
    assert.deepEqual(
      [one, two, other].map(({ thumbprint }) => partyKey(party, thumbprint)?.thumbprint),
      [one.thumbprint, two.thumbprint, undefined],
    );
  });

  test("VAI-91 a plane key signs from its begin to its end, for its use alone, and never when revoked", () => {
    const [evidence, plane] = good.planeKeys;
    assert.ok(evidence !== undefined && plane !== undefined);
    const key = { ...evidence, notBefore: 100, notAfter: 200 };
    const at = (second: number, more: object = {}) =>
      planeKeysAt({ planeKeys: [{ ...key, ...more }, plane] } as TrustPolicy, "evidence", second);
    assert.deepEqual(
      [99, 100, 199, 200].map((second) => at(second).length),
      [0, 1, 1, 0],
    );
    assert.equal(at(1_000, { notAfter: undefined }).length, 1);
    // Also before: nobody knows since when somebody else had it.
    assert.equal(at(150, { revokedAt: 180 }).length, 0);
    assert.equal(at(150, { use: "observer" }).length, 0);
  });
});
