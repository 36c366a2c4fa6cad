import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseContract } from "../../lib/contract/contract.ts";
import type { IssueDeps } from "../../lib/enforcement/deps.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";

/** What a table's writer, two hosts' clocks, or governance itself between two barriers could turn to somebody's gain. */

const HEAD = "registry|head";
const policyRow = (version: number): string => `trust-policy|${String(version).padStart(9, "0")}`;

/** A plane whose second policy no longer believes the issuer, with the rows of the first kept aside. */
async function withoutIssuer() {
  const plane = await newPlane();
  const registry = plane.dynamo.table(TABLES.registry);
  const state = plane.dynamo.table(TABLES.state);
  const first = {
    head: structuredClone(registry.get(HEAD)),
    policy: structuredClone(registry.get(policyRow(1))),
    chain: structuredClone(state.get("chain#plane/registry|head")),
  };
  const again = plane.nextPolicy();
  await plane.publish();
  const issuers = plane.policy.issuers.filter(({ name }) => name !== "governance.example");
  await plane.publish({ set: { "/issuers": issuers } });
  return { plane, registry, state, first, again: again.jws };
}

const code = async (plane: Plane, deps?: IssueDeps): Promise<string> =>
  refused(await plane.issue(plane.event(plane.contract()), deps)).code;

suite("the Registry without keys", () => {
  test("VAI-105 older rows and an older signed policy do not turn the trust policy back", async () => {
    const { plane, registry, first, again } = await withoutIssuer();
    assert.equal(await code(plane), "CONTRACT_ISSUER_UNTRUSTED");
    registry.delete(policyRow(3));
    registry.delete(policyRow(2));
    registry.set(HEAD, first.head as never);
    const answer = refused(await plane.govern({ op: "publishTrustPolicy", trustPolicy: again }));
    assert.equal(answer.code, "REGISTRY_STALE");
    assert.equal(await code(plane), "REGISTRY_STALE");
    assert.equal(await code(plane, plane.process()), "REGISTRY_STALE");
    assert.equal(plane.types("plane/registry").length, 3);
  });

  test("VAI-105 added rows and restored heads do not turn the trust policy back", async () => {
    const { plane, registry, state, first } = await withoutIssuer();
    const [record] = plane.rows("plane/registry");
    const moved = { ...record, seq: 999_999 };
    plane.dynamo.table(TABLES.evidence).set("plane/registry|999999", moved as never);
    registry.set("trust-policy|999999999", { ...first.policy, sk: "999999999" } as never);
    registry.set(HEAD, first.head as never);
    state.set("chain#plane/registry|head", first.chain as never);
    assert.equal(await code(plane), "REGISTRY_STALE");
    assert.equal(await code(plane, plane.process()), "REGISTRY_STALE");
  });

  test("VAI-105 a process that has seen a newer policy believes no older one, whole as it may be", async () => {
    const { plane, registry, state, first } = await withoutIssuer();
    await code(plane);
    for (const version of [2, 3]) registry.delete(policyRow(version));
    registry.set(HEAD, first.head as never);
    state.set("chain#plane/registry|head", first.chain as never);
    for (const seq of [2, 3]) plane.dynamo.table(TABLES.evidence).delete(`plane/registry|${seq}`);
    assert.equal(await code(plane), "REGISTRY_STALE");
  });

  test("VAI-105 a publication does not sign restrictions that a table's writer put there", async () => {
    const plane = await newPlane();
    const row = plane.dynamo.table(TABLES.registry).get("registry|restrictions");
    plane.dynamo
      .table(TABLES.registry)
      .set("registry|restrictions", { ...row, document: '{"halts":["x"]}' } as never);
    const { jws } = plane.nextPolicy();
    const answer = refused(await plane.govern({ op: "publishTrustPolicy", trustPolicy: jws }));
    assert.equal(answer.code, "REGISTRY_STALE");
    assert.equal(plane.types("plane/registry").length, 1);
  });

  test("VAI-93 no record speaks of a trust policy that was not published", async () => {
    const plane = await newPlane();
    plane.faults.plan({ at: "evidence:write", to: 1 });
    const { jws } = plane.nextPolicy();
    refused(await plane.govern({ op: "publishTrustPolicy", trustPolicy: jws }));
    for (const chain of plane.chains()) {
      for (const { trustPolicy } of plane.records(chain))
        assert.ok((trustPolicy?.version ?? 1) === 1);
    }
  });

  test("VAI-93 a publication whose answer was lost is read back", async () => {
    const plane = await newPlane();
    plane.faults.plan({ at: "evidence:write", how: "timeout", to: 1, applied: true });
    const { jws } = plane.nextPolicy();
    const answer = await plane.govern({ op: "publishTrustPolicy", trustPolicy: jws });
    assert.equal(answer.ok, true);
    assert.equal(plane.types("plane/registry").length, 2);
  });
});

suite("clocks and counters", () => {
  test("X-50 a counter that is ahead, or nonsense, hangs nobody", async () => {
    const plane = await newPlane();
    const row = { pk: "refusals#unattributed", sk: "counter", minute: 9e12, n: 3, unwritten: 7 };
    plane.dynamo.table(TABLES.state).set("refusals#unattributed|counter", row as never);
    assert.equal(refused(await plane.issue({})).code, "CONTRACT_MALFORMED");
    assert.ok((plane.faults.counts.get("state:write") ?? 0) < 20);
  });

  test("X-50 a sum from a counter accuses nobody", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const wrong = { request: { set: { "/operation/parameters/percent": 100 } } };
    for (let ask = 0; ask < 21; ask++) refused(await plane.ask(wrong, governed));
    plane.world.pass(61);
    refused(await plane.ask(wrong, governed));
    const counted = plane
      .records(governed.chainId)
      .filter(({ event }) => event.type === "RefusalsCounted");
    assert.equal(counted.length, 1);
    assert.deepEqual(counted[0]?.detail["count"], 2);
    assert.equal(counted[0]?.actor, undefined);
  });
});

suite("what changes between the barriers", () => {
  /** Ports whose `append` is followed by something, at its n-th call. */
  const afterAppend = (plane: Plane, at: number, happens: () => void): IssueDeps => {
    let calls = 0;
    const { evidence } = plane.deps;
    const append: typeof evidence.append = async (step) => {
      const result = await evidence.append(step);
      calls += 1;
      if (calls === at) happens();
      return result;
    };
    const slow = {
      append,
      readRows: evidence.readRows.bind(evidence),
      readChain: evidence.readChain.bind(evidence),
      readTail: evidence.readTail.bind(evidence),
    };
    return { ...plane.deps, evidence: slow };
  };

  test("VAI-78 VAI-106 a call that could not end inside the window is not begun", async () => {
    const plane = await newPlane();
    const short = { set: { "/exp": "$seconds+20" } };
    const governed = plane.contract({ contract: short, decision: short });
    const deps = afterAppend(plane, 2, () => plane.world.pass(16));
    const answer = await plane.issue(plane.event(governed), deps);
    assert.ok(answer.ok);
    assert.equal(answer.outcome?.error?.name, "IdentityEndsBeforeCall");
    assert.equal(plane.targets.calls.length, 0);
  });

  test("VAI-70 a call that the function could not outlive is not begun", async () => {
    const plane = await newPlane();
    const deps = afterAppend(plane, 2, () => plane.world.pass(22));
    const answer = await plane.issue(plane.event(plane.contract()), deps);
    assert.ok(answer.ok);
    assert.equal(answer.outcome?.error?.name, "FunctionEndsBeforeCall");
    assert.equal(plane.targets.calls.length, 0);
  });

  test("VAI-109 a role that governance takes from the action meanwhile is not used", async () => {
    const plane = await newPlane();
    const { assumeRole } = plane.deps;
    const narrower = "arn:aws:iam::000000000000:role/exec-lambda-narrow";
    const change = { set: { "/actions/0/executionRoleArn": narrower } };
    const deps: IssueDeps = {
      ...plane.deps,
      assumeRole: async (input) => {
        const answer = await assumeRole(input);
        if (input.RoleSessionName !== "vai-reader") await plane.publish(change);
        return answer;
      },
    };
    const answer = refused(await plane.issue(plane.event(plane.contract()), deps));
    assert.equal(answer.code, "REGISTRY_STALE");
    assert.equal(plane.targets.calls.length, 0);
  });
});

suite("evidence of who spoke", () => {
  test("VAI-03 a stale request's signature held, so its key is named", async () => {
    const plane = await newPlane();
    const event = plane.event(plane.contract());
    plane.world.pass(61);
    const { evidence } = refused(await plane.issue(event));
    const last = plane.records(evidence?.chainId ?? "").at(-1);
    assert.equal(last?.decision.code, "REQUEST_STALE");
    assert.match(last?.actor?.jkt ?? "", /^[\w-]{43}$/);
  });

  test("VAI-93 a fault after the executor is verified stands on the intent's chain", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    plane.faults.plan({ at: "evidence:write", how: "throttle", to: 1 });
    const { evidence, code: found, stage } = refused(await plane.ask({}, governed));
    assert.deepEqual([found, stage], ["EVIDENCE_STORE_UNAVAILABLE", "evidence"]);
    assert.equal(evidence?.chainId, governed.chainId);
  });
});

suite("the end of an execution", () => {
  for (const at of ["evidence:write", "signer:sign"] as const) {
    test(`VAI-103 ${at} that fails for a while gets the outcome after all`, async () => {
      const plane = await newPlane();
      const governed = plane.contract();
      const call = plane.deps.descriptorOf("lambda:UpdateAlias")?.call;
      assert.ok(call !== undefined);
      const deps: IssueDeps = {
        ...plane.deps,
        descriptorOf: (action) => {
          const descriptor = plane.deps.descriptorOf(action);
          if (descriptor === undefined) return undefined;
          return {
            ...descriptor,
            call: (...args) => {
              plane.faults.plan({ at, to: 2 });
              return descriptor.call(...args);
            },
          };
        },
      };
      const answer = await plane.issue(plane.event(governed), deps);
      assert.ok(answer.ok, JSON.stringify(answer));
      assert.equal(answer.identity.state, "COMPLETED");
      assert.equal(plane.types(governed.chainId).at(-1), "IdentityCompleted");
      assert.equal(plane.targets.calls.length, 1);
    });
  }

  test("VAI-103 an end that cannot be written is no success, and names what was written", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    plane.faults.plan({ at: "evidence:write", from: 3 });
    const answer = refused(await plane.ask({}, governed));
    assert.deepEqual([answer.code, answer.retryable], ["EVIDENCE_STORE_UNAVAILABLE", false]);
    assert.equal(answer.evidence?.seq, plane.records(governed.chainId).length);
  });
});

test("DTF-02 a contract of many steps does not multiply what was decided once", async () => {
  const plane = await newPlane();
  const read = parseContract(plane.contract().contract);
  assert.ok(!isRefusal(read));
  const [step] = read.authorization_details;
  const twice = [step, { ...step, id: "again" }];
  const governed = plane.contract({
    decision: { set: { "/boundary/authorization_details": [step] } },
    contract: { set: { "/authorization_details": twice } },
  });
  const answer = refused(await plane.ask({}, governed));
  assert.deepEqual(
    [answer.code, answer.pointer],
    ["SCOPE_EXCEEDED", "/contract/authorization_details/1"],
  );
});
