import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import { LIVE_IS_6, type Mutation } from "../support/governed.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";

const supposing = (change: object = {}, contract: Record<string, unknown> = {}): Mutation => ({
  contract: { set: { "/assumptions": [{ ...LIVE_IS_6, ...change }], ...contract } },
});

const detailOf = (plane: Plane, chainId: string, type: string): Record<string, unknown> =>
  plane.records(chainId).find(({ event }) => event.type === type)?.detail ?? {};

suite("assumptions about the world", () => {
  test("VAI-31 VAI-89 one that holds is read before issuance and again before the call, both in evidence", async () => {
    const plane = await newPlane();
    const mutation = supposing();
    const governed = plane.contract(mutation);
    const answer = await plane.grant(mutation, governed);
    assert.equal(answer.outcome?.status, "succeeded");
    const digest = documentDigest("6");
    for (const type of ["ProofValidated", "ContextRechecked"]) {
      const { assumptions } = detailOf(plane, governed.chainId, type);
      const [seen] = assumptions as { name: string; digest: string; observedAt: string }[];
      assert.equal(seen?.name, "live-is-6", type);
      assert.equal(seen?.digest, digest, type);
      assert.match(String(seen?.observedAt), /^2026-.*Z$/);
    }
    const types = plane.types(governed.chainId);
    assert.deepEqual(types.slice(-3), [
      "ContextRechecked",
      "ExecutionCompleted",
      "IdentityCompleted",
    ]);
  });

  test("VAI-76 it is read by the reader role and never by the issued session", async () => {
    const plane = await newPlane();
    await plane.grant(supposing());
    const [issued] = plane.sts.executions;
    assert.ok(issued && plane.targets.readers.length >= 3);
    const key = plane.targets.calls[0]?.accessKeyId;
    assert.ok(!plane.targets.readers.includes(String(key)));
  });

  test("VAI-86 LOW without recheck is not read again: a change in between goes unseen", async () => {
    const plane = await newPlane();
    plane.targets.answers.set("lambda:GetAlias", [
      { FunctionVersion: "6" },
      { FunctionVersion: "7" },
    ]);
    const mutation = supposing({ recheck: false });
    const governed = plane.contract(mutation);
    assert.equal((await plane.grant(mutation, governed)).outcome?.status, "succeeded");
    assert.ok(!plane.types(governed.chainId).includes("ContextRechecked"));
  });

  test("VAI-86 HIGH is read again whatever the contract says", async () => {
    const open = { approvals: 0, attestations: 0, classes: 0, veto: [], credentials: false };
    const high = { maxSeconds: 900, contextSeconds: 300, ...open };
    const plane = await newPlane({ policy: { set: { "/governance/HIGH": high } } });
    plane.targets.answers.set("lambda:GetAlias", [
      { FunctionVersion: "6" },
      { FunctionVersion: "7" },
    ]);
    const mutation = supposing({ recheck: false }, { "/risk": "HIGH" });
    const answer = refused(await plane.ask(mutation));
    assert.equal(answer.code, "CONTEXT_CHANGED");
    assert.equal(plane.targets.calls.length, 0);
  });

  test("VAI-87 what was seen too long ago is stale when the call is due", async () => {
    const plane = await newPlane();
    const mutation = supposing({ recheck: false, maxAgeSeconds: 1 });
    const slow = { ...plane.deps, assumeRole: slowly(plane, 5) };
    const governed = plane.contract(mutation);
    const answer = refused(await plane.issue(plane.event(governed, mutation), slow));
    assert.equal(answer.code, "CONTEXT_STALE");
    assert.equal(answer.stage, "context");
    assert.equal(plane.targets.calls.length, 0);
  });

  test("VAI-89 DTF-18 a handle is judged by the world at its redemption", async () => {
    const plane = await newPlane();
    const mutation = supposing({}, { "/deliveries": ["handle"] });
    const handle: Mutation = { ...mutation, request: { set: { "/delivery": "handle" } } };
    const governed = plane.contract(handle);
    const issued = await plane.grant(handle, governed);
    plane.targets.answers.set("lambda:GetAlias", [{ FunctionVersion: "7" }]);
    const changed = refused(await plane.execute(plane.redemption(governed, issued.handle)));
    assert.equal(changed.code, "CONTEXT_CHANGED");
    plane.targets.answers.set("lambda:GetAlias", [{ FunctionVersion: "6" }]);
    const back = granted(await plane.execute(plane.redemption(governed, issued.handle)));
    assert.equal(back.outcome?.status, "succeeded", "the handle was left as it is");
  });

  test("VAI-89 a changed world that is asked about again and again does not fill the chain", async () => {
    const plane = await newPlane();
    const mutation = supposing({}, { "/deliveries": ["handle"] });
    const handle: Mutation = { ...mutation, request: { set: { "/delivery": "handle" } } };
    const governed = plane.contract(handle);
    const issued = await plane.grant(handle, governed);
    plane.targets.answers.set("lambda:GetAlias", [{ FunctionVersion: "7" }]);
    for (let round = 0; round < 60; round++) {
      await plane.execute(plane.redemption(governed, issued.handle));
    }
    const types = plane.types(governed.chainId);
    assert.equal(types.filter((type) => type === "ContextInvalidated").length, 20);
    assert.ok(types.length < 60, `${types.length} records`);
  });

  test("VAI-31 a retry of a grant reads nothing again", async () => {
    const plane = await newPlane();
    const mutation = supposing();
    const governed = plane.contract(mutation);
    const event = plane.event(governed, mutation);
    const first = granted(await plane.issue(event));
    const reads = plane.targets.readers.length;
    plane.targets.answers.set("lambda:GetAlias", [{ FunctionVersion: "7" }]);
    assert.deepEqual(await plane.issue(event), { ...first, deduplicated: true });
    assert.equal(plane.targets.readers.length, reads);
  });

  test("PROTOCOL.md §5 evidence holds digests of what was seen, never the values", async () => {
    const plane = await newPlane();
    plane.targets.answers.set("lambda:GetAlias", [{ FunctionVersion: "canary-value-4711" }]);
    const mutation = supposing({ expect: { prefix: "canary-value-" } });
    const governed = plane.contract(mutation);
    await plane.grant(mutation, governed);
    assert.ok(!JSON.stringify(plane.records(governed.chainId)).includes("value-4711"));
  });
});

/** An STS that takes its time. */
const slowly =
  (plane: Plane, seconds: number): Plane["deps"]["assumeRole"] =>
  (input) => {
    plane.world.pass(seconds);
    return plane.deps.assumeRole(input);
  };

suite("a contract that ends with its context", () => {
  test("VAI-109 ADV-32 earlier refusals make it immune to nothing: its end is always recorded", async () => {
    for (const refusals of [0, 20, 200]) {
      const plane = await newPlane();
      const governed = plane.contract(supposing({}, { "/revokeOn": ["contextChanged"] }));
      const beyond = { request: { set: { "/operation/parameters/percent": 100 } } };
      for (let index = 0; index < refusals; index++) refused(await plane.ask(beyond, governed));
      plane.targets.answers.set("lambda:GetAlias", [{ FunctionVersion: "7" }]);
      assert.equal(refused(await plane.ask({}, governed)).code, "CONTEXT_CHANGED");
      assert.ok(plane.types(governed.chainId).includes("ContextInvalidated"), String(refusals));
      plane.targets.answers.set("lambda:GetAlias", [{ FunctionVersion: "6" }]);
      assert.equal(refused(await plane.ask({}, governed)).code, "CONTRACT_REVOKED");
      assert.equal(plane.sts.executions.length, 0);
    }
  });
});

test("VAI-48 a read-back that takes longer than its obligation allows is missed", async () => {
  const plane = await newPlane();
  const mutation: Mutation = {
    contract: { set: { "/obligations": [{ kind: "readBack", name: "routing", dueSeconds: 2 }] } },
  };
  const governed = plane.contract(mutation);
  const alias = plane.targets.descriptorOf("lambda:UpdateAlias");
  assert.ok(alias?.readBack !== undefined);
  const { readBack } = alias;
  const slow: typeof alias = {
    ...alias,
    readBack: async (...given) => {
      plane.world.pass(3);
      return readBack(...given);
    },
  };
  plane.deps = { ...plane.deps, descriptorOf: () => slow };
  const answer = granted(await plane.issue(plane.event(governed)));
  assert.deepEqual(answer.outcome?.obligations, [{ name: "routing", met: false }]);
  assert.equal(answer.identity.state, "INCOMPLETE");
  assert.ok(plane.types(governed.chainId).includes("ObligationMissed"));
});
