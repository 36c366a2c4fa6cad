import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { verifyRecords } from "../../lib/audit/verify.ts";
import { KmsSigner } from "../../lib/aws/ports/kms-signer.ts";
import type { Answer } from "../../lib/enforcement/answer.ts";
import type { IssueDeps } from "../../lib/enforcement/deps.ts";
import { genesisHead } from "../../lib/evidence/chain.ts";
import type { EvidenceStore, StoredRow } from "../../lib/evidence/ports.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import type { Mutation } from "../support/governed.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { MemoryKms } from "../support/memory-kms.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";
import { PLANE } from "../support/trust.ts";

/*
 * Ways to make the plane write what nobody can verify, to ask STS or KMS without end, or to let authority leave when
 * its evidence, its policy or its time is over (PROTOCOL.md §5, §6).
 */

const seconds = (plane: Plane): number => Math.floor(plane.world.now / 1000);

/** Sessions of an execution role. */
const grants = (plane: Plane): number => plane.effects().executions;

/** Evidence with some of its ways replaced. */
function withEvidence(
  deps: IssueDeps,
  replaced: (own: EvidenceStore) => Partial<EvidenceStore>,
): IssueDeps {
  const own = deps.evidence;
  const evidence: EvidenceStore = {
    readRows: (chain) => own.readRows(chain),
    readChain: (chain, after) => own.readChain(chain, after),
    readTail: (chain) => own.readTail(chain),
    append: (step) => own.append(step),
    ...replaced(own),
  };
  return { ...deps, evidence };
}

/** After the `n`-th durable append, `then` happens before anything else. */
const afterAppend = (deps: IssueDeps, n: number, then: () => void): IssueDeps => {
  let count = 0;
  return withEvidence(deps, (own) => ({
    append: async (step) => {
      const result = await own.append(step);
      count += 1;
      if (count === n) then();
      return result;
    },
  }));
};

const evidenceKeysOf = (plane: Plane) =>
  plane.policy.planeKeys.filter(({ use }) => use === "evidence");

suite("the key that seals", () => {
  test("VAI-91 ADV-22 garbage sent to a process that read its trust policy long ago is not sealed with a key that has ended since", async () => {
    const plane = await newPlane();
    const other = plane.process();
    const first = refused(await plane.issue({ nonsense: 1 }, other));
    assert.ok(first.evidence);
    await plane.publish({ set: { "/planeKeys/0/notAfter": seconds(plane) + 130 } });
    plane.world.pass(3600);
    const second = refused(await plane.issue({ nonsense: 2 }, other));
    assert.equal(second.evidence, undefined);
    for (const chain of plane.chains()) {
      assert.equal(verifyRecords(plane.rows(chain), evidenceKeysOf(plane)).verdict, "unanchored");
    }
  });

  test("VAI-91 while the Registry says nothing that holds, a refusal is sealed under what was in force a minute ago, and under nothing older", async () => {
    for (const [seconds, isWritten] of [
      [59, true],
      [60, false],
    ] as const) {
      const plane = await newPlane();
      const other = plane.process();
      assert.ok(refused(await plane.issue({ nonsense: 1 }, other)).evidence);
      plane.world.pass(seconds);
      plane.dynamo.table(TABLES.registry).delete("registry|head");
      const { evidence } = refused(await plane.issue({ nonsense: 2 }, other));
      assert.equal(evidence !== undefined, isWritten, `${seconds} s later`);
    }
  });

  test("VAI-99 a handle asks STS for nothing while the evidence key is not in the trust policy", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    const signer = new KmsSigner(new MemoryKms(plane.faults).client(), "next");
    const before = grants(plane);
    const answer = refused(
      await plane.execute(plane.redemption(governed, handle), { ...plane.process(), signer }),
    );
    assert.equal(answer.code, "EVIDENCE_SIGNER_UNAVAILABLE");
    assert.equal(grants(plane), before);
  });

  test("VAI-99 a use is not spent when the key ends before the function could record an outcome", async () => {
    const plane = await newPlane();
    const end = seconds(plane) + 130;
    await plane.publish({ set: { "/planeKeys/0/notAfter": end } });
    plane.world.now = (end - 10) * 1000;
    const answer = refused(await plane.issue(plane.event(plane.contract())));
    assert.equal(answer.code, "EVIDENCE_SIGNER_UNAVAILABLE");
    assert.equal(plane.effects().retryKeys, 0);
  });

  test("OKG-14 no handle is granted that an ended plane key would sign", async () => {
    const plane = await newPlane();
    await plane.publish({ set: { "/planeKeys/1/notAfter": seconds(plane) + 130 } });
    plane.world.pass(200);
    const answer = refused(await plane.issue(plane.event(plane.contract(HANDLE), HANDLE)));
    assert.equal(answer.code, "EVIDENCE_SIGNER_UNAVAILABLE");
    assert.equal(plane.effects().retryKeys, 0);
  });

  test("VAI-91 the key is in force at the time that the records say, not a moment later", async () => {
    const plane = await newPlane();
    const kms = new MemoryKms(plane.faults);
    const notBefore = seconds(plane) + 60;
    await plane.publish({ set: { "/planeKeys/2": { use: "evidence", key: kms.jwk, notBefore } } });
    // Every look at the clock is a millisecond later, so that one of them falls on the border.
    for (let early = 1; early < 12; early++) {
      let now = notBefore * 1000 - early;
      plane.world.now = now;
      const deps = {
        ...plane.process(),
        signer: new KmsSigner(kms.client(), "next"),
        clock: () => now++,
      };
      await plane.issue(plane.event(plane.contract()), deps);
    }
    for (const chain of plane.chains()) {
      const { verdict, firstDefect } = verifyRecords(plane.rows(chain), evidenceKeysOf(plane));
      assert.equal(verdict, "unanchored", JSON.stringify(firstDefect));
    }
  });

  test("VAI-71 what a newer trust policy refuses at barrier 2 names that policy, and is sealed by no key that it revokes", async () => {
    for (const isRevoked of [false, true]) {
      const plane = await newPlane();
      plane.isWhole = false;
      const governed = plane.contract();
      const own = plane.deps;
      const next = new MemoryKms(plane.faults);
      let sealedBefore = 0;
      const assumeRole: IssueDeps["assumeRole"] = async (input) => {
        const session = await own.assumeRole(input);
        plane.deps = { ...plane.process(), signer: new KmsSigner(next.client(), "next") };
        await plane.publish({
          set: {
            ...(isRevoked && { "/planeKeys/0/revokedAt": seconds(plane) }),
            "/planeKeys/2": { use: "evidence", key: next.jwk, notBefore: seconds(plane) },
            "/issuers": plane.policy.issuers.filter(({ name }) => name !== "governance.example"),
          },
        });
        sealedBefore = plane.rows(governed.chainId).length;
        plane.deps = own;
        return session;
      };
      refused(await plane.issue(plane.event(governed), { ...own, assumeRole }));
      const after = plane
        .rows(governed.chainId)
        .slice(sealedBefore)
        .map(({ record }) => JSON.parse(record) as EvidenceRecord);
      assert.deepEqual(
        [...new Set(after.map(({ trustPolicy }) => trustPolicy?.version))],
        isRevoked ? [] : [2],
      );
    }
  });
});

suite("time that passes behind the last look", () => {
  const cases: { readonly name: string; readonly until: (plane: Plane) => number }[] = [
    { name: "the trust policy", until: (plane) => plane.policy.exp },
    { name: "the contract", until: (plane) => seconds(plane) + 20 },
  ];
  for (const { name, until } of cases) {
    test(`VAI-34 credentials do not leave once ${name} has ended while their record was stored`, async () => {
      const plane = await newPlane();
      const end = until(plane);
      if (end === plane.policy.exp) plane.world.now = (end - 2) * 1000;
      const exp = Math.min(end, seconds(plane) + 600);
      const mutation: Mutation =
        end === plane.policy.exp
          ? CREDENTIALS
          : {
              ...CREDENTIALS,
              contract: {
                ...CREDENTIALS.contract,
                set: { ...CREDENTIALS.contract?.set, "/exp": exp },
              },
            };
      const deps = afterAppend(plane.deps, 2, () => plane.world.pass(end - seconds(plane) + 1));
      const answer = refused(
        await plane.issue(plane.event(plane.contract(mutation), mutation), deps),
      );
      assert.ok(!("credentials" in answer));
      const chain = plane.chains().find((each) => each.startsWith("intent/")) ?? "";
      const types = plane.records(chain).map(({ event }) => event.type);
      assert.ok(types.includes("ExecutionRejected"), types.join());
    });
  }
});

suite("what State says", () => {
  test("ADV-20 a head of number 0 in State keeps nobody from a chain's first record", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const { chainId } = governed;
    plane.dynamo.table(TABLES.state).set(`chain#${chainId}|head`, {
      pk: `chain#${chainId}`,
      sk: "head",
      seq: 0,
      hash: genesisHead(PLANE, chainId).hash,
    });
    const answer: Answer = await plane.issue(plane.event(governed));
    assert.equal(answer.ok, true);
  });

  test("VAI-64 ADV-21 a redemption whose records were rolled back is not run a second time by the very same request", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    const granted = plane.rows(governed.chainId).length;
    const head = structuredClone(
      plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`),
    );
    const event = plane.redemption(governed, handle);
    assert.equal((await plane.execute(event)).ok, true);
    const { calls } = plane.effects();
    const rows = plane.dynamo.table(TABLES.evidence);
    for (const [key, row] of rows) {
      if (row["chainId"] === governed.chainId && Number(row["seq"]) > granted) rows.delete(key);
    }
    plane.dynamo.table(TABLES.state).set(`chain#${governed.chainId}|head`, head ?? {});
    const again = refused(await plane.execute(event));
    assert.equal(again.code, "EVIDENCE_CHAIN_BROKEN");
    assert.equal(plane.effects().calls, calls);
  });

  test("OKG-27 a row that is not visible yet breaks no chain", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    let isFirst = true;
    const deps = withEvidence(plane.deps, (own) => ({
      readRows: async (chain): Promise<readonly StoredRow[]> => {
        const rows = await own.readRows(chain);
        if (!isFirst) return rows;
        isFirst = false;
        return rows.filter((_, index) => index !== rows.length - 2);
      },
    }));
    assert.equal((await plane.execute(plane.redemption(governed, handle), deps)).ok, true);
    assert.equal(isFirst, false);
  });
});

suite("whoever writes the Registry alone", () => {
  type Rows = Map<string, Record<string, unknown>>;
  const attacks: {
    readonly name: string;
    readonly change: (registry: Rows, old: Record<string, unknown>, plane: Plane) => void;
  }[] = [
    {
      name: "the old version and digest in the head, and the newer policy gone",
      change: (registry, { version, trustPolicyDigest }) => {
        registry.set("registry|head", {
          ...registry.get("registry|head"),
          version,
          trustPolicyDigest,
        });
        registry.delete("trust-policy|000000002");
      },
    },
    {
      name: "the old policy under the new version's key",
      change: (registry) => {
        const row = registry.get("trust-policy|000000002");
        registry.set("trust-policy|000000002", {
          ...registry.get("trust-policy|000000001"),
          sk: row?.["sk"],
        });
      },
    },
    {
      name: "both heads name a record that does not exist",
      change: (registry, _, plane) => {
        const recordHash = `sha256:${"0".repeat(64)}`;
        registry.set("registry|head", { ...registry.get("registry|head"), recordHash });
        const state = plane.dynamo.table(TABLES.state);
        const key = "chain#plane/registry|head";
        state.set(key, { ...state.get(key), hash: recordHash });
      },
    },
  ];
  for (const { name, change } of attacks) {
    test(`VAI-118 a removed issuer stays removed: ${name}`, async () => {
      const plane = await newPlane();
      const registry = plane.dynamo.table(TABLES.registry) as Rows;
      const old = structuredClone(registry.get("registry|head") ?? {});
      const event = plane.event(plane.contract());
      await plane.publish({ remove: ["/issuers/0"] });
      assert.equal(
        refused(await plane.issue(event, plane.process())).code,
        "CONTRACT_ISSUER_UNTRUSTED",
      );
      change(registry, old, plane);
      assert.equal(refused(await plane.issue(event, plane.process())).code, "REGISTRY_STALE");
    });
  }

  test("VAI-118 the first policy is not published a second time while any record of its chain is left", async () => {
    const plane = await newPlane();
    const registry = plane.dynamo.table(TABLES.registry) as Rows;
    const first =
      registry.get("trust-policy|000000001")?.["jws"] ??
      registry.get("trust-policy|000000001")?.["document"];
    assert.equal(typeof first, "string");
    await plane.publish({ set: { "/exp": plane.policy.exp + 1 } });
    await plane.publish({ set: { "/exp": plane.policy.exp + 2 } });
    registry.clear();
    plane.dynamo.table(TABLES.state).delete("chain#plane/registry|head");
    const rows = plane.dynamo.table(TABLES.evidence);
    for (const [key, row] of rows) {
      if (row["chainId"] === "plane/registry" && row["seq"] === 1) rows.delete(key);
    }
    const answer = await plane.govern(
      { op: "publishTrustPolicy", trustPolicy: first },
      plane.process(),
    );
    assert.equal(answer.ok, false);
    assert.equal(refused(answer).code, "REGISTRY_STALE");
  });
});
