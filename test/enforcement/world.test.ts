import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { canonicalize } from "../../lib/encoding/canonical-json.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { chainRecords, REGISTRY_CHAIN } from "../../lib/evidence/chain.ts";
import { sealRecords } from "../../lib/evidence/seal.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";
import { PLANE } from "../support/trust.ts";

const HEAD = "registry|head";
const LAST = `${REGISTRY_CHAIN}|`;

/** Calls by dependency that one action makes. */
async function callsOf(plane: Plane, action: () => Promise<unknown>) {
  plane.faults.counts.clear();
  await action();
  return Object.fromEntries(plane.faults.counts);
}

/** Another restrictions document comes into force, sealed by the plane's own key: what a later version could write. */
async function restrict(plane: Plane, restrictions: object): Promise<void> {
  const registry = plane.dynamo.table(TABLES.registry);
  const head = registry.get(HEAD) as never as Record<string, never>;
  const document = canonicalize(restrictions);
  const restrictionsDigest = sha256Digest(document);
  const { version, trustPolicyDigest } = head;
  const records = chainRecords(
    [
      {
        type: "TrustPolicyPublished",
        detail: { version, trustPolicyDigest, restrictionsDigest } as never,
      },
    ],
    { seq: head["seq"] as never, hash: head["recordHash"] as never },
    {
      plane: PLANE,
      chainId: REGISTRY_CHAIN,
      source: {
        ...{ component: "govern", version: "0", account: "000000000000" },
        ...{ region: "us-east-1", requestId: "r" },
      },
      at: new Date(plane.world.now).toISOString(),
      about: {},
      eventDigest: restrictionsDigest,
      newId: plane.world.newId,
    },
  );
  const [row] = await sealRecords(records, plane.deps.signer);
  assert.ok(row !== undefined);
  plane.dynamo.table(TABLES.evidence).set(`${LAST}${row.seq}`, { ...row } as never);
  const chainHead = { pk: `chain#${REGISTRY_CHAIN}`, sk: "head", seq: row.seq };
  plane.dynamo
    .table(TABLES.state)
    .set(`chain#${REGISTRY_CHAIN}|head`, { ...chainHead, hash: row.recordHash } as never);
  registry.set("registry|restrictions", { pk: "registry", sk: "restrictions", document } as never);
  const next = { ...head, restrictionsDigest, seq: row.seq, recordHash: row.recordHash };
  registry.set(HEAD, next as never);
}

suite("the world, read once", () => {
  test("VAI-62 while the Registry is unchanged an action makes twelve calls and the target's first read", async () => {
    const plane = await newPlane();
    await plane.grant();
    assert.deepEqual(await callsOf(plane, () => plane.grant()), {
      "heads:read": 2,
      "evidence:read": 1,
      "signer:sign": 3,
      "evidence:write": 3,
      sts: 1,
      "target:preRead": 1,
      "target:call": 1,
      "target:readBack": 1,
    });
  });

  test("VAI-62 documents are read when a head moved, and then not again", async () => {
    const plane = await newPlane();
    const reads = async (): Promise<number | undefined> =>
      (await callsOf(plane, () => plane.grant()))["heads:read"];
    // Heads, documents, the chain's own head; heads again before the call.
    assert.equal(await reads(), 4);
    assert.equal(await reads(), 2);
    await plane.publish();
    assert.equal(await reads(), 3);
    assert.equal(await reads(), 2);
  });

  test("VAI-105 a policy that was replaced is seen by the very next request", async () => {
    const plane = await newPlane();
    await plane.grant();
    const publisher = plane.deps;
    plane.deps = plane.process();
    await plane.grant();
    const serving = plane.deps;
    plane.deps = publisher;
    await plane.publish({ remove: ["/issuers/0"] });
    const answer = refused(await plane.issue(plane.event(plane.contract()), serving));
    assert.equal(answer.code, "CONTRACT_ISSUER_UNTRUSTED");
  });

  test("VAI-105 a policy that has ended is seen by the very next request", async () => {
    const plane = await newPlane();
    await plane.grant();
    plane.world.now = plane.policy.exp * 1000 - 1;
    const last = plane.event(plane.contract());
    plane.world.now += 1;
    assert.equal(refused(await plane.issue(last)).code, "REGISTRY_STALE");
  });

  test("VAI-105 a halt is seen by the very next request: what this version cannot act on stops everything", async () => {
    const plane = await newPlane();
    await plane.grant();
    const restrictions = { halts: [{ all: true }], quarantines: [], reviews: [], revokedKeys: [] };
    await restrict(plane, restrictions);
    assert.equal(refused(await plane.ask()).code, "REGISTRY_STALE");
    await restrict(plane, { ...restrictions, halts: [] });
    await plane.grant();
  });

  test("VAI-105 a denial that still lacks its record is seen by the very next request", async () => {
    const plane = await newPlane();
    await plane.grant();
    const head = plane.dynamo.table(TABLES.registry).get(HEAD);
    Object.assign(head ?? {}, { pending: "a halt" });
    assert.equal(refused(await plane.ask()).code, "REGISTRY_STALE");
  });

  test("VAI-63 keys that a batch leaves unprocessed are asked for again, and are never taken as absent", async () => {
    for (const left of [1, 2, 5, 7]) {
      const plane = await newPlane();
      const governed = plane.contract();
      const event = plane.event(governed);
      await plane.grant();
      const first = await plane.issue(event);
      plane.dynamo.unprocessed = left;
      assert.deepEqual(await plane.issue(event), { ...first, deduplicated: true });
      assert.equal(plane.dynamo.unprocessed, 0, "the batch was short");
    }
  });

  test("VAI-63 keys that stay unprocessed are a dependency that failed", async () => {
    const plane = await newPlane();
    await plane.grant();
    plane.dynamo.unprocessed = 10_000;
    const answer = refused(await plane.ask());
    assert.deepEqual(
      [answer.code, answer.stage, answer.retryable],
      ["DEPENDENCY_UNAVAILABLE", "contract", true],
    );
    assert.equal(plane.sts.executions.length, 1);
  });

  test("VAI-68 a retry key that the chain does not know refuses before anything is derived or assumed", async () => {
    const plane = await newPlane();
    await plane.grant();
    const governed = plane.contract();
    const event = plane.event(governed);
    await plane.issue(event);
    const evidence = plane.dynamo.table(TABLES.evidence);
    for (const { seq } of plane.rows(governed.chainId))
      evidence.delete(`${governed.chainId}|${seq}`);
    plane.dynamo.table(TABLES.state).delete(`chain#${governed.chainId}|head`);
    const calls = await callsOf(plane, async () => {
      const answer = refused(await plane.issue(event));
      assert.deepEqual([answer.code, answer.stage], ["EVIDENCE_CHAIN_BROKEN", "executor"]);
    });
    assert.equal(calls["sts"], undefined);
    assert.equal(calls["target:preRead"], undefined);
  });
});

suite("the trust policy ends while a request is under way", () => {
  /** Milliseconds before the policy's end at which the request comes; `at`: what takes until after it. */
  async function inFlight(at: "sts" | "barrier 2") {
    const plane = await newPlane();
    await plane.grant();
    plane.world.now = plane.policy.exp * 1000 - 2_000;
    const { assumeRole, evidence } = plane.deps;
    let appends = 0;
    plane.deps = {
      ...plane.deps,
      assumeRole: async (input) => {
        const answer = await assumeRole(input);
        if (at === "sts") plane.world.pass(3);
        return answer;
      },
      evidence: {
        readRows: evidence.readRows.bind(evidence),
        readChain: evidence.readChain.bind(evidence),
        readTail: evidence.readTail.bind(evidence),
        append: async (step) => {
          const result = await evidence.append(step);
          appends += 1;
          if (at === "barrier 2" && appends === 2) plane.world.pass(3);
          return result;
        },
      },
    };
    const answer = await plane.ask();
    return { plane, answer };
  }

  test("VAI-105 between reading and barrier 2: refused, nothing is called", async () => {
    const { plane, answer } = await inFlight("sts");
    assert.equal(refused(answer).code, "REGISTRY_STALE");
    assert.equal(plane.targets.calls.length, 1);
  });

  test("VAI-105 between barrier 2 and the call: the call is not begun", async () => {
    const { plane, answer } = await inFlight("barrier 2");
    assert.ok(answer.ok, JSON.stringify(answer));
    assert.equal(answer.outcome?.error?.name, "TrustPolicyEndsBeforeCall");
    assert.equal(plane.targets.calls.length, 1);
  });
});
