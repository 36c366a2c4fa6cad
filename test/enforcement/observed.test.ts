import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { obtainSession, obtainToDeliver } from "../../lib/enforcement/barriers/session.ts";
import { Judgement } from "../../lib/enforcement/judgement.ts";
import type { Grant } from "../../lib/enforcement/stages/authority.ts";
import { contractView } from "../../lib/evidence/intent-state.ts";
import { enforcedRole, trustPolicySchema } from "../../lib/trust/policy.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import { FUNCTION, type Governed, type Mutation, TABLE } from "../support/governed.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import type { Change } from "../support/mutate.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";

/** Actions that are only watched (PROTOCOL.md §4, §6): judged to the end, recorded, and never done. */

const observing = (index: number): Change => ({ set: { [`/actions/${index}/mode`]: "observe" } });
const roleless = (index: number): Change => ({
  ...observing(index),
  remove: [`/actions/${index}/executionRoleArn`],
});
const OBSERVE = observing(0);
const ROLELESS = roleless(0);
const ENFORCE: Change = { set: { "/actions/0/mode": "enforce" } };

const WOULD = {
  ...{ ok: false, code: "ACTION_OBSERVED", stage: "authority", failureDomain: "governance" },
  ...{ retryable: false, enforced: false, would: { ok: true } },
  detail:
    "lambda:UpdateAlias is only observed, nothing was done; enforcing it would have granted this",
};
const BINDING = ["IntentSubmitted", "ContextEvaluated", "PolicyEvaluated", "ContractBound"];
/** With the place of its action in the trust policy. */
const DELIVERIES: Readonly<Record<string, readonly [Mutation, number]>> = {
  execute: [{}, 0],
  handle: [HANDLE, 0],
  credentials: [CREDENTIALS, 1],
};
const NAMES = ["lambda:UpdateAlias", "dynamodb:UpdateItem"];
const BEYOND: Mutation = { request: { set: { "/operation/parameters/percent": 100 } } };

const nothing = { executions: 0, calls: 0, retryKeys: 0 };
const effectsOf = (plane: Plane) => {
  const { executions, calls, retryKeys } = plane.effects();
  return { executions, calls, retryKeys };
};

const stateOf = (plane: Plane, { chainId, contractDigest }: Governed) => {
  const state = plane.state(chainId);
  const { ended, uses, totals } = contractView(state, contractDigest);
  const identities = [...state.identities.values()];
  return { ended, uses, totals, identities };
};

suite("an action that is only observed", () => {
  for (const [delivery, [mutation, index]] of Object.entries(DELIVERIES)) {
    const detail = WOULD.detail.replace(NAMES[0] ?? "", NAMES[index] ?? "");
    for (const [how, change] of [
      ["its role", observing(index)],
      ["no role", roleless(index)],
    ] as const) {
      test(`VAI-146 delivery ${delivery}, with ${how}: would be granted, nothing leaves, every record says so`, async () => {
        const plane = await newPlane({ policy: change });
        const governed = plane.contract(mutation);
        const { evidence, ...answer } = refused(await plane.ask(mutation, governed));
        assert.deepEqual(answer, { ...WOULD, detail });
        assert.deepEqual(effectsOf(plane), nothing);
        const records = plane.records(governed.chainId);
        assert.deepEqual(
          records.map(({ event, detail }) => [event.type, detail["enforced"]]),
          [...BINDING, "IdentityRequested", "IdentityDenied"].map((type) => [type, false]),
        );
        const last = records.at(-1);
        assert.deepEqual(evidence, { chainId: governed.chainId, seq: last?.chain.seq });
        assert.deepEqual(last?.detail, { reason: detail, enforced: false, would: { ok: true } });
        const results = new Set(last?.decision.checks?.map(({ result }) => result));
        assert.deepEqual([...results], ["pass", "notRun"]);
        const { uses, ended, identities } = stateOf(plane, governed);
        assert.deepEqual([uses.size, ended, identities], [0, undefined, []]);
      });
    }
  }

  test("VAI-146 switching takes nothing but a trust policy: the same contract is granted, and back again is observed", async () => {
    const plane = await newPlane({ policy: OBSERVE });
    const mutation: Mutation = {
      contract: { set: { "/authorization_details/0/limits": { calls: 2 } } },
    };
    const governed = plane.contract(mutation);
    assert.equal(refused(await plane.ask(mutation, governed)).code, "ACTION_OBSERVED");
    await plane.publish(ENFORCE);
    granted(await plane.ask(mutation, governed));
    await plane.publish(OBSERVE);
    assert.deepEqual(refused(await plane.ask(mutation, governed)).would, { ok: true });
    assert.equal(stateOf(plane, governed).identities.length, 1);
  });

  test("VAI-146 VAI-64 it takes no retry key: the same names are free for other content once it is enforced", async () => {
    const plane = await newPlane({ policy: OBSERVE });
    const governed = plane.contract();
    const names = { "/jti": "a-request", "/idempotencyKey": "a-key" };
    const named = { request: { set: names } };
    refused(await plane.ask(named, governed));
    await plane.publish(ENFORCE);
    const other = { request: { set: { ...names, "/operation/parameters/percent": 7 } } };
    granted(await plane.ask(other, governed));
  });

  test("VAI-146 VAI-64 a grant from before is repeated as always, and its handle is worth nothing while it is observed", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const event = plane.event(governed, HANDLE);
    const { handle, identity } = granted(await plane.issue(event));
    await plane.publish(OBSERVE);
    assert.equal(granted(await plane.issue(event)).deduplicated, true);
    const before = effectsOf(plane);
    const redemption = plane.redemption(governed, handle);
    const { evidence: _, ...answer } = refused(await plane.execute(redemption));
    assert.deepEqual(answer, WOULD);
    assert.deepEqual(effectsOf(plane), before);
    const last = plane.records(governed.chainId).at(-1);
    assert.deepEqual(
      [last?.event.type, last?.detail["enforced"], last?.detail["would"]],
      ["ExecutionRejected", false, { ok: true }],
    );
    assert.deepEqual(
      stateOf(plane, governed).identities.map(({ identityId, state }) => [identityId, state]),
      [[identity.identityId, "ISSUED"]],
    );
    await plane.publish(ENFORCE);
    granted(await plane.execute(redemption));
  });

  test("VAI-146 VAI-114 beyond the contract with a handle: no violation, and neither identity nor contract ends", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    await plane.publish(OBSERVE);
    const answer = refused(await plane.execute(plane.redemption(governed, handle, BEYOND)));
    assert.ok(answer.would?.ok === false);
    assert.deepEqual(
      [answer.code, answer.stage, answer.would.code, answer.would.stage],
      ["ACTION_OBSERVED", "authority", "PARAMETER_OUT_OF_BOUNDS", "scope"],
    );
    assert.ok(!plane.types(governed.chainId).includes("ViolationDetected"));
    const head = plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`);
    assert.equal(head?.["marks"], undefined);
    const { ended, identities } = stateOf(plane, governed);
    assert.deepEqual([ended, identities[0]?.end], [undefined, undefined]);
    await plane.publish(ENFORCE);
    granted(await plane.execute(plane.redemption(governed, handle)));
  });

  test("VAI-146 ADV-35 a flood of them is counted like any refusals of a contract, and takes no room from its grants", async () => {
    const plane = await newPlane({ policy: OBSERVE });
    const governed = plane.contract();
    for (let n = 0; n < 25; n++) refused(await plane.ask({}, governed));
    const denied = plane.types(governed.chainId).filter((type) => type === "IdentityDenied");
    assert.equal(denied.length, 20);
    const length = plane.rows(governed.chainId).length;
    plane.world.pass(60);
    refused(await plane.ask({}, governed));
    const counted = plane.records(governed.chainId).slice(length);
    assert.deepEqual(
      counted.map(({ event, detail }) => [event.type, detail["count"]]),
      [["RefusalsCounted", 6]],
    );
    await plane.publish(ENFORCE);
    granted(await plane.ask({}, governed));
  });

  test("VAI-146 one observed action makes the whole step observed; a step without one is done as always", async () => {
    const plane = await newPlane({ policy: OBSERVE });
    granted(await plane.ask({ base: "item" }));
    const both = ["dynamodb:UpdateItem", "lambda:UpdateAlias"];
    const mixed: Mutation = {
      base: "item",
      contract: { set: { "/authorization_details/0/actions": both } },
    };
    assert.equal(refused(await plane.ask(mixed)).code, "ACTION_OBSERVED");
  });

  test("VAI-146 a step that the contract does not have is watched only where each of its own is", async () => {
    const unknown: Mutation = { request: { set: { "/step": "other" } } };
    const plane = await newPlane({ policy: OBSERVE });
    const { would } = refused(await plane.ask(unknown));
    assert.equal(would?.ok === false && would.code, "STEP_MISMATCH");
    const item = refused(await plane.ask({ ...unknown, base: "item" }));
    assert.deepEqual([item.code, item.would], ["STEP_MISMATCH", undefined]);
  });

  test("VAI-146 ADV-64 a key of another actor, which only the binding shows, is what it would be refused for; nothing is bound", async () => {
    const plane = await newPlane({ policy: OBSERVE });
    await plane.ask();
    const name = "spiffe://example.org/agent/other";
    const renamed: Mutation = {
      intent: { set: { "/actor": name } },
      decision: { set: { "/boundary/actorId": name } },
      contract: { set: { "/actor/id": name } },
    };
    const governed = plane.contract(renamed);
    const { code, would } = refused(await plane.ask(renamed, governed));
    assert.deepEqual(
      [code, would?.ok === false && [would.code, would.stage]],
      ["ACTION_OBSERVED", ["ACTOR_MISMATCH", "proof"]],
    );
    assert.deepEqual(plane.types(governed.chainId), ["IdentityRequested", "IdentityDenied"]);
  });

  test("VAI-146 VAI-98 what cannot be recorded is refused all the same, and names no evidence", async () => {
    const plane = await newPlane({ policy: OBSERVE });
    plane.faults.plan({ at: "evidence:write" });
    assert.deepEqual(refused(await plane.ask()), WOULD);
    assert.deepEqual(effectsOf(plane), nothing);
  });
});

suite("an action that is put into mode observe while it is used", () => {
  for (const delivery of ["execute", "credentials"]) {
    const [mutation = {}, index = 0] = DELIVERIES[delivery] ?? [];
    test(`VAI-146 VAI-109 delivery ${delivery}, between issuance and use: nothing is called or leaves, and the identity ends`, async () => {
      const plane = await newPlane();
      const governed = plane.contract(mutation);
      whileSts(plane, () => plane.publish(observing(index)));
      const answer = refused(await plane.ask(mutation, governed));
      assert.deepEqual(
        [answer.code, answer.stage, answer.retryable, answer.would, answer.enforced],
        ["REGISTRY_STALE", "execution", false, undefined, undefined],
      );
      assert.equal(plane.effects().calls, 0);
      const [identity] = stateOf(plane, governed).identities;
      assert.deepEqual(
        [identity?.state, identity?.end?.trigger, identity?.end?.used],
        ["REVOKED", "policyChanged", false],
      );
    });
  }

  test("VAI-146 VAI-109 of a handle: its session is recorded as unused, nothing is called, and again it is observed", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    whileSts(plane, () => plane.publish(OBSERVE));
    const event = plane.redemption(governed, handle);
    assert.equal(refused(await plane.execute(event)).code, "REGISTRY_STALE");
    const last = plane.records(governed.chainId).at(-1);
    assert.equal(last?.event.type, "ExecutionRejected");
    assert.match(String(last?.detail["unusedAccessKeyId"]), /./);
    assert.equal(plane.effects().calls, 0);
    assert.equal(refused(await plane.execute(event)).code, "ACTION_OBSERVED");
    assert.equal(plane.effects().executions, 1, "STS was asked once, before it was observed");
  });
});

/** Something happens while STS is asked. */
function whileSts(plane: Plane, happens: () => Promise<void>): void {
  const { assumeRole } = plane.deps;
  plane.deps = {
    ...plane.deps,
    assumeRole: async (input) => {
      const session = await assumeRole(input);
      plane.deps = { ...plane.deps, assumeRole };
      await happens();
      return session;
    },
  };
}

suite("mode observe in the trust policy", () => {
  const action = {
    action: "lambda:UpdateAlias",
    risk: "LOW",
    readerRoleArn: "arn:aws:iam::000000000000:role/read-lambda",
  } as const;
  const executionRoleArn = "arn:aws:iam::000000000000:role/exec-lambda";
  const CASES: readonly (readonly [string, object, boolean])[] = [
    ["no mode, with its role", { executionRoleArn }, true],
    ["enforced, with its role", { executionRoleArn, mode: "enforce" }, true],
    ["observed, with its role", { executionRoleArn, mode: "observe" }, true],
    ["observed, without", { mode: "observe" }, true],
    ["no mode, without its role", {}, false],
    ["enforced, without its role", { mode: "enforce" }, false],
    ["another mode", { executionRoleArn, mode: "shadow" }, false],
    ["one role for both", { executionRoleArn: action.readerRoleArn, mode: "observe" }, false],
  ];
  for (const [name, members, isRead] of CASES) {
    test(`VAI-146 ${name} is ${isRead ? "read" : "refused"}`, async () => {
      const { policy } = await newPlane();
      const read = trustPolicySchema.safeParse({ ...policy, actions: [{ ...action, ...members }] });
      assert.equal(read.success, isRead, JSON.stringify(read));
    });
  }

  test("VAI-146 VAI-100 nobody gets the role of an observed action, whether or not it has one", async () => {
    const plane = await newPlane();
    assert.equal(enforcedRole({ ...action, executionRoleArn }), executionRoleArn);
    for (const more of [{}, { executionRoleArn, mode: "observe" as const }]) {
      const governed = { ...action, ...more };
      assert.throws(() => enforcedRole(governed), /only observed/);
      for (const obtain of [obtainSession, obtainToDeliver]) {
        const judgement = new Judgement(plane.deps, plane.invocation(), [], {});
        await assert.rejects(obtain(judgement, {} as Grant, governed), /only observed/);
      }
    }
  });

  test("VAI-115 VAI-146 a plane with an action that has no role yet is halted and resumed, and its other roles are denied", async () => {
    const plane = await newPlane({ policy: ROLELESS });
    const halt = await plane.revoke({ command: plane.command({ do: "haltPlane" }) });
    assert.ok(halt.ok, JSON.stringify(halt));
    const roles = halt.points.flatMap(({ role }) => (role === undefined ? [] : [role]));
    assert.deepEqual(roles, ["arn:aws:iam::000000000000:role/exec-dynamodb"]);
    const { would } = refused(await plane.ask());
    assert.equal(would?.ok === false && would.code, "PLANE_HALTED");
    await plane.sweep();
  });

  test("VAI-43 VAI-146 actions without a role share none: credentials of several would be refused", async () => {
    const both = {
      set: { "/actions/0/mode": "observe", "/actions/1/mode": "observe" },
      remove: ["/actions/0/executionRoleArn", "/actions/1/executionRoleArn"],
    };
    const plane = await newPlane({ policy: both });
    const resources = [FUNCTION, TABLE];
    const change: Mutation = {
      ...CREDENTIALS,
      intent: { set: { "/action": NAMES, "/target": resources } },
      contract: {
        set: {
          ...CREDENTIALS.contract?.set,
          "/authorization_details/0/actions": NAMES,
          "/authorization_details/0/resources": resources,
        },
      },
    };
    const { would } = refused(await plane.ask(change));
    assert.deepEqual(would, {
      ...{ ok: false, code: "DIRECT_MODE_FORBIDDEN", stage: "authority" },
      detail: "the actions of the step run under different roles, and credentials are of one",
      pointer: "/request/delivery",
    });
  });
});
