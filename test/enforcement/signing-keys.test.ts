import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { verifyRecords } from "../../lib/audit/verify.ts";
import { KmsSigner } from "../../lib/aws/ports/kms-signer.ts";
import type { IssueDeps } from "../../lib/enforcement/deps.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import { MemoryKms } from "../support/memory-kms.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";

/*
 * Authority whose evidence nobody would accept is authority without evidence. A function seals only with a key that
 * the trust policy which it just read names, good now (PROTOCOL.md §5).
 */

const seconds = (plane: Plane): number => Math.floor(plane.world.now / 1000);
const END = "/planeKeys/0/notAfter";
const AHEAD = 130;

/** The functions of a plane are deployed with another evidence key. */
function deployed(plane: Plane): { readonly kms: MemoryKms; readonly deps: IssueDeps } {
  const kms = new MemoryKms(plane.faults);
  return { kms, deps: { ...plane.process(), signer: new KmsSigner(kms.client(), "next") } };
}

const publishNext = (plane: Plane, kms: MemoryKms): Promise<void> =>
  plane.publish({
    set: { "/planeKeys/2": { use: "evidence", key: kms.jwk, notBefore: seconds(plane) } },
  });

/** Every row of the plane holds under the keys of the trust policy in force. */
function assertVerifiable(plane: Plane): void {
  const keys = plane.policy.planeKeys.filter(({ use }) => use === "evidence");
  for (const chain of plane.chains()) {
    const { verdict, firstDefect } = verifyRecords(plane.rows(chain), keys);
    assert.equal(verdict, "unanchored", JSON.stringify(firstDefect));
  }
}

suite("the evidence key and the trust policy", () => {
  test("VAI-91 VAI-99 after the end of its key the plane grants nothing and writes nothing", async () => {
    const plane = await newPlane();
    await plane.publish({ set: { [END]: seconds(plane) + AHEAD } });
    await plane.grant();
    plane.world.pass(AHEAD);
    const governed = plane.contract();
    const before = plane.chains();
    for (const deps of [plane.deps, plane.process()]) {
      const answer = refused(await plane.issue(plane.event(governed), deps));
      assert.deepEqual(
        [answer.code, answer.stage, answer.retryable, answer.evidence],
        ["EVIDENCE_SIGNER_UNAVAILABLE", "evidence", true, undefined],
      );
    }
    assert.equal(plane.sts.executions.length, 1);
    assert.deepEqual(plane.chains(), before);
    const nonsense = refused(await plane.issue({ nonsense: true }));
    assert.deepEqual([nonsense.code, nonsense.evidence], ["REQUEST_MALFORMED", undefined]);
    assertVerifiable(plane);
  });

  test("VAI-91 VAI-99 a key that is deployed before it is published refuses requests until it is published", async () => {
    const plane = await newPlane();
    await plane.grant();
    const { kms, deps } = deployed(plane);
    plane.world.pass(5);
    const governed = plane.contract();
    const event = plane.event(governed);
    const early = refused(await plane.issue(event, deps));
    assert.deepEqual([early.code, early.evidence], ["EVIDENCE_SIGNER_UNAVAILABLE", undefined]);
    assert.match(early.detail, /is not in the trust policy; publish/);
    assert.equal(plane.sts.executions.length, 1);
    plane.deps = deps;
    await publishNext(plane, kms);
    assert.ok((await plane.issue(event, deps)).ok);
    assert.ok((await plane.issue(plane.event(plane.contract()), plane.process())).ok, "old key");
    assertVerifiable(plane);
  });

  test("VAI-91 a key of which the time has not come signs nothing", async () => {
    const plane = await newPlane();
    const { kms, deps } = deployed(plane);
    await plane.publish({
      set: { "/planeKeys/2": { use: "evidence", key: kms.jwk, notBefore: seconds(plane) + 60 } },
    });
    const answer = refused(await plane.issue(plane.event(plane.contract()), deps));
    assert.match(answer.detail, /is not in force before/);
    plane.world.pass(60);
    assert.ok((await plane.issue(plane.event(plane.contract()), deps)).ok);
    assertVerifiable(plane);
  });

  for (const [name, mutation] of [
    ["execute", {}],
    ["handle", HANDLE],
  ] as const) {
    test(`VAI-06 VAI-99 delivery ${name}: a key that ends before the function could leaves the call unmade`, async () => {
      const plane = await newPlane();
      plane.isWhole = false;
      await plane.publish({ set: { [END]: seconds(plane) + AHEAD } });
      const governed = plane.contract(mutation);
      const issued = mutation === HANDLE ? await plane.grant(mutation, governed) : undefined;
      plane.world.pass(AHEAD - 20);
      const answer = refused(
        issued === undefined
          ? await plane.issue(plane.event(governed, mutation))
          : await plane.execute(plane.redemption(governed, issued.handle)),
      );
      assert.equal(answer.code, "EVIDENCE_SIGNER_UNAVAILABLE");
      assert.match(answer.detail, /is in force only until/);
      assert.equal(plane.targets.calls.length, 0, "its outcome could not have been sealed");
      assertVerifiable(plane);
    });
  }

  test("VAI-06 X-01 delivery credentials: a key that ends before the function could lets none leave", async () => {
    const plane = await newPlane();
    await plane.publish({ set: { [END]: seconds(plane) + AHEAD } });
    plane.world.pass(AHEAD - 20);
    const answer = refused(await plane.ask(CREDENTIALS));
    assert.equal(answer.code, "EVIDENCE_SIGNER_UNAVAILABLE", answer.detail);
    assert.ok(!("credentials" in answer));
    assertVerifiable(plane);
  });

  test("VAI-06 VAI-105 a key that governance revokes between the barriers signs no start, and nothing is called", async () => {
    const plane = await newPlane();
    plane.isWhole = false;
    const { kms } = deployed(plane);
    const { assumeRole } = plane.deps;
    const other = plane.deps;
    const deps: IssueDeps = {
      ...plane.deps,
      assumeRole: async (input) => {
        const answer = await assumeRole(input);
        // Published by a function that is deployed with the next key already.
        plane.deps = { ...plane.process(), signer: new KmsSigner(kms.client(), "next") };
        await plane.publish({
          set: {
            "/planeKeys/0/revokedAt": seconds(plane),
            "/planeKeys/2": { use: "evidence", key: kms.jwk, notBefore: seconds(plane) },
          },
        });
        plane.deps = other;
        return answer;
      },
    };
    const answer = refused(await plane.issue(plane.event(plane.contract()), deps));
    assert.equal(answer.code, "EVIDENCE_SIGNER_UNAVAILABLE");
    assert.equal(plane.targets.calls.length, 0);
  });

  test("VAI-91 the first refusal of a new process is sealed under the policy that is read for it", async () => {
    const plane = await newPlane();
    const { evidence, code } = refused(await plane.issue({ nonsense: true }, plane.process()));
    assert.equal(code, "REQUEST_MALFORMED");
    const [record] = plane.records(evidence?.chainId ?? "");
    assert.equal(record?.trustPolicy, undefined, "nothing was judged by it");
    const { deps } = deployed(plane);
    assert.equal(refused(await plane.issue({ nonsense: 1 }, deps)).evidence, undefined);
    assertVerifiable(plane);
  });

  test("VAI-91 REGISTRY_STALE of a policy that has ended is sealed under it all the same", async () => {
    const plane = await newPlane();
    plane.world.pass(31 * 24 * 3600);
    for (const deps of [plane.deps, plane.process()]) {
      const answer = refused(await plane.issue(plane.event(plane.contract()), deps));
      assert.equal(answer.code, "REGISTRY_STALE");
      assert.equal(plane.records(answer.evidence?.chainId ?? "").at(-1)?.trustPolicy?.version, 1);
    }
  });
});

suite("the end of a key, as it is published", () => {
  const govern = async (plane: Plane, change: object) => {
    const { jws } = plane.nextPolicy({ set: change as Record<string, unknown> });
    return plane.govern({ op: "publishTrustPolicy", trustPolicy: jws });
  };

  test("VAI-91 an end in the past, or nearer than what is being sealed now, is refused by its place", async () => {
    for (const ahead of [-3000, 0, 119]) {
      const plane = await newPlane();
      const { kms } = deployed(plane);
      const answer = refused(
        await govern(plane, {
          "/planeKeys/2": {
            ...{ use: "evidence", key: kms.jwk, notBefore: seconds(plane) - 4000 },
            notAfter: seconds(plane) + ahead,
          },
        }),
      );
      assert.deepEqual(
        [answer.code, answer.pointer],
        ["COMMAND_MALFORMED", "/trustPolicy/planeKeys/2/notAfter"],
        String(ahead),
      );
    }
  });

  test("VAI-91 an end 120 s ahead is accepted, and stays accepted when it has come", async () => {
    const plane = await newPlane();
    const { kms } = deployed(plane);
    const added = { use: "evidence", key: kms.jwk, notBefore: seconds(plane) };
    const end = seconds(plane) + 120;
    await plane.publish({ set: { "/planeKeys/2": { ...added, notAfter: end } } });
    plane.world.pass(500);
    await plane.publish();
    assert.equal(plane.policy.planeKeys[2]?.notAfter, end);
  });
});
