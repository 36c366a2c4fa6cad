import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Attack, attackPlane, type TableEdit } from "../support/attack.ts";
import type { Mutation } from "../support/governed.ts";
import { newPlane, refused } from "../support/plane.ts";

/*
 * Somebody can write one of the tables and holds no key. Each edit below is made after one use of a contract for
 * one; then the agent asks again. Nobody may gain a use by it, and nothing may be appended to a chain that broke.
 */

const ONE_USE: Attack = { history: [{ request: { set: { "/operation/parameters/percent": 1 } } }] };
const HEAD = "chain#$chain|head";

async function afterEdits(tables: readonly TableEdit[], mutate: Mutation = {}) {
  return attackPlane({ ...ONE_USE, tables, mutate });
}

const nothing = { executions: 0, calls: 0, uses: 0, retryKeys: 0, isTargetChanged: false };

const BREAKS: readonly (readonly [string, TableEdit])[] = [
  ["State: the head's number rolled back by one", { table: "state", key: HEAD, set: { seq: 10 } }],
  ["State: the head's number moved on", { table: "state", key: HEAD, set: { seq: 12 } }],
  ["State: the head's number is a text", { table: "state", key: HEAD, set: { seq: "11" } }],
  ["State: the head's hash replaced", { table: "state", key: HEAD, set: { hash: "$digest" } }],
  ["State: the head deleted", { table: "state", key: HEAD, remove: true }],
  ["State: the head emptied", { table: "state", key: HEAD, set: { seq: 0 } }],
  [
    "Evidence: the last record's envelope replaced by no envelope",
    { table: "evidence", key: "$chain|$last", set: { envelope: "{}" } },
  ],
  ["Evidence: the last record deleted", { table: "evidence", key: "$chain|$last", remove: true }],
  ["Evidence: the issuance deleted", { table: "evidence", key: "$chain|7", remove: true }],
  ["Evidence: the first record deleted", { table: "evidence", key: "$chain|1", remove: true }],
];

suite("a table edited by somebody without keys: the intent's chain", () => {
  for (const [what, edit] of BREAKS) {
    test(`VAI-12 VAI-59 ADV-19 ADV-20 ${what}`, async () => {
      const { answer, written, spent } = await afterEdits([edit]);
      assert.deepEqual([answer.code, answer.stage], ["EVIDENCE_CHAIN_BROKEN", "executor"]);
      assert.deepEqual(spent, nothing);
      assert.deepEqual(
        [...written.keys()].map((id) => id.split("/")[0]),
        ["unattributed"],
        "nothing is appended to the chain that broke",
      );
    });
  }

  test("VAI-12 State and its head rolled back together with the deleted record still lose the retry keys' word", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const event = plane.event(governed);
    await plane.issue(event);
    const { dynamo } = plane;
    for (let seq = 1; seq <= 11; seq++)
      dynamo.table("evidence").delete(`${governed.chainId}|${seq}`);
    dynamo.table("state").delete(`chain#${governed.chainId}|head`);
    const answer = refused(await plane.issue(event));
    assert.equal(answer.code, "EVIDENCE_CHAIN_BROKEN");
    assert.equal(plane.sts.executions.length, 1, "State remembers the grant that Evidence lost");
  });
});

suite("a table edited by somebody without keys: forged records", () => {
  /** One use; then the envelopes of the chain are edited by `edit`; then the agent asks anew. */
  async function forged(edit: (rows: { envelope: string }[], other: string) => void) {
    const plane = await newPlane();
    const [governed, other] = [plane.contract(), plane.contract()];
    await plane.grant({}, governed);
    await plane.grant({}, other);
    const rows = plane.rows(governed.chainId);
    const last = plane.rows(other.chainId).at(-1)?.envelope ?? "";
    edit(rows, last);
    const before = plane.effects();
    const answer = refused(await plane.ask({}, governed));
    assert.deepEqual(plane.effects(), before);
    assert.equal(plane.rows(governed.chainId).length, 11, "nothing was appended");
    return answer.code;
  }

  const rewritten = (envelope: string, change: (statement: string) => string): string => {
    const { payload, ...rest } = JSON.parse(envelope);
    const text = change(Buffer.from(payload, "base64").toString("utf8"));
    return JSON.stringify({ payload: Buffer.from(text).toString("base64"), ...rest });
  };
  const at = (rows: { envelope: string }[], index: number): { envelope: string } => {
    const row = rows.at(index);
    assert.ok(row !== undefined);
    return row;
  };

  const EDITS: readonly (readonly [
    string,
    (rows: { envelope: string }[], other: string) => void,
  ])[] = [
    [
      "the last record says that the execution failed to be one",
      (rows) => {
        const row = at(rows, -1);
        row.envelope = rewritten(row.envelope, (t) => t.replace("COMPLETED", "REVOKED"));
      },
    ],
    [
      "the issuance says that it was another step",
      (rows) => {
        const row = at(rows, 6);
        row.envelope = rewritten(row.envelope, (t) =>
          t.replace('"step":"shift"', '"step":"spent"'),
        );
      },
    ],
    [
      "the last record is a copy of another chain's",
      (rows, other) => {
        at(rows, -1).envelope = other;
      },
    ],
    [
      "two records exchanged",
      (rows) => {
        const [left, right] = [at(rows, 9), at(rows, 10)];
        [left.envelope, right.envelope] = [right.envelope, left.envelope];
      },
    ],
    [
      "the signature taken from another record",
      (rows) => {
        const donor = JSON.parse(at(rows, 0).envelope);
        const row = at(rows, -1);
        row.envelope = JSON.stringify({
          ...JSON.parse(row.envelope),
          signatures: donor.signatures,
        });
      },
    ],
    [
      "a second signature added",
      (rows) => {
        const row = at(rows, -1);
        const read = JSON.parse(row.envelope);
        row.envelope = JSON.stringify({
          ...read,
          signatures: [...read.signatures, ...read.signatures],
        });
      },
    ],
    [
      "white space in the envelope",
      (rows) => {
        at(rows, -1).envelope += " ";
      },
    ],
  ];
  for (const [what, edit] of EDITS) {
    test(`ADV-20 VAI-91 OKG-26 Evidence: ${what}`, async () => {
      assert.equal(await forged(edit), "EVIDENCE_CHAIN_BROKEN");
    });
  }

  test("ADV-68 Evidence: a record signed again with another good key", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    await plane.grant({}, governed);
    const other = await newPlane();
    const row = at(plane.rows(governed.chainId), -1) as { envelope: string; recordHash: string };
    const read = JSON.parse(row.envelope);
    const sig = other.kms.sign(Buffer.from(row.recordHash.slice(7), "hex")).toString("base64");
    for (const keyid of [other.kms.thumbprint, plane.kms.thumbprint]) {
      row.envelope = JSON.stringify({ ...read, signatures: [{ keyid, sig }] });
      const answer = refused(await plane.ask({}, governed));
      assert.equal(answer.code, "EVIDENCE_CHAIN_BROKEN");
    }
  });

  test("VAI-91 Evidence: edited attributes change nothing, the envelope is the evidence", async () => {
    const attributes = { outcome: "DENY", eventType: "IdentityDenied", identityId: "x", prev: "" };
    const { answer } = await afterEdits([
      { table: "evidence", key: "$chain|7", set: { ...attributes, recordHash: "sha256:00" } },
    ]);
    assert.equal(answer.code, "CONTRACT_CONSUMED");
  });
});

suite("a table edited by somebody without keys: State's keys", () => {
  test("VAI-64 VAI-69 retry keys removed: the chain itself recognises the retry", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const event = plane.event(governed);
    const first = await plane.issue(event);
    const state = plane.dynamo.table("state");
    for (const key of state.keys()) if (key.startsWith("retry#")) state.delete(key);
    const again = await plane.issue(event);
    assert.deepEqual(again, { ...first, deduplicated: true });
    assert.equal(plane.sts.executions.length, 1);
  });

  test("VAI-68 a retry key added: no grant is made that State says exists, and none is invented", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const mutation = { request: { set: { "/idempotencyKey": "planted" } } };
    const { thumbprint } = (await import("../support/keys.ts")).KEYS.agent;
    const pk = `retry#${thumbprint}#${governed.contractDigest}#issue`;
    const item = { pk, sk: "key#planted", value: "0198c7d2-0000-7000-8000-0000000fffff" };
    plane.dynamo.table("state").set(`${pk}|key#planted`, item);
    const answer = refused(await plane.ask(mutation, governed));
    assert.equal(answer.code, "EVIDENCE_CHAIN_BROKEN");
    assert.equal(plane.sts.executions.length, 0);
  });

  test("VAI-77 the contract index forged: a digest leads to another intent's chain, and names nothing there", async () => {
    const plane = await newPlane();
    const [governed, other] = [plane.contract(), plane.contract()];
    await plane.grant({}, other);
    const key = `contract#${governed.contractDigest}`;
    const item = { pk: key, sk: "chain", value: other.chainId };
    plane.dynamo.table("state").set(`${key}|chain`, item);
    const event = { remove: ["/contract"], set: { "/contractDigest": governed.contractDigest } };
    assert.equal(refused(await plane.ask({ event }, governed)).code, "CONTRACT_UNKNOWN");
  });

  test("VAI-77 the contract index of a bound contract forged: the chain that it leads to binds another", async () => {
    const plane = await newPlane();
    const two = { contract: { set: { "/authorization_details/0/limits/calls": 2 } } };
    const [governed, other] = [plane.contract(two), plane.contract()];
    const small = { request: { set: { "/operation/parameters/percent": 1 } } };
    await plane.grant(small, governed);
    await plane.grant({}, other);
    const index = plane.dynamo.table("state").get(`contract#${governed.contractDigest}|chain`);
    Object.assign(index ?? {}, { value: "unattributed/2026-05-05/0" });
    const event = { remove: ["/contract"], set: { "/contractDigest": governed.contractDigest } };
    const answer = refused(await plane.ask({ ...small, event }, governed));
    assert.equal(answer.code, "CONTRACT_UNKNOWN");
  });

  test("VAI-37 a contract id taken by somebody who only writes State: stricter, never wider", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const pk = `contract-id#governance.example#${governed.ids.contract}`;
    plane.dynamo.table("state").set(`${pk}|contract`, { pk, sk: "contract", value: "sha256:00" });
    assert.equal(refused(await plane.ask({}, governed)).code, "CONTRACT_MISMATCH");
    assert.equal(plane.sts.executions.length, 0);
  });
});

suite("a table edited by somebody without keys: the Registry", () => {
  const EDITS: readonly (readonly [string, TableEdit])[] = [
    ["the head's version", { table: "registry", key: "registry|head", set: { version: 2 } }],
    [
      "the head's policy digest",
      { table: "registry", key: "registry|head", set: { trustPolicyDigest: "$digest" } },
    ],
    [
      "the head's restrictions digest",
      { table: "registry", key: "registry|head", set: { restrictionsDigest: "$digest" } },
    ],
    ["the head deleted", { table: "registry", key: "registry|head", remove: true }],
    [
      "the restrictions replaced by others",
      {
        table: "registry",
        key: "registry|restrictions",
        set: {
          document: '{"halts":[],"openReviews":[],"quarantines":[],"revokedKeys":[{"jkt":"x"}]}',
        },
      },
    ],
    [
      "the restrictions in other white space",
      {
        table: "registry",
        key: "registry|restrictions",
        set: { document: '{"halts": [],"openReviews":[],"quarantines":[],"revokedKeys":[]}' },
      },
    ],
    ["the restrictions deleted", { table: "registry", key: "registry|restrictions", remove: true }],
    [
      "the newest policy deleted",
      { table: "registry", key: "trust-policy|000000001", remove: true },
    ],
    [
      "a newer policy that no anchor signed",
      { table: "registry", key: "trust-policy|000000002", set: { jws: "e30.e30.e30" } },
    ],
    [
      "the registry chain's last record deleted",
      { table: "evidence", key: "plane/registry|1", remove: true },
    ],
    [
      "the registry chain's head moved",
      { table: "state", key: "chain#plane/registry|head", set: { seq: 2 } },
    ],
    [
      "the registry chain's head deleted",
      { table: "state", key: "chain#plane/registry|head", remove: true },
    ],
  ];
  for (const [what, edit] of EDITS) {
    test(`VAI-12 VAI-63 ${what}`, async () => {
      const { answer, spent } = await afterEdits([edit]);
      assert.deepEqual(
        [answer.code, answer.stage, answer.retryable],
        ["REGISTRY_STALE", "contract", true],
      );
      assert.deepEqual(spent, nothing);
    });
  }

  /** A plane at version 2, which took an issuer away; the Registry is then put back to version 1. */
  async function rolledBack(tables: readonly ("registry" | "evidence" | "state")[]) {
    const plane = await newPlane();
    const before = new Map(
      tables.map((name) => [name, structuredClone(plane.dynamo.table(name))] as const),
    );
    await plane.publish({ remove: ["/issuers/1"] });
    for (const [name, items] of before) {
      plane.dynamo.table(name).clear();
      for (const [key, item] of items) plane.dynamo.table(name).set(key, item);
    }
    const mutation = { contract: { signedBy: "otherIssuer", set: { "/iss": "other.example" } } };
    return refused(await plane.ask(mutation as Mutation)).code;
  }

  test("VAI-59 VAI-63 the whole Registry put back to an older policy: its chain disagrees", async () => {
    assert.equal(await rolledBack(["registry"]), "REGISTRY_STALE");
  });
  test("VAI-59 VAI-63 Registry and State put back: the chain's record is not in its head", async () => {
    assert.equal(await rolledBack(["registry", "state"]), "REGISTRY_STALE");
  });
  test("VAI-59 VAI-63 Registry and Evidence put back: the chain's head knows more", async () => {
    assert.equal(await rolledBack(["registry", "evidence"]), "REGISTRY_STALE");
  });
});

suite("a table edited by somebody without keys: chains that accuse nobody", () => {
  test("VAI-91 an unattributed chain whose tail was edited is not appended to", async () => {
    const plane = await newPlane();
    const event = { nonsense: true };
    const { evidence } = refused(await plane.issue(event));
    assert.ok(evidence !== undefined);
    const row = plane.rows(evidence.chainId).at(-1) as { envelope: string } | undefined;
    Object.assign(row ?? {}, { envelope: row?.envelope.replace("payload", "Payload") });
    const again = refused(await plane.issue(event));
    assert.equal(again.code, "REQUEST_MALFORMED");
    assert.equal(again.evidence, undefined);
    assert.equal(plane.rows(evidence.chainId).length, 2);
  });

  test("VAI-91 a registry chain whose tail was edited takes no further policy", async () => {
    const plane = await newPlane();
    Object.assign(plane.rows("plane/registry")[0] ?? {}, { envelope: "{}" });
    const { jws } = plane.nextPolicy();
    const answer = refused(await plane.govern({ op: "publishTrustPolicy", trustPolicy: jws }));
    assert.equal(answer.code, "REGISTRY_STALE");
    assert.equal(plane.rows("plane/registry").length, 1);
  });
});
