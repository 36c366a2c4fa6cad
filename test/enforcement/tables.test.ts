import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { digestBytes, sha256Digest } from "../../lib/encoding/digest.ts";
import { preAuthEncoding } from "../../lib/encoding/dsse.ts";
import { type Attack, attackPlane, type TableEdit } from "../support/attack.ts";
import type { Mutation } from "../support/governed.ts";
import { newPlane, refused } from "../support/plane.ts";

/*
 * Somebody can write one of the tables and holds no key. Each edit below is made after one use of a contract for
 * one; then the agent asks again. Nobody may gain a use by it, and nothing may be appended to a chain that broke.
 */

const ONE_USE: Attack = { history: [{ request: { set: { "/operation/parameters/percent": 1 } } }] };
const HEAD = "chain#$chain|head";

async function afterEdits(tables: readonly TableEdit[], mutate: Mutation = {}, cold = false) {
  return attackPlane({ ...ONE_USE, tables, mutate, ...(cold && { cold }) });
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
    "Evidence: the last record replaced by none",
    { table: "evidence", key: "$chain|$last", set: { record: "{}" } },
  ],
  [
    "Evidence: the last seal replaced by none",
    { table: "evidence", key: "$chain|$last", set: { seal: "{}" } },
  ],
  [
    "Evidence: the row that carries a seal deleted",
    { table: "evidence", key: "$chain|9", remove: true },
  ],
  [
    "Evidence: a row that names another row's seal",
    { table: "evidence", key: "$chain|2", set: { sealSeq: 9 } },
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

  test("VAI-59 State and its head rolled back together with the deleted record still lose the retry keys' word", async () => {
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

/** A row that a writer of the table edits. */
interface Edited {
  record: string;
  seal?: string;
  sealSeq: number;
}

suite("a table edited by somebody without keys: forged records", () => {
  /** One use; then the rows of the chain are edited; then the agent asks anew. */
  async function forged(edit: (rows: Edited[], other: readonly Edited[]) => void) {
    const plane = await newPlane();
    plane.isWhole = false;
    const [governed, other] = [plane.contract(), plane.contract()];
    await plane.grant({}, governed);
    await plane.grant({}, other);
    edit(plane.rows(governed.chainId) as Edited[], plane.rows(other.chainId) as Edited[]);
    const before = plane.effects();
    const answer = refused(await plane.ask({}, governed));
    assert.deepEqual(plane.effects(), before);
    assert.equal(plane.rows(governed.chainId).length, 11, "nothing was appended");
    return answer.code;
  }

  const at = <T>(rows: readonly T[], index: number): T => {
    const row = rows.at(index);
    assert.ok(row !== undefined);
    return row;
  };
  const sealed = (row: Edited, change: (seal: Record<string, unknown>) => object): void => {
    row.seal = JSON.stringify(change(JSON.parse(row.seal ?? "")));
  };
  const restated = (row: Edited, change: (payload: string) => string): void =>
    sealed(row, ({ payload, ...rest }) => {
      const text = Buffer.from(String(payload), "base64").toString("utf8");
      const changed = change(text);
      assert.notEqual(changed, text);
      return { payload: Buffer.from(changed).toString("base64"), ...rest };
    });

  const EDITS: readonly (readonly [string, (rows: Edited[], other: readonly Edited[]) => void])[] =
    [
      [
        "the last record says that the execution failed to be one",
        (rows) => {
          at(rows, -1).record = at(rows, -1).record.replace("COMPLETED", "REVOKED");
        },
      ],
      [
        "the issuance says that it was another step",
        (rows) => {
          at(rows, 6).record = at(rows, 6).record.replace('"step":"shift"', '"step":"spent"');
        },
      ],
      [
        "the last record is a copy of another chain's",
        (rows, other) => {
          at(rows, -1).record = at(other, -1).record;
        },
      ],
      [
        "the last record and its seal are copies of another chain's",
        (rows, other) => {
          for (const index of [9, 10]) {
            const { record, seal } = at(other, index);
            Object.assign(at(rows, index), { record, ...(seal !== undefined && { seal }) });
          }
        },
      ],
      [
        "two records of one seal exchanged",
        (rows) => {
          const [left, right] = [at(rows, 9), at(rows, 10)];
          [left.record, right.record] = [right.record, left.record];
        },
      ],
      [
        "two seals exchanged",
        (rows) => {
          const [left, right] = [at(rows, 8), at(rows, 10)];
          [left.seal, right.seal] = [right.seal as string, left.seal as string];
        },
      ],
      [
        "the signature taken from another seal",
        (rows) => {
          const donor = JSON.parse(at(rows, 6).seal ?? "");
          sealed(at(rows, -1), (seal) => ({ ...seal, signatures: donor.signatures }));
        },
      ],
      [
        "a second signature added",
        (rows) =>
          sealed(at(rows, -1), (seal) => {
            const list = seal["signatures"] as object[];
            return { ...seal, signatures: [...list, ...list] };
          }),
      ],
      [
        "white space in the seal",
        (rows) => {
          at(rows, -1).seal += " ";
        },
      ],
      [
        "white space in a record",
        (rows) => {
          at(rows, -1).record += " ";
        },
      ],
      [
        "a subject of the seal left out",
        (rows) =>
          restated(at(rows, -1), (text) => {
            const statement = JSON.parse(text);
            statement.subject.pop();
            return JSON.stringify(statement);
          }),
      ],
      [
        "the seal's time moved",
        (rows) => restated(at(rows, -1), (text) => text.replace(/"at":"2/, '"at":"3')),
      ],
      [
        "the seal of one record more put on the row before",
        (rows) => {
          at(rows, 9).seal = at(rows, 10).seal as string;
          at(rows, 9).sealSeq = 10;
        },
      ],
      [
        "the seal taken from the last row",
        (rows) => {
          delete at(rows, -1).seal;
        },
      ],
    ];
  for (const [what, edit] of EDITS) {
    test(`ADV-20 VAI-91 OKG-26 Evidence: ${what}`, async () => {
      assert.equal(await forged(edit), "EVIDENCE_CHAIN_BROKEN");
    });
  }

  test("ADV-68 Evidence: a transaction sealed again with another good key", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    await plane.grant({}, governed);
    const other = await newPlane();
    const row = at(plane.rows(governed.chainId), -1) as Edited;
    const { payload, payloadType } = JSON.parse(row.seal ?? "");
    const signed = preAuthEncoding(payloadType, Buffer.from(payload, "base64"));
    const sig = other.kms.sign(digestBytes(sha256Digest(signed))).toString("base64");
    for (const keyid of [other.kms.thumbprint, plane.kms.thumbprint]) {
      sealed(row, (seal) => ({ ...seal, signatures: [{ keyid, sig }] }));
      const answer = refused(await plane.ask({}, governed));
      assert.equal(answer.code, "EVIDENCE_CHAIN_BROKEN");
    }
  });

  test("VAI-91 Evidence: edited attributes change nothing, record and seal are the evidence", async () => {
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
    ["the head's number of a record", { table: "registry", key: "registry|head", set: { seq: 2 } }],
    [
      "the head's hash of a record",
      { table: "registry", key: "registry|head", set: { recordHash: "$digest" } },
    ],
    [
      "a denial of which no record is there",
      { table: "registry", key: "registry|head", set: { pending: { halt: "x" } } },
    ],
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
      "the registry chain's head moved",
      { table: "state", key: "chain#plane/registry|head", set: { seq: 2 } },
    ],
    [
      "the registry chain's head deleted",
      { table: "state", key: "chain#plane/registry|head", remove: true },
    ],
    [
      "a record behind the one that both heads name",
      { table: "evidence", key: "plane/registry|2", set: { record: "{}" } },
    ],
  ];
  for (const [what, edit] of EDITS) {
    for (const cold of [false, true]) {
      test(`VAI-105 ${what}, in a ${cold ? "new" : "warm"} process`, async () => {
        const { answer, spent } = await afterEdits([edit], {}, cold);
        assert.deepEqual(
          [answer.code, answer.stage, answer.retryable],
          ["REGISTRY_STALE", "contract", true],
        );
        assert.deepEqual(spent, nothing);
      });
    }
  }

  /** What a process that has verified it does not read again, and so is not fooled by. */
  const UNREAD: readonly (readonly [string, TableEdit])[] = [
    [
      "the restrictions replaced by others",
      {
        table: "registry",
        key: "registry|restrictions",
        set: {
          document: '{"halts":[],"quarantines":[],"reviews":[],"revokedKeys":[{"jkt":"x"}]}',
        },
      },
    ],
    [
      "the restrictions in other white space",
      {
        table: "registry",
        key: "registry|restrictions",
        set: { document: '{"halts": [],"quarantines":[],"reviews":[],"revokedKeys":[]}' },
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
  ];
  for (const [what, edit] of UNREAD) {
    test(`VAI-105 ${what}: a new process refuses, a warm one goes on with what it verified`, async () => {
      const cold = await afterEdits([edit], {}, true);
      assert.deepEqual(
        [cold.answer.code, cold.answer.stage, cold.answer.retryable],
        ["REGISTRY_STALE", "contract", true],
      );
      assert.deepEqual(cold.spent, nothing);
      const { answer, spent } = await afterEdits([edit]);
      assert.deepEqual([answer.code, spent], ["CONTRACT_CONSUMED", nothing]);
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
    const row = plane.rows(evidence.chainId).at(-1);
    Object.assign(row ?? {}, { seal: row?.seal?.replace("payload", "Payload") });
    const again = refused(await plane.issue(event));
    assert.equal(again.code, "REQUEST_MALFORMED");
    assert.equal(again.evidence, undefined);
    assert.equal(plane.rows(evidence.chainId).length, 2);
  });

  test("VAI-91 a registry chain whose tail was edited takes no further policy", async () => {
    const plane = await newPlane();
    Object.assign(plane.rows("plane/registry")[0] ?? {}, { record: "{}" });
    const { jws } = plane.nextPolicy();
    const answer = refused(await plane.govern({ op: "publishTrustPolicy", trustPolicy: jws }));
    assert.equal(answer.code, "REGISTRY_STALE");
    assert.equal(plane.rows("plane/registry").length, 1);
  });
});
