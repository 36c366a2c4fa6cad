import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import type { Answer } from "../../lib/enforcement/answer.ts";
import { projectChain } from "../../lib/enforcement/rebuild.ts";
import { evidenceKeys } from "../../lib/evidence/open.ts";
import type { PlannedFault } from "../support/faults.ts";
import { FUNCTION, type Governed, type Mutation, TABLE } from "../support/governed.ts";
import { identityEnds } from "../support/identity-ends.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";
import { restrict } from "../support/restrict.ts";
import {
  astray,
  beforeLook,
  beforeSession,
  identitiesOf,
  ROLLBACK,
  ROUTING,
  rolling,
  rollingElsewhere,
} from "../support/rollback.ts";
import { PLANE } from "../support/trust.ts";

const SHIFTED = ["IdentityIssued", "CredentialsMinted", "ExecutionStarted"];
const TRIGGERED = [
  "ExecutionCompleted",
  "ObligationMissed",
  "RollbackTriggered",
  "ExecutionIncomplete",
];
const UNDONE = ["ProofValidated", "IdentityIssued", "CredentialsMinted", "ExecutionStarted"];
const FAILED = ["RollbackFailed", "EscalationRaised"];

/** Types of a chain's records from the first issuance on. */
function typesOf(plane: Plane, { chainId }: Governed): string[] {
  const types = plane.types(chainId);
  return types.slice(types.indexOf("IdentityIssued"));
}

/** Each identity of a plane has exactly one terminal record. */
function endOnce(plane: Plane): void {
  const { open, twice, unissued } = identityEnds(plane.everyRecord());
  assert.deepEqual({ open, twice, unissued }, { open: [], twice: [], unissued: [] });
}

/** The last record of a type, which must be there. */
function last(plane: Plane, { chainId }: Governed, type: string) {
  const found = plane.records(chainId).findLast(({ event }) => event.type === type);
  assert.ok(found, type);
  return found;
}

/** The head's item in State. */
const headOf = (plane: Plane, { chainId }: Governed): Record<string, unknown> =>
  plane.dynamo.table(TABLES.state).get(`chain#${chainId}|head`) ?? {};

const rollbackOf = (answer: Answer) => granted(answer).outcome?.rollback;

/** A plane with a contract whose shift goes astray. */
async function strayed(mutation: Mutation = rolling()) {
  const plane = await newPlane();
  astray(plane);
  return { plane, governed: plane.contract(mutation) };
}

suite("VAI-34 VAI-49 a rollback", () => {
  test("VAI-34 VAI-49 of an effect that is not seen is done once, as an identity of its own, in the same invocation", async () => {
    const { plane, governed } = await strayed();
    const answer = granted(await plane.ask({}, governed));
    assert.deepEqual(typesOf(plane, governed), [
      ...[...SHIFTED, ...TRIGGERED, ...UNDONE],
      ...["ExecutionCompleted", "IdentityCompleted", "RollbackCompleted"],
    ]);
    const { first, undo } = identitiesOf(plane, governed);
    assert.ok(undo);
    assert.deepEqual([first.state, undo.state], ["INCOMPLETE", "COMPLETED"]);
    assert.deepEqual(
      [undo.step, undo.delivery, undo.rollbackOf],
      ["undo", "execute", first.identityId],
    );
    assert.equal(answer.identity.identityId, first.identityId);
    assert.deepEqual(answer.outcome?.rollback, {
      identityId: undo.identityId,
      status: "succeeded",
    });
    assert.deepEqual(answer.outcome?.obligations, [{ name: "routing", met: false }]);
    assert.deepEqual(plane.targets.state.alias.weights, {});
    assert.deepEqual([plane.targets.calls.length, plane.sts.executions.length], [2, 2]);
    const invocations = new Set(
      plane.records(governed.chainId).map(({ source }) => source.requestId),
    );
    assert.equal(invocations.size, 1);
    endOnce(plane);
  });

  test("VAI-49 its condition is recorded with what it was judged by, and the checks that it passed", async () => {
    const { plane, governed } = await strayed();
    await plane.ask({}, governed);
    const { detail, identity } = last(plane, governed, "RollbackTriggered");
    const { first, undo } = identitiesOf(plane, governed);
    assert.equal(identity?.id, first.identityId);
    assert.deepEqual(
      [detail["when"], detail["unmet"], detail["step"], detail["operationDigest"]],
      ["obligationUnmet", ["routing"], "undo", undo?.operationDigest],
    );
    const obligations = [{ name: "routing", met: false }];
    const observed = { weights: { 7: 50 } };
    assert.equal(detail["inputsDigest"], documentDigest({ obligations, observed }));
    const { decision } = last(plane, governed, "ProofValidated");
    const checks = (decision.checks ?? []).map(({ name }) => name);
    assert.ok(
      ["planeRunning", "contractState", "decisionSignature", "totals", "containment"].every(
        (name) => checks.includes(name),
      ),
      String(checks),
    );
    assert.ok(["order", "gate", "uses", "context"].every((name) => !checks.includes(name)));
  });

  test("VAI-48 an effect that is seen at the third look completes the identity in its invocation, and nothing is taken back", async () => {
    const { plane, governed } = await strayed();
    beforeLook(plane, 3, () => Object.assign(plane.targets.state.alias, { weights: { 7: 10 } }));
    const answer = granted(await plane.ask({}, governed));
    assert.equal(answer.identity.state, "COMPLETED");
    assert.equal("rollback" in (answer.outcome ?? {}), false);
    // That nobody has asked for the rollback leaves nothing open.
    assert.equal(headOf(plane, governed)["view"], undefined);
    assert.deepEqual(typesOf(plane, governed), [
      ...SHIFTED,
      ...["ExecutionCompleted", "ObligationFulfilled", "IdentityCompleted"],
    ]);
    assert.equal(plane.targets.calls.length, 1);
  });

  for (const [dueSeconds, from, to] of [
    [600, 17_000, 18_000],
    [5, 4_000, 5_000],
    [1, 0, 1_000],
  ] as const) {
    test(`VAI-48 an obligation due in ${dueSeconds} s is looked for until then, and not so long that no time is left`, async () => {
      const { plane, governed } = await strayed(
        rolling({ "/obligations": [{ ...ROUTING, dueSeconds }] }),
      );
      const begun = plane.world.now;
      await plane.ask({}, governed);
      const at = Date.parse(last(plane, governed, "RollbackTriggered").event.at) - begun;
      assert.ok(from <= at && at <= to, `${at} ms`);
      assert.equal(identitiesOf(plane, governed).undo?.state, "COMPLETED");
    });
  }

  test("VAI-48 the first of several obligations that is due decides, and none is left open", async () => {
    const short = { ...ROUTING, name: "short", dueSeconds: 2 };
    const { plane, governed } = await strayed(rolling({ "/obligations": [ROUTING, short] }));
    const answer = granted(await plane.ask({}, governed));
    assert.ok(plane.world.now < Date.parse(answer.identity.issuedAt) + 4_000);
    assert.deepEqual(last(plane, governed, "RollbackTriggered").detail["unmet"], [
      "routing",
      "short",
    ]);
    endOnce(plane);
  });

  test("VAI-49 an effect that one obligation saw and another too late is taken back, and named is what was not met", async () => {
    const short = { ...ROUTING, name: "short", dueSeconds: 1 };
    const { plane, governed } = await strayed(rolling({ "/obligations": [ROUTING, short] }));
    beforeLook(plane, 1, () => {
      plane.world.pass(2);
      Object.assign(plane.targets.state.alias, { weights: { 7: 10 } });
    });
    const answer = granted(await plane.ask({}, governed));
    assert.deepEqual(answer.outcome?.obligations, [
      { name: "routing", met: true },
      { name: "short", met: false },
    ]);
    assert.deepEqual(last(plane, governed, "RollbackTriggered").detail["unmet"], ["short"]);
    assert.equal(answer.outcome?.rollback?.status, "succeeded");
  });

  test("VAI-47 its session is as narrow as its own step: role, target and tag are the rollback's", async () => {
    const { plane, governed } = await strayed(rollingElsewhere());
    const answer = await plane.ask({}, governed);
    assert.equal(rollbackOf(answer)?.status, "succeeded");
    const [shift, undo] = plane.sts.executions;
    assert.ok(shift && undo);
    assert.match(undo.RoleArn, /exec-dynamodb$/);
    assert.ok(undo.Policy.includes(TABLE) && !undo.Policy.includes(FUNCTION), undo.Policy);
    assert.ok(shift.Policy.includes(FUNCTION) && !shift.Policy.includes(TABLE), shift.Policy);
    assert.notEqual(undo.RoleSessionName, shift.RoleSessionName);
    assert.deepEqual(undo.Tags, [{ Key: "vai-identity", Value: undo.RoleSessionName }]);
    const [, called] = plane.targets.calls;
    assert.equal(called?.action, "dynamodb:UpdateItem");
    assert.notEqual(called?.accessKeyId, plane.targets.calls[0]?.accessKeyId);
  });

  test("VAI-34 a handle's effect is taken back too, and the same redemption again is answered likewise", async () => {
    const { plane, governed } = await strayed(rolling({ "/deliveries": ["handle"] }));
    const handed = granted(
      await plane.ask({ request: { set: { "/delivery": "handle" } } }, governed),
    );
    const event = plane.redemption(governed, handed.handle);
    const answer = await plane.execute(event);
    const { undo } = identitiesOf(plane, governed);
    assert.deepEqual(rollbackOf(answer), { identityId: undo?.identityId, status: "succeeded" });
    assert.equal(undo?.delivery, "execute");
    const again = granted(await plane.execute(event));
    assert.deepEqual([again.deduplicated, again.outcome], [true, granted(answer).outcome]);
    assert.equal(plane.targets.calls.length, 2);
    endOnce(plane);
  });

  test("VAI-56 what was supposed of the world before the shift is not asked of it again before the rollback", async () => {
    const { plane, governed } = await strayed();
    plane.targets.answers.set("lambda:GetAlias", [{ FunctionVersion: "6" }]);
    const supposing = plane.contract(
      rolling({
        "/assumptions": [
          {
            ...{ name: "live-is-6", read: "lambda:GetAlias", resource: FUNCTION },
            ...{ parameters: { alias: "live" }, path: "/FunctionVersion", expect: { exact: "6" } },
            ...{ maxAgeSeconds: 1, recheck: true },
          },
        ],
      }),
    );
    beforeLook(plane, 1, () =>
      plane.targets.answers.set("lambda:GetAlias", [{ FunctionVersion: "7" }]),
    );
    assert.equal(rollbackOf(await plane.ask({}, supposing))?.status, "succeeded");
    assert.notEqual(governed.chainId, supposing.chainId);
  });
});

suite("VAI-34 a rollback that does not work", () => {
  const undoing = (plane: Plane, planned: PlannedFault) =>
    beforeLook(plane, 1, () => plane.faults.plan(planned));

  test("VAI-34 whose call is denied has failed, and people are told", async () => {
    const { plane, governed } = await strayed();
    undoing(plane, { at: "target:call", how: "denied" });
    const answer = await plane.ask({}, governed);
    const { undo } = identitiesOf(plane, governed);
    assert.deepEqual(rollbackOf(answer), { identityId: undo?.identityId, status: "failed" });
    assert.deepEqual(typesOf(plane, governed).slice(-4), [
      "ExecutionFailed",
      "IdentityCompleted",
      ...FAILED,
    ]);
    assert.equal(undo?.state, "FAILED");
    endOnce(plane);
  });

  test("VAI-34 of whose call nobody knows is not known, and not tried again", async () => {
    const { plane, governed } = await strayed();
    undoing(plane, { at: "target:call", how: "timeout" });
    const event = plane.event(governed);
    assert.equal(rollbackOf(await plane.issue(event))?.status, "unknown");
    assert.equal(rollbackOf(await plane.issue(event))?.status, "unknown");
    assert.deepEqual(typesOf(plane, governed).slice(-5, -1), [
      "ExecutionFailed",
      "ExecutionIncomplete",
      ...FAILED,
    ]);
    assert.equal(plane.targets.calls.length, 2);
    endOnce(plane);
  });

  test("VAI-88 whose call succeeded and that nobody saw to work is not known to have", async () => {
    const { plane, governed } = await strayed();
    beforeLook(plane, 2, () => {
      plane.targets.instead = () => ({ status: "succeeded" });
    });
    assert.equal(rollbackOf(await plane.ask({}, governed))?.status, "unknown");
    assert.equal(identitiesOf(plane, governed).undo?.state, "INCOMPLETE");
    assert.match(String(last(plane, governed, "RollbackFailed").detail["reason"]), /not seen/);
    endOnce(plane);
  });

  test("VAI-93 for which STS gives no session has failed, with one terminal record", async () => {
    const { plane, governed } = await strayed();
    undoing(plane, { at: "sts" });
    assert.equal(rollbackOf(await plane.ask({}, governed))?.status, "failed");
    assert.deepEqual(typesOf(plane, governed).slice(-3), ["IssuanceFailed", ...FAILED]);
    assert.equal(plane.targets.calls.length, 1);
    endOnce(plane);
  });

  test("VAI-34 for which the function has no time left is not begun, and people are told", async () => {
    const { plane, governed } = await strayed();
    beforeLook(plane, 1, () => plane.world.pass(21));
    const answer = await plane.ask({}, governed);
    assert.deepEqual(rollbackOf(answer), { status: "failed" });
    assert.deepEqual(typesOf(plane, governed), [...SHIFTED, ...TRIGGERED, ...FAILED]);
    assert.match(String(last(plane, governed, "RollbackFailed").detail["reason"]), /no time/);
    assert.equal(plane.sts.executions.length, 1);
    endOnce(plane);
  });

  test("VAI-34 whose session comes so late that its call could not be concluded is not called", async () => {
    const { plane, governed } = await strayed();
    beforeSession(plane, 2, () => plane.world.pass(4));
    assert.equal(rollbackOf(await plane.ask({}, governed))?.status, "failed");
    assert.match(
      String(last(plane, governed, "RollbackFailed").detail["reason"]),
      /FunctionEndsBeforeCall/,
    );
    assert.equal(plane.targets.calls.length, 1);
    endOnce(plane);
  });

  test("VAI-18 that could not end before its contract does is not begun", async () => {
    const { plane, governed } = await strayed(rolling({ "/exp": "$seconds+20" }));
    const answer = await plane.ask({}, governed);
    assert.deepEqual(rollbackOf(answer), { status: "failed" });
    assert.equal(last(plane, governed, "RollbackFailed").decision.code, "IDENTITY_EXPIRED");
    assert.equal(plane.sts.executions.length, 1);
  });

  test("VAI-70 there is none behind a call that failed, or of which nobody knows", async () => {
    for (const how of ["denied", "timeout"] as const) {
      const plane = await newPlane();
      plane.faults.plan({ at: "target:call", how });
      const governed = plane.contract(rolling());
      assert.equal(rollbackOf(await plane.ask({}, governed)), undefined);
      assert.ok(!plane.types(governed.chainId).some((type) => type.startsWith("Rollback")));
      assert.equal(plane.targets.calls.length, 1);
      endOnce(plane);
    }
  });
});

/** What people, or governance, do while the shift is looked for or the rollback's session is asked for. */
const STOPS: readonly {
  readonly what: string;
  readonly code: string;
  readonly act: (plane: Plane, governed: Governed) => Promise<unknown>;
  /** Where it is done behind the rollback's issuance. */
  readonly late?: string;
}[] = [
  {
    what: "the plane is halted",
    code: "PLANE_HALTED",
    act: (plane) => plane.revoke({ command: plane.command({ do: "haltPlane" }) }),
  },
  {
    what: "the actor is halted",
    code: "AGENT_HALTED",
    act: (plane) =>
      plane.revoke({
        command: plane.command({
          ...{ do: "haltActor", actorId: "spiffe://example.org/agent/coordinator" },
        }),
      }),
  },
  {
    what: "the contract is revoked",
    code: "CONTRACT_REVOKED",
    late: "IDENTITY_REVOKED",
    act: (plane, { contractDigest }) =>
      plane.revoke({ command: plane.command({ do: "revokeContract", contractDigest }) }),
  },
  {
    what: "the contract is revoked while KMS is silent",
    code: "CONTRACT_REVOKED",
    late: "IDENTITY_REVOKED",
    act: async (plane, { contractDigest }) => {
      const { length } = plane.everyRecord();
      plane.faults.plan({ at: "signer:sign", how: "throttle" });
      await plane.revoke({ command: plane.command({ do: "revokeContract", contractDigest }) });
      plane.faults.clear();
      assert.equal(plane.everyRecord().length, length);
    },
  },
  {
    what: "the decision's policy is replaced",
    code: "POLICY_VERSION_STALE",
    act: (plane) => plane.publish({ set: { "/policies/0/version": "2" } }),
  },
  {
    what: "the rollback's action is only observed from now on",
    code: "REGISTRY_STALE",
    act: (plane) => plane.publish({ set: { "/actions/0/mode": "observe" } }),
  },
];

suite("VAI-34 a rollback is judged as a request of now would be", () => {
  for (const { what, code, act, late = code } of STOPS) {
    test(`VAI-34 ${what} before it: it is refused at once, and nothing is called`, async () => {
      const { plane, governed } = await strayed();
      beforeLook(plane, 2, () => act(plane, governed));
      const answer = await plane.ask({}, governed);
      assert.equal(granted(answer).outcome?.rollback?.status, "failed");
      const failed = last(plane, governed, "RollbackFailed");
      assert.equal(failed.decision.code, code);
      assert.equal(failed.trustPolicy?.version, plane.policy.version);
      assert.equal(identitiesOf(plane, governed).undo, undefined);
      assert.deepEqual([plane.targets.calls.length, plane.sts.executions.length], [1, 1]);
      assert.equal(
        typesOf(plane, governed).filter((type) => type === "RollbackTriggered").length,
        1,
      );
      await later(plane);
      endOnce(plane);
    });

    test(`VAI-34 ${what} while its session is asked for: nothing is called, and each identity ends once`, async () => {
      const { plane, governed } = await strayed();
      beforeSession(plane, 2, () => act(plane, governed));
      const answer = await plane.ask({}, governed);
      assert.equal(granted(answer).outcome?.rollback?.status, "failed");
      assert.equal(last(plane, governed, "RollbackFailed").decision.code, late);
      assert.equal(plane.targets.calls.length, 1);
      await later(plane);
      assert.equal(typesOf(plane, governed).filter((type) => type === "RollbackFailed").length, 1);
      endOnce(plane);
    });
  }

  test("VAI-34 an order that ends its very identity stops it, and the identity that it undoes stays what it is", async () => {
    const { plane, governed } = await strayed();
    beforeSession(plane, 2, async () => {
      const identityId = identitiesOf(plane, governed).undo?.identityId;
      await plane.revoke({ command: plane.command({ do: "revokeIdentity", identityId }) });
    });
    await plane.ask({}, governed);
    const { first, undo } = identitiesOf(plane, governed);
    assert.deepEqual([first.state, undo?.state], ["INCOMPLETE", "REVOKED"]);
    const { checks = [] } = last(plane, governed, "ExecutionRejected").decision;
    assert.equal(checks[0]?.name, "planeRunning");
    assert.deepEqual(
      checks.filter(({ result }) => result === "fail").map(({ name }) => name),
      ["issued"],
    );
    assert.equal(plane.targets.calls.length, 1);
    endOnce(plane);
  });

  test("VAI-53 a trust policy that ended while its effect was looked for takes nothing back", async () => {
    const { plane, governed } = await strayed();
    await plane.publish({ set: { "/exp": "$seconds+15" } });
    assert.deepEqual(rollbackOf(await plane.ask({}, governed)), { status: "failed" });
    assert.equal(last(plane, governed, "RollbackFailed").decision.code, "REGISTRY_STALE");
    assert.equal(plane.sts.executions.length, 1);
  });

  test("VAI-63 a bug in its judgement takes nothing back, and keeps no outcome from evidence", async () => {
    const { plane, governed } = await strayed();
    let isBroken = false;
    beforeLook(plane, 1, () => {
      isBroken = true;
    });
    Object.defineProperty(plane.deps, "targetKeys", {
      get: () => {
        if (isBroken) throw new TypeError("a bug");
        return {};
      },
    });
    assert.deepEqual(rollbackOf(await plane.ask({}, governed)), { status: "failed" });
    assert.equal(last(plane, governed, "RollbackFailed").decision.code, "INTERNAL_FAULT");
    assert.equal(identitiesOf(plane, governed).first.state, "INCOMPLETE");
    endOnce(plane);
  });

  test("VAI-34 a contract that a violation ended meanwhile takes nothing back", async () => {
    const { plane, governed } = await strayed(rolling({ "/deliveries": ["handle"] }));
    const handed = granted(
      await plane.ask({ request: { set: { "/delivery": "handle" } } }, governed),
    );
    const beyond = { request: { set: { "/operation/parameters/percent": 100 } } };
    const { contractDigest } = governed;
    beforeLook(plane, 1, () =>
      plane.revoke({ command: plane.command({ do: "revokeContract", contractDigest }) }),
    );
    const other = plane.redemption(governed, handed.handle, beyond);
    const answer = await plane.execute(plane.redemption(governed, handed.handle));
    assert.equal(rollbackOf(answer)?.status, "failed");
    assert.equal((await plane.execute(other)).ok, false);
    assert.equal(plane.targets.calls.length, 1);
    endOnce(plane);
  });

  test("VAI-34 what another execution under the contract came to meanwhile stops it, what its own came to does not", async () => {
    const steps = rolling().contract?.set?.["/authorization_details"] as object[];
    const twice = [{ ...steps[0], limits: { calls: 2 } }, steps[1]] as object[];
    const { plane, governed } = await strayed(rolling({ "/deliveries": ["handle"] }, twice));
    const handle = { request: { set: { "/delivery": "handle" } } };
    const one = granted(await plane.ask(handle, governed));
    const other = granted(await plane.ask(handle, governed));
    const gate = Promise.withResolvers<void>();
    const { descriptorOf } = plane.deps;
    let calls = 0;
    plane.deps = {
      ...plane.deps,
      descriptorOf: (action) => {
        const real = descriptorOf(action);
        return (
          real && {
            ...real,
            call: async (...asked) => {
              calls += 1;
              if (calls > 1) return real.call(...asked);
              await gate.promise;
              return { status: "failed", error: { name: "AccessDenied", kind: "denied" } };
            },
          }
        );
      },
    };
    const slow = plane.execute(plane.redemption(governed, other.handle));
    while (calls === 0) await plane.world.sleep(1);
    beforeSession(plane, 1, () => undefined);
    beforeSession(plane, 2, async () => {
      gate.resolve();
      assert.equal(granted(await slow).outcome?.status, "failed");
    });
    const answer = await plane.execute(plane.redemption(governed, one.handle));
    assert.equal(rollbackOf(answer)?.status, "failed");
    assert.equal(last(plane, governed, "RollbackFailed").decision.code, "CONTRACT_REVOKED");
    endOnce(plane);
  });

  test("VAI-118 a quarantined role of its own step stops it, that of the shift does not", async () => {
    for (const [role, status] of [
      ["exec-dynamodb", "failed"],
      ["exec-lambda", "succeeded"],
    ] as const) {
      const { plane, governed } = await strayed(rollingElsewhere());
      beforeLook(plane, 2, () => quarantine(plane, `arn:aws:iam::000000000000:role/${role}`));
      assert.equal(rollbackOf(await plane.ask({}, governed))?.status, status);
      if (status === "failed") {
        assert.equal(last(plane, governed, "RollbackFailed").decision.code, "PATH_QUARANTINED");
      }
    }
  });
});

/** A denial did not come to IAM at a role. */
const quarantine = (plane: Plane, path: string): Promise<void> =>
  restrict(plane, { set: { "/quarantines": [{ path, at: 1, cause: "REVOCATION_FAILED" }] } });

/** Does something before the n-th transaction of a chain. */
function beforeWrite(plane: Plane, nth: number, act: () => void): void {
  let writes = 0;
  const { evidence } = plane.deps;
  plane.deps = {
    ...plane.deps,
    evidence: {
      readRows: (...asked) => evidence.readRows(...asked),
      readChain: (...asked) => evidence.readChain(...asked),
      readTail: (...asked) => evidence.readTail(...asked),
      append: (step) => {
        writes += 1;
        if (writes === nth) act();
        return evidence.append(step);
      },
    },
  };
}

/** Nobody can be at work any more, and `sweep` has run twice. */
async function later(plane: Plane): Promise<void> {
  plane.faults.clear();
  plane.world.pass(100);
  await plane.sweep();
  plane.world.pass(60);
  await plane.sweep();
}

/** Deaths from the call of the shift on: what is there then, and what `sweep` adds. */
const DEATHS: readonly {
  readonly when: string;
  readonly fault: Pick<PlannedFault, "at" | "from" | "applied">;
  readonly calls: number;
  readonly before: string;
  readonly swept: readonly string[];
  readonly status?: "failed" | "unknown" | "succeeded";
}[] = [
  {
    when: "while the effect is looked for",
    fault: { at: "target:readBack", from: 2 },
    ...{ calls: 1, before: "ExecutionStarted" },
    swept: ["EvidenceEmissionFailed", "ExecutionIncomplete", "EscalationRaised"],
  },
  {
    when: "before its barrier 1 is written",
    fault: { at: "evidence:write", from: 3 },
    ...{ calls: 1, before: "ExecutionStarted" },
    swept: ["EvidenceEmissionFailed", "ExecutionIncomplete", "EscalationRaised"],
  },
  {
    when: "after its barrier 1 was written",
    fault: { at: "evidence:write", from: 3, applied: true },
    ...{ calls: 1, before: "IdentityIssued", status: "failed" },
    swept: ["IssuanceFailed", ...FAILED],
  },
  {
    when: "after STS gave its session",
    fault: { at: "sts", from: 2, applied: true },
    ...{ calls: 1, before: "IdentityIssued", status: "failed" },
    swept: ["IssuanceFailed", ...FAILED],
  },
  {
    when: "before its barrier 2 is written",
    fault: { at: "evidence:write", from: 4 },
    ...{ calls: 1, before: "IdentityIssued", status: "failed" },
    swept: ["IssuanceFailed", ...FAILED],
  },
  {
    when: "after its barrier 2 was written",
    fault: { at: "evidence:write", from: 4, applied: true },
    ...{ calls: 1, before: "ExecutionStarted", status: "unknown" },
    swept: ["EvidenceEmissionFailed", "ExecutionIncomplete", "EscalationRaised", ...FAILED],
  },
  {
    when: "after its call",
    fault: { at: "target:call", from: 2, applied: true },
    ...{ calls: 2, before: "ExecutionStarted", status: "unknown" },
    swept: ["EvidenceEmissionFailed", "ExecutionIncomplete", "EscalationRaised", ...FAILED],
  },
  {
    when: "before its barrier 3 is written",
    fault: { at: "evidence:write", from: 5 },
    ...{ calls: 2, before: "ExecutionStarted", status: "unknown" },
    swept: ["EvidenceEmissionFailed", "ExecutionIncomplete", "EscalationRaised", ...FAILED],
  },
  {
    when: "after its barrier 3 was written",
    fault: { at: "evidence:write", from: 5, applied: true },
    ...{ calls: 2, before: "RollbackCompleted", status: "succeeded" },
    swept: [],
  },
];

suite("VAI-64 a rollback whose barriers get no answer", () => {
  for (const from of [3, 4, 5]) {
    for (const applied of [true, false]) {
      for (const isBlind of [true, false]) {
        const how = `${applied ? "stored" : "not stored"}${isBlind ? ", and not to be seen" : ""}`;
        test(`VAI-64 write ${from} is ${how}: it is called at most once, told once, and each identity ends once`, async () => {
          const { plane, governed } = await strayed();
          plane.faults.plan({ at: "evidence:write", from, to: from, applied });
          beforeWrite(plane, from, () => {
            if (isBlind) plane.faults.plan({ at: "evidence:read", to: 1 });
          });
          const answer = await plane.ask({}, governed);
          assert.ok(plane.targets.calls.length <= 2);
          await later(plane);
          const told = typesOf(plane, governed).filter((type) => /^Rollback(Comp|Fail)/.test(type));
          assert.deepEqual(told.length, 1, String(typesOf(plane, governed)));
          // Behind barrier 1 it is known whether it is durable; of the others the first answer decides.
          if (from === 3) assert.equal(told[0], "RollbackCompleted");
          const { undo } = identitiesOf(plane, governed);
          const [, session] = plane.sts.executions;
          assert.equal(
            undo?.sessionPolicyDigest,
            documentDigest(JSON.parse(session?.Policy ?? "")),
          );
          if (told[0] === "RollbackCompleted")
            assert.equal(rollbackOf(answer)?.status, "succeeded");
          assert.equal(plane.targets.calls.length === 2, told[0] === "RollbackCompleted");
          endOnce(plane);
        });
      }
    }
  }
});

suite("VAI-34 a rollback whose function dies", () => {
  for (const { when, fault, calls, before, swept, status } of DEATHS) {
    test(`VAI-07 ${when}: it is never run again, and each identity ends once`, async () => {
      const { plane, governed } = await strayed();
      const event = plane.event(governed);
      const died = plane.faults.death(fault);
      void plane.issue(event, plane.process());
      await died;
      plane.faults.clear();
      const { length } = plane.types(governed.chainId);
      assert.equal(plane.types(governed.chainId).at(-1), before);
      const again = granted(await plane.issue(event));
      assert.equal(again.deduplicated, true);
      const early = status === undefined || status === "succeeded" ? status : "unknown";
      assert.equal(again.outcome?.rollback?.status, early);
      await later(plane);
      if (swept.includes("RollbackFailed")) {
        const { identity } = last(plane, governed, "RollbackFailed");
        assert.equal(identity?.id, identitiesOf(plane, governed).undo?.identityId);
      }
      // Behind the record of the retry.
      assert.deepEqual(plane.types(governed.chainId).slice(length + 1), swept);
      const { idempotencyKey } = identitiesOf(plane, governed).first;
      const named = { request: { set: { "/idempotencyKey": idempotencyKey } } };
      assert.equal(rollbackOf(await plane.ask(named, governed))?.status, status);
      assert.equal(refused(await plane.ask({}, governed)).code, "CONTRACT_CONSUMED");
      await later(plane);
      assert.equal(plane.targets.calls.length, calls);
      assert.equal(
        typesOf(plane, governed).filter((type) => /^Rollback(Comp|Fail)/.test(type)).length,
        status === undefined ? 0 : 1,
      );
      endOnce(plane);
    });
  }

  test("VAI-103 what `sweep` sees of the target is what the rollback asked for, not the shift", async () => {
    const { plane, governed } = await strayed();
    const died = plane.faults.death({ at: "evidence:write", from: 5 });
    void plane.ask({}, governed);
    await died;
    await later(plane);
    const { undo } = identitiesOf(plane, governed);
    assert.equal(undo?.end?.reconciled, "matches");
  });

  test("VAI-34 a rollback that was halted before anybody told what became of it is told by `sweep`, when its function must have ended", async () => {
    const { plane, governed } = await strayed();
    const died = plane.faults.death({ at: "sts", from: 2, applied: true });
    void plane.ask({}, governed);
    await died;
    plane.faults.clear();
    await plane.revoke({ command: plane.command({ do: "haltPlane" }) });
    await plane.sweep();
    assert.equal(identitiesOf(plane, governed).undo?.state, "REVOKED");
    assert.ok(!plane.types(governed.chainId).includes("RollbackFailed"));
    assert.notEqual(headOf(plane, governed)["due"], undefined);
    await later(plane);
    assert.deepEqual(
      plane.types(governed.chainId).filter((type) => /^(Rollback|Escal)/.test(type)),
      ["RollbackTriggered", ...FAILED],
    );
    assert.equal(identitiesOf(plane, governed).first.rollback?.status, "failed");
    endOnce(plane);
  });
});

suite("VAI-34 attacks by way of a rollback", () => {
  for (const delivery of ["execute", "handle"] as const) {
    test(`ADV-10 its step cannot be asked for with delivery ${delivery}: STEP_MISMATCH, and nothing is spent`, async () => {
      const { plane, governed } = await strayed(rolling({ "/deliveries": ["execute", "handle"] }));
      const asking = {
        request: {
          set: { "/step": "undo", "/delivery": delivery, "/operation": ROLLBACK.operation },
        },
      };
      const answer = refused(await plane.ask(asking, governed));
      assert.deepEqual([answer.code, answer.stage], ["STEP_MISMATCH", "scope"]);
      assert.equal(plane.sts.executions.length, 0);
      assert.equal(plane.state(governed.chainId).identities.size, 0);
      plane.targets.instead = undefined;
      assert.equal((await plane.ask({}, governed)).ok, true);
    });
  }

  test("ADV-69 two executions of one contract, both unseen, are taken back once", async () => {
    const steps = rolling().contract?.set?.["/authorization_details"] as object[];
    const twice = [{ ...steps[0], limits: { calls: 2 } }, steps[1]] as object[];
    const { plane, governed } = await strayed(rolling({}, twice));
    plane.targets.instead = ({ input }) => {
      const isShift = JSON.stringify(input).includes("0.1");
      return isShift ? { status: "succeeded" } : undefined;
    };
    const answers = await Promise.all([plane.ask({}, governed), plane.ask({}, governed)]);
    const statuses = answers.map((answer) => rollbackOf(answer)?.status).toSorted();
    assert.deepEqual(statuses, ["failed", "succeeded"]);
    assert.equal(plane.targets.calls.length, 3);
    endOnce(plane);
  });

  test("ADV-10 whoever asks again, under the same names or others, gets no second rollback", async () => {
    const { plane, governed } = await strayed();
    const event = plane.event(governed);
    const first = granted(await plane.issue(event));
    const again = granted(await plane.issue(event));
    assert.deepEqual([again.deduplicated, again.outcome], [true, first.outcome]);
    assert.equal(refused(await plane.ask({}, governed)).code, "CONTRACT_CONSUMED");
    assert.equal(plane.targets.calls.length, 2);
  });

  test("VAI-65 the names of a redemption whose effect was taken back are taken under its own use alone", async () => {
    const { plane, governed } = await strayed(rolling({ "/deliveries": ["handle"] }));
    const handle = { "/delivery": "handle" };
    const handed = granted(await plane.ask({ request: { set: handle } }, governed));
    const names = { "/idempotencyKey": "one-key" };
    const redemption = plane.redemption(governed, handed.handle, { request: { set: names } });
    assert.equal(rollbackOf(await plane.execute(redemption))?.status, "succeeded");
    const asked = await plane.ask({ request: { set: { ...handle, ...names } } }, governed);
    assert.equal(refused(asked).code, "CONTRACT_CONSUMED");
  });

  test("wire §5 nothing is issued on a chain that has no room left for its rollback to be told", async () => {
    const steps = rolling().contract?.set?.["/authorization_details"] as object[];
    const sixteen = [{ ...steps[0], limits: { calls: 16 } }, steps[1]] as object[];
    const plane = await newPlane();
    const governed = plane.contract(rolling({ "/deliveries": ["handle"] }, sixteen));
    const handle = { request: { set: { "/delivery": "handle" } } };
    const codes: string[] = [];
    for (let n = 0; n < 16; n++) {
      const answer = await plane.ask(handle, governed);
      codes.push(answer.ok ? "ok" : answer.code);
    }
    // 4 records of the binding; 3 of each issuance, and 14 that each open identity is owed.
    assert.equal(codes.filter((code) => code === "ok").length, 11);
    assert.equal(codes.at(-1), "CONTRACT_CONSUMED");
  });

  test("VAI-64 a rollback takes no retry key, and State made anew from evidence has none of it", async () => {
    const { plane, governed } = await strayed();
    await plane.ask({}, governed);
    const { chainId } = governed;
    const keys = evidenceKeys(plane.policy);
    const made = projectChain(
      plane.rows(chainId),
      { plane: PLANE, chainId, keys },
      plane.world.now,
    );
    assert.ok("keys" in made);
    const { undo } = identitiesOf(plane, governed);
    assert.ok(!made.keys.some(({ value }) => value === undo?.identityId));
    assert.equal(plane.effects().retryKeys, 2);
  });
});
