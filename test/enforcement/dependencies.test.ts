import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Answer } from "../../lib/enforcement/answer.ts";
import { type Dependency, type PlannedFault, WAYS_TO_FAIL } from "../support/faults.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";

const READ_BACK: Mutation = {
  contract: {
    set: {
      "/authorization_details/0/limits/calls": 2,
      "/obligations": [{ kind: "readBack", name: "routing", dueSeconds: 60 }],
    },
  },
};
const SMALL: Mutation = { request: { set: { "/operation/parameters/percent": 1 } } };

interface BadDay {
  readonly plane: Plane;
  readonly governed: Governed;
  readonly answer: Answer;
}

async function badDay(mutation: Mutation, ...faults: PlannedFault[]): Promise<BadDay> {
  const plane = await newPlane();
  const governed = plane.contract(mutation);
  const event = plane.event(governed, SMALL);
  plane.faults.plan(...faults);
  const answer = await plane.issue(event);
  plane.faults.clear();
  return { plane, governed, answer };
}

/** Dependencies that are needed before any authority exists, and how their failure is told. */
const BEFORE: readonly (readonly [Dependency, number, string, string])[] = [
  ["heads:read", 1, "DEPENDENCY_UNAVAILABLE", "contract"],
  ["heads:read", 2, "DEPENDENCY_UNAVAILABLE", "contract"],
  ["heads:read", 3, "DEPENDENCY_UNAVAILABLE", "executor"],
  ["evidence:read", 1, "EVIDENCE_STORE_UNAVAILABLE", "executor"],
  ["signer:sign", 1, "EVIDENCE_SIGNER_UNAVAILABLE", "evidence"],
  ["evidence:write", 1, "EVIDENCE_STORE_UNAVAILABLE", "evidence"],
];

suite("a dependency fails before authority exists", () => {
  for (const how of WAYS_TO_FAIL) {
    for (const [at, from, code, stage] of BEFORE) {
      test(`VAI-63 VAI-97 VAI-98 VAI-99 X-19 ${at} from call ${from}, ${how}: ${code}, and no authority`, async () => {
        const { plane, governed, answer } = await badDay({}, { at, from, how });
        const refusal = refused(answer);
        assert.deepEqual(
          [refusal.code, refusal.stage, refusal.failureDomain, refusal.retryable],
          [code, stage, "platform", true],
        );
        assert.equal(plane.sts.executions.length, 0);
        assert.equal(plane.targets.calls.length, 0);
        assert.deepEqual(plane.rows(governed.chainId), []);
        granted(await plane.ask(SMALL, governed));
      });
    }
  }

  test("VAI-99 the signer's key id cannot be had: no authority", async () => {
    const plane = await newPlane();
    plane.faults.plan({ at: "signer:key" });
    const deps = plane.process();
    const answer = refused(await plane.issue(plane.event(plane.contract()), deps));
    assert.equal(answer.code, "EVIDENCE_SIGNER_UNAVAILABLE");
    assert.equal(plane.sts.executions.length, 0);
    plane.faults.clear();
    granted(await plane.issue(plane.event(plane.contract()), deps));
  });

  test("VAI-62 what this process remembers does not change which check decides", async () => {
    const wrong: Mutation = { contract: { set: { "/risk": "LOW" } } };
    for (const isWarm of [true, false]) {
      const plane = await newPlane({ policy: { set: { "/actions/1/risk": "MEDIUM" } } });
      if (isWarm) await plane.grant();
      plane.faults.plan({ at: "evidence:read", how: "timeout" });
      const answer = refused(await plane.ask({ ...wrong, base: "item" }));
      assert.deepEqual([answer.code, answer.stage], ["RISK_CLASS_UNDERSTATED", "contract"]);
    }
  });

  test("VAI-63 one failed read of what is read ahead is read again in its stage", async () => {
    const plane = await newPlane();
    await plane.grant();
    plane.faults.plan({ at: "evidence:read", to: 1, how: "throttle" });
    granted(await plane.ask());
  });

  test("ADV-35 a refusal needs no evidence to be one: the answer stands and names none", async () => {
    for (const at of ["signer:sign", "evidence:write", "state:write"] as const) {
      const plane = await newPlane();
      plane.faults.plan({ at });
      const answer = refused(await plane.issue({ nonsense: true }));
      assert.equal(answer.code, "REQUEST_MALFORMED");
      assert.equal(answer.evidence, undefined);
      const denied = refused(await plane.ask({ request: { set: { "/step": "other" } } }));
      assert.equal(denied.code, "STEP_MISMATCH");
    }
  });

  test("VAI-98 an answer of the store that was lost is read back before it counts as failed", async () => {
    for (const how of WAYS_TO_FAIL) {
      for (const from of [1, 2, 3]) {
        const fault = { at: "evidence:write", from, to: from, how, applied: true } as const;
        const { plane, governed, answer } = await badDay({}, fault);
        assert.equal(granted(answer).identity.state, "COMPLETED", `${how} ${from}`);
        assert.equal(plane.types(governed.chainId).length, 11);
        assert.equal(plane.sts.executions.length, 1);
      }
    }
  });

  test("VAI-98 an answer that was lost and cannot be read back: the use is spent, nothing runs", async () => {
    const { plane, governed, answer } = await badDay(
      {},
      { at: "evidence:write", from: 1, to: 1, applied: true },
      { at: "evidence:read", from: 2 },
    );
    assert.equal(refused(answer).code, "EVIDENCE_STORE_UNAVAILABLE");
    assert.equal(plane.sts.executions.length, 0);
    assert.equal(plane.types(governed.chainId).at(-1), "IdentityIssued");
    assert.equal(refused(await plane.ask(SMALL, governed)).code, "CONTRACT_CONSUMED");
  });
});

suite("a dependency fails after barrier 1", () => {
  test("VAI-93 VAI-100 STS: one attempt, evidence of it, the use spent", async () => {
    for (const how of WAYS_TO_FAIL) {
      for (const applied of [false, true]) {
        const { plane, governed, answer } = await badDay({}, { at: "sts", how, applied });
        const refusal = refused(answer);
        assert.deepEqual(
          [refusal.code, refusal.stage, refusal.retryable],
          ["STS_FAILED", "issuance", false],
        );
        assert.deepEqual(refusal.evidence, { chainId: governed.chainId, seq: 8 });
        assert.equal(plane.types(governed.chainId).at(-1), "IssuanceFailed");
        assert.equal(plane.sts.executions.length, 1);
        assert.equal(plane.targets.calls.length, 0);
        assert.equal(refused(await plane.ask(SMALL, governed)).code, "CONTRACT_CONSUMED");
      }
    }
  });

  test("VAI-100 STS answers half a session: it is none", async () => {
    const halves = [
      {},
      { Credentials: {} },
      { Credentials: { AccessKeyId: "A", SecretAccessKey: "s", Expiration: new Date(0) } },
      { Credentials: { AccessKeyId: "A", SecretAccessKey: "s", SessionToken: "t" } },
      {
        Credentials: {
          AccessKeyId: "A",
          SecretAccessKey: "s",
          SessionToken: "t",
          Expiration: new Date(Number.NaN),
        },
      },
    ];
    for (const half of halves) {
      const plane = await newPlane();
      plane.sts.instead = () => half;
      const answer = refused(await plane.ask());
      assert.equal(answer.code, "STS_FAILED");
      assert.equal(plane.targets.calls.length, 0);
    }
  });

  test("VAI-88 VAI-63 the reader role or the read before the call fails: nothing is called", async () => {
    for (const how of WAYS_TO_FAIL) {
      for (const at of ["reader", "target:preRead"] as const) {
        const { plane, governed, answer } = await badDay({}, { at, how });
        const refusal = refused(answer);
        assert.deepEqual(
          [refusal.code, refusal.stage, refusal.retryable],
          ["DEPENDENCY_UNAVAILABLE", "execution", false],
        );
        assert.equal(plane.targets.calls.length, 0);
        assert.deepEqual(plane.types(governed.chainId).slice(7), [
          "CredentialsMinted",
          "ExecutionRejected",
          "IdentityRevoked",
        ]);
      }
    }
  });

  test("VAI-06 VAI-98 VAI-99 barrier 2 fails once: nothing is called, and the end is recorded", async () => {
    const faults = [
      { at: "evidence:write", from: 2, to: 2 },
      { at: "signer:sign", from: 2, to: 2 },
    ] as const;
    for (const fault of faults) {
      const { plane, governed, answer } = await badDay({}, fault);
      assert.equal(refused(answer).retryable, false);
      assert.equal(plane.targets.calls.length, 0);
      assert.equal(plane.types(governed.chainId).at(-1), "IdentityRevoked");
    }
  });

  test("VAI-06 barrier 2 was written, its answer lost and not to be read back: nothing is called", async () => {
    const { plane, governed, answer } = await badDay(
      {},
      { at: "evidence:write", from: 2, to: 2, applied: true },
      { at: "evidence:read", from: 2, to: 2 },
    );
    assert.deepEqual([refused(answer).retryable, refused(answer).unlock], [false, undefined]);
    assert.equal(plane.targets.calls.length, 0);
    const types = plane.types(governed.chainId).slice(7);
    assert.deepEqual(types, [
      "CredentialsMinted",
      "ExecutionStarted",
      "ExecutionRejected",
      "IdentityRevoked",
    ]);
  });
});

suite("the target fails", () => {
  test("ADV-69 VAI-70 the call's answer is lost: EXECUTION_OUTCOME_UNKNOWN, one attempt, the contract spent", async () => {
    for (const how of ["timeout", "error"] as const) {
      for (const applied of [true, false]) {
        const { plane, governed, answer } = await badDay(READ_BACK, {
          at: "target:call",
          how,
          applied,
        });
        const { outcome, identity } = granted(answer);
        assert.equal(outcome?.status, "unknown", "even if the target looks right");
        assert.equal(outcome?.readBack?.matches, applied);
        assert.equal(identity.state, "INCOMPLETE");
        const failed = plane
          .records(governed.chainId)
          .find(({ event }) => event.type === "ExecutionFailed");
        assert.equal(failed?.decision.code, "EXECUTION_OUTCOME_UNKNOWN");
        assert.equal(plane.targets.calls.length, 1);
        assert.equal(refused(await plane.ask(SMALL, governed)).code, "CONTRACT_CONSUMED");
      }
    }
  });

  test("OKG-22 VAI-111 the target says no: ExecutionFailed, and the contract ends", async () => {
    const { plane, governed, answer } = await badDay(READ_BACK, {
      at: "target:call",
      how: "throttle",
    });
    const { outcome, identity } = granted(answer);
    assert.deepEqual(outcome, {
      status: "failed",
      error: { name: "ThrottlingException", kind: "throttled" },
      readBack: { matches: false },
      obligations: [{ name: "routing", met: false }],
    });
    assert.equal(identity.state, "FAILED");
    assert.deepEqual(plane.types(governed.chainId).slice(9), [
      "ExecutionFailed",
      "ObligationMissed",
      "IdentityCompleted",
    ]);
    assert.equal(refused(await plane.ask(SMALL, governed)).code, "CONTRACT_REVOKED");
  });

  /** The time that the read-back has is over. */
  const missed = async (plane: Plane, { chainId }: Governed, identityId: string) => {
    plane.world.pass(600);
    await plane.sweep();
    const found = plane.records(chainId).find(({ event }) => event.type === "ObligationMissed");
    assert.equal(found?.decision.code, "OBLIGATION_UNMET");
    assert.equal(plane.types(chainId).at(-1), "ExecutionIncomplete");
    assert.equal(plane.state(chainId).identities.get(identityId)?.state, "INCOMPLETE");
  };

  test("VAI-48 the promised read-back fails until it is due: OBLIGATION_UNMET, incomplete, never COMPLETED", async () => {
    for (const how of WAYS_TO_FAIL) {
      const { plane, governed, answer } = await badDay(READ_BACK, { at: "target:readBack", how });
      const { outcome, identity } = granted(answer);
      assert.deepEqual(outcome, {
        status: "succeeded",
        obligations: [{ name: "routing", met: false }],
      });
      assert.equal(identity.state, "IN_USE");
      plane.faults.plan({ at: "target:readBack", how });
      await missed(plane, governed, identity.identityId);
    }
  });

  test("VAI-48 a read-back that shows something else until it is due: incomplete", async () => {
    const plane = await newPlane();
    plane.targets.instead = () => ({ status: "succeeded" });
    const governed = plane.contract(READ_BACK);
    const { outcome, identity } = await plane.grant({}, governed);
    assert.equal(outcome?.readBack?.matches, false);
    assert.equal(identity.state, "IN_USE");
    await missed(plane, governed, identity.identityId);
  });

  test("VAI-32 a read-back that was promised and seen", async () => {
    const { plane, governed, answer } = await badDay(READ_BACK);
    assert.deepEqual(granted(answer).outcome?.obligations, [{ name: "routing", met: true }]);
    assert.ok(plane.types(governed.chainId).includes("ObligationFulfilled"));
  });
});

suite("evidence fails after the call", () => {
  test("VAI-103 ADV-37 the answer is not success, and evidence keeps the identity open", async () => {
    const faults: readonly (readonly [string, PlannedFault])[] = [
      ["EVIDENCE_STORE_UNAVAILABLE", { at: "evidence:write", from: 3 }],
      ["EVIDENCE_SIGNER_UNAVAILABLE", { at: "signer:sign", from: 3 }],
    ];
    for (const how of WAYS_TO_FAIL) {
      for (const [code, fault] of faults) {
        const { plane, governed, answer } = await badDay(READ_BACK, { ...fault, how });
        const refusal = refused(answer);
        assert.deepEqual(
          [refusal.code, refusal.stage, refusal.retryable],
          [code, "execution", false],
        );
        assert.equal(plane.types(governed.chainId).at(-1), "ExecutionStarted");
        assert.equal(plane.targets.calls.length, 1);
        plane.world.pass(31);
        assert.equal(refused(await plane.ask(SMALL, governed)).code, "CONTRACT_CONSUMED");
        assert.equal(plane.targets.calls.length, 1);
      }
    }
  });

  test("VAI-103 an outcome whose write was applied and whose answer was lost is read back", async () => {
    const { plane, governed, answer } = await badDay(
      {},
      { at: "evidence:write", from: 3, to: 3, applied: true },
    );
    assert.equal(granted(answer).identity.state, "COMPLETED");
    assert.equal(plane.types(governed.chainId).at(-1), "IdentityCompleted");
  });
});

suite("bugs", () => {
  const ALIAS = "lambda:UpdateAlias";

  test("VAI-63 a bug before barrier 1 is INTERNAL_FAULT, and no authority", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const deps = { ...plane.deps, newId: failing(1, plane.world.newId) };
    const answer = refused(await plane.issue(plane.event(governed), deps));
    assert.deepEqual([answer.code, answer.retryable], ["INTERNAL_FAULT", false]);
    assert.equal(plane.sts.executions.length, 0);
    assert.doesNotMatch(answer.detail, /bug/, "nothing of the cause leaves");
  });

  test("VAI-63 a bug that also keeps evidence from being written still gets an answer", async () => {
    const plane = await newPlane();
    const deps = { ...plane.deps, newId: failing(Number.POSITIVE_INFINITY, plane.world.newId) };
    for (const event of [plane.event(plane.contract()), { nonsense: true }]) {
      const answer = refused(await plane.issue(event, deps));
      assert.equal(answer.evidence, undefined);
    }
  });

  test("ADV-69 a bug inside the bounded call leaves its outcome unknown, never undone", async () => {
    const plane = await newPlane();
    const real = plane.targets.descriptorOf(ALIAS);
    const buggy = { ...real, call: () => Promise.reject(new TypeError("a bug")) } as never;
    const deps = { ...plane.deps, descriptorOf: () => buggy };
    const answer = granted(await plane.issue(plane.event(plane.contract()), deps));
    assert.equal(answer.outcome?.status, "unknown");
  });

  test("ADV-39 CREDENTIALS_MISSING at the adapter is a failed execution in evidence, not another role's call", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const real = plane.targets.descriptorOf(ALIAS);
    const { clientOptions } = await import("../../lib/actions/client-settings.ts");
    const bare = {
      ...real,
      call: async (_operation: unknown, _preRead: unknown, settings: object) =>
        clientOptions({ ...settings, credentials: undefined } as never, 1) as never,
    } as never;
    const deps = { ...plane.deps, descriptorOf: () => bare };
    const answer = granted(await plane.issue(plane.event(governed), deps));
    assert.deepEqual(answer.outcome?.error, { name: "CREDENTIALS_MISSING", kind: "denied" });
    const failed = plane
      .records(governed.chainId)
      .find(({ event }) => event.type === "ExecutionFailed");
    assert.equal(failed?.decision.code, "CREDENTIALS_MISSING");
  });

  test("VAI-131 what could not be read before the call is named by the API that failed", async () => {
    const plane = await newPlane();
    plane.faults.plan({ at: "reader" });
    const { detail } = refused(await plane.issue(plane.event(plane.contract())));
    assert.match(detail, /^assuming the reader role failed: \w+; the target could not be read/);
  });

  test("VAI-06 VAI-68 a bug between barrier 1 and barrier 2 leaves no authority without its record", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const real = plane.targets.descriptorOf(ALIAS);
    const buggy = {
      ...real,
      describeCall: () => {
        throw new TypeError("a bug");
      },
    } as never;
    const deps = { ...plane.deps, descriptorOf: () => buggy };
    const answer = refused(await plane.issue(plane.event(governed), deps));
    assert.deepEqual([answer.code, answer.retryable], ["INTERNAL_FAULT", false]);
    assert.equal(plane.targets.calls.length, 0);
    assert.equal(plane.types(governed.chainId).at(-1), "IdentityRevoked");
  });
});

/** A function that fails so many times before it works. */
function failing<T>(times: number, work: () => T): () => T {
  let left = times;
  return () => {
    if (left-- > 0) throw new TypeError("a bug");
    return work();
  };
}
