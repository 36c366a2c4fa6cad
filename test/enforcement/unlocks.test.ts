import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { UNLOCKS } from "../../lib/enforcement/unlocks.ts";
import { isRetryable, REFUSAL_CODES, type RefusalCode } from "../../lib/refusal.ts";
import type { Unlock } from "../../lib/unlock.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import type { Dependency } from "../support/faults.ts";
import { FUNCTION, type Governed, type Mutation } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { approval, attestation, EVALUATORS, high } from "../support/people.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";
import { restrict } from "../support/restrict.ts";

/*
 * What a refusal says would change it (PROTOCOL.md §4), and that it does: each way to be refused is played, then what
 * `unlock` says is done as it is said, and the same is asked for again.
 */

/** Codes that have no `unlock`, in the order of `lib/refusal.ts`: a new code is here, or says what would change it. */
const NOTHING_HELPS: readonly RefusalCode[] = [
  ...(["CONTRACT_MALFORMED", "CHAIN_MALFORMED", "ATTESTATION_MALFORMED"] as const),
  ...(["REQUEST_MALFORMED", "COMMAND_MALFORMED", "PROOF_INCOMPLETE"] as const),
  ...(["CONSTRAINT_UNKNOWN", "CONTRACT_OVERBROAD", "NOT_SUPPORTED"] as const),
  ...(["ACTOR_MISMATCH", "ACTOR_AUTH_INVALID", "TARGET_MISMATCH", "ACTION_MISMATCH"] as const),
  ...(["REGION_MISMATCH", "ACCOUNT_MISMATCH", "PARAMETER_OUT_OF_BOUNDS"] as const),
  ...(["PARAMETER_UNDECLARED", "SCOPE_EXCEEDED", "CONTRACT_MISMATCH", "STEP_MISMATCH"] as const),
  ...(["EXECUTOR_MISMATCH", "DELEGATOR_MISMATCH", "ATTENUATION_VIOLATION"] as const),
  ...(["CONSTRAINT_REMOVED", "CHAINS_COMBINED"] as const),
  ...(["REQUEST_UNSIGNED", "REQUEST_SIGNATURE_INVALID"] as const),
  ...(["REQUEST_STALE", "NONCE_REPLAYED", "IDEMPOTENCY_CONFLICT", "AUDIENCE_MISMATCH"] as const),
  ...(["DIRECT_MODE_FORBIDDEN", "CONTRACT_UNKNOWN", "CONTRACT_HASH_MISMATCH"] as const),
  ...(["CONTRACT_SIGNATURE_INVALID", "CONTRACT_ISSUER_UNTRUSTED", "TTL_EXCEEDED"] as const),
  ...(["RISK_CLASS_UNDERSTATED", "ACTION_UNREGISTERED", "DECISION_SIGNATURE_INVALID"] as const),
  ...(["ACTION_OBSERVED", "APPROVAL_SIGNATURE_INVALID", "SELF_APPROVAL_FORBIDDEN"] as const),
  ...(["BREAK_GLASS_UNAUTHORIZED", "BREAK_GLASS_EXPIRED"] as const),
  ...(["CHAIN_BROKEN", "CHAIN_BLOCK_SIGNATURE_INVALID", "CHAIN_ROOT_UNKNOWN"] as const),
  ...(["CHAIN_TOO_DEEP", "CONTEXT_CHANGED", "CONTEXT_UNAVAILABLE"] as const),
  ...(["EVIDENCE_MISSING", "EVIDENCE_HASH_MISMATCH", "EVIDENCE_CHAIN_BROKEN"] as const),
  ...(["OBLIGATION_UNMET", "IDENTITY_UNKNOWN", "IDENTITY_SIGNATURE_INVALID"] as const),
  ...(["INTERNAL_FAULT", "SESSION_POLICY_TOO_LARGE", "SESSION_POLICY_INEXPRESSIBLE"] as const),
  ...(["CREDENTIALS_MISSING", "EXECUTION_OUTCOME_UNKNOWN"] as const),
];

const AGENT = KEYS.agent.thumbprint;
const ACTOR = "spiffe://example.org/agent/coordinator";
const ROLE = "arn:aws:iam::000000000000:role/exec-lambda";

type Claims = Parameters<Plane["command"]>[0];
const order = async (plane: Plane, claims: Claims): Promise<void> => {
  const answer = await plane.revoke({ command: plane.command(claims) });
  assert.ok(answer.ok, JSON.stringify(answer));
};

const contract = (set: Record<string, unknown>): Mutation => ({ contract: { set } });
const within = (plane: Plane, seconds: number): number =>
  Math.floor(plane.world.now / 1000) + seconds;

/** What `unlock` says, done as it says it: nothing here knows which refusal it is of. */
async function does(
  plane: Plane,
  unlock: readonly Unlock[],
  governed: Governed,
): Promise<Governed> {
  let next = governed;
  for (const each of unlock) {
    if (await peopleDo(plane, each, governed)) continue;
    if (each.kind === "time") plane.world.pass((Date.parse(each.at) - plane.world.now) / 1000);
    else if (each.kind === "retry") plane.world.pass(each.afterSeconds);
    else if (each.kind === "contract") next = plane.contract();
    else if (each.kind === "command") await lifts(plane, each);
  }
  return next;
}

async function peopleDo(plane: Plane, unlock: Unlock, governed: Governed): Promise<boolean> {
  if (unlock.kind === "approval") await approve(plane, unlock, governed);
  else if (unlock.kind === "attestation") await attest(plane, unlock, governed);
  else if (unlock.kind !== "step") return false;
  else for (const step of unlock.steps) await plane.grant(asking(step), governed);
  return true;
}

const asking = (step: string): Mutation => ({ request: { set: { "/step": step } } });

/** As many people as are missing, of whichever names. */
async function approve(
  plane: Plane,
  { needed, have, roles, step }: Extract<Unlock, { kind: "approval" }>,
  governed: Governed,
): Promise<void> {
  assert.deepEqual(roles, []);
  const { contractDigest } = governed;
  for (const name of (["ada", "bea"] as const).slice(have, needed)) {
    const jws = approval(plane, governed, name, { ...(step !== undefined && { step }) });
    const answer = await plane.govern({ op: "approve", contractDigest, approval: jws });
    assert.ok(answer.ok, JSON.stringify(answer));
  }
}

/** As many evaluators as are missing, of as many classes, those with a veto among them. */
async function attest(
  plane: Plane,
  { needed, have, veto }: Extract<Unlock, { kind: "attestation" }>,
  governed: Governed,
): Promise<void> {
  const names = Object.keys(EVALUATORS) as (keyof typeof EVALUATORS)[];
  const first = names.filter((name) => veto.includes(EVALUATORS[name].class));
  const wanted = [...new Set([...first, ...names])].slice(0, needed - have);
  const { contractDigest } = governed;
  for (const name of wanted) {
    const jws = attestation(plane, governed, name);
    const answer = await plane.govern({ op: "attest", contractDigest, attestation: jws });
    assert.ok(answer.ok, JSON.stringify(answer));
  }
}

const STEP = {
  type: "aws",
  actions: ["lambda:UpdateAlias"],
  resources: [FUNCTION],
  parameters: {
    alias: { exact: "live" },
    version: { exact: "7" },
    percent: { range: { min: 0, max: 10 } },
  },
};
const staged = (...steps: object[]): Mutation => ({
  ...asking("second"),
  contract: { set: { "/authorization_details": steps } },
  decision: { set: { "/boundary/authorization_details": steps } },
});
const bind = async (plane: Plane, { contract, proof }: Governed): Promise<void> => {
  const answer = await plane.govern({ op: "register", contract, proof });
  assert.ok(answer.ok, JSON.stringify(answer));
};

/** A lift by as many names as it says; it waits as long as the plane tells it to. */
async function lifts(plane: Plane, unlock: Extract<Unlock, { kind: "command" }>): Promise<void> {
  const { kind: _, names, ...claims } = unlock;
  assert.equal(names, 2);
  for (let tries = 0; ; tries++) {
    plane.world.pass(1);
    const own = { ...claims, jti: plane.world.newId() };
    const cosign = plane.command(own, { signedBy: "otherOperator" });
    const answer = await plane.govern({ op: "command", command: plane.command(own), cosign });
    if (answer.ok) return;
    const [wait] = answer.unlock ?? [];
    assert.ok(tries < 2 && wait?.kind === "retry", JSON.stringify(answer));
    await plane.sweep();
    plane.world.pass(wait.afterSeconds);
  }
}

interface Locked {
  readonly code: RefusalCode;
  /** What is done first, so that the next request is refused. */
  readonly before: (plane: Plane, governed: Governed) => Promise<unknown> | undefined;
  readonly mutation?: (plane: Plane) => Mutation;
  readonly unlock: (plane: Plane) => readonly Unlock[];
}

const command = { kind: "command", names: 2 } as const;
const CONTRACT = [{ kind: "contract" }] as const;

const LOCKED: Readonly<Record<string, Locked>> = {
  "the plane is halted": {
    code: "PLANE_HALTED",
    before: (plane) => order(plane, { do: "haltPlane" }),
    unlock: () => [{ ...command, do: "resumePlane" }],
  },
  "the actor is halted": {
    code: "AGENT_HALTED",
    before: (plane) => order(plane, { do: "haltActor", actorId: ACTOR }),
    unlock: () => [{ ...command, do: "reinstateActor", actorId: ACTOR }],
  },
  "the executor's key is revoked": {
    code: "KEY_REVOKED",
    before: (plane) => order(plane, { do: "revokeKey", jkt: AGENT }),
    unlock: () => [{ ...command, do: "reinstateKey", jkt: AGENT }],
  },
  "the execution role is quarantined": {
    code: "PATH_QUARANTINED",
    before: (plane) =>
      restrict(plane, {
        set: { "/quarantines": [{ path: ROLE, at: 1, cause: "REVOCATION_FAILED" }] },
      }),
    unlock: () => [{ ...command, do: "liftQuarantine", path: ROLE }],
  },
  "the window has not begun": {
    code: "CONTRACT_NOT_YET_VALID",
    before: () => undefined,
    mutation: (plane) => contract({ "/nbf": within(plane, 40) }),
    unlock: (plane) => [{ kind: "time", at: new Date(within(plane, 40) * 1000).toISOString() }],
  },
  "the window is over": {
    code: "CONTRACT_EXPIRED",
    before: async (plane) => plane.world.pass(600),
    unlock: () => CONTRACT,
  },
  "the use is spent": {
    code: "CONTRACT_CONSUMED",
    before: (plane, governed) => plane.grant({}, governed),
    unlock: () => CONTRACT,
  },
  "the contract was revoked": {
    code: "CONTRACT_REVOKED",
    before: async (plane, governed) => {
      await plane.grant({}, governed);
      const { contractDigest } = governed;
      await order(plane, { do: "revokeContract", contractDigest });
    },
    mutation: () => ({ contract: { set: { "/authorization_details/0/limits": { calls: 2 } } } }),
    unlock: () => CONTRACT,
  },
  "too few evaluators were heard": {
    code: "CONSENSUS_NOT_REACHED",
    before: async (plane, governed) => {
      await bind(plane, governed);
      const { contractDigest } = governed;
      const jws = approval(plane, governed, "ada");
      await plane.govern({ op: "approve", contractDigest, approval: jws });
    },
    mutation: (plane) => high(plane),
    unlock: () => [
      {
        ...{ kind: "attestation", needed: 3, have: 0, classesNeeded: 2, classesHave: 0 },
        veto: ["state"],
      },
    ],
  },
  "too few people approve": {
    code: "APPROVAL_REQUIRED",
    before: async (plane, governed) => {
      await bind(plane, governed);
      await attest(
        plane,
        {
          ...{ kind: "attestation", needed: 3, have: 0, classesNeeded: 2, classesHave: 0 },
          veto: [],
        },
        governed,
      );
    },
    mutation: (plane) => high(plane),
    unlock: () => [{ kind: "approval", needed: 1, have: 0, roles: [] }],
  },
  "the step before is to come first": {
    code: "STEP_OUT_OF_ORDER",
    before: () => undefined,
    mutation: () => staged({ ...STEP, id: "first" }, { ...STEP, id: "second", after: ["first"] }),
    unlock: () => [{ kind: "step", steps: ["first"] }],
  },
  "the step's gate is closed": {
    code: "STEP_GATE_CLOSED",
    before: bind,
    mutation: () => staged({ ...STEP, id: "second", gate: "approval" }),
    unlock: () => [{ kind: "approval", needed: 1, have: 0, roles: [], step: "second" }],
  },
  "the decision denies": {
    code: "DECISION_NOT_APPROVED",
    before: () => undefined,
    mutation: () => ({ decision: { set: { "/outcome": "DENY" } } }),
    unlock: () => CONTRACT,
  },
};

suite("what would change a refusal", () => {
  test("USR-11 every code has its unlock, or is listed as having none", () => {
    const none = REFUSAL_CODES.filter((code) => UNLOCKS[code] === "nothing");
    assert.deepEqual(none, NOTHING_HELPS);
    const retryable = REFUSAL_CODES.filter(isRetryable);
    assert.deepEqual(
      REFUSAL_CODES.filter((code) => typeof UNLOCKS[code] === "number"),
      retryable.filter((code) => code !== "REVOCATION_PENDING"),
    );
    assert.deepEqual(Object.keys(UNLOCKS).toSorted(), [...REFUSAL_CODES].toSorted());
  });

  for (const [name, { code, before, mutation = () => ({}), unlock }] of Object.entries(LOCKED)) {
    test(`USR-11 ${name}: doing what unlock says, the same is granted`, async () => {
      const plane = await newPlane();
      const change = mutation(plane);
      const governed = plane.contract(change);
      const expected = unlock(plane);
      await before(plane, governed);
      const first = refused(await plane.ask(change, governed));
      assert.equal(first.code, code, JSON.stringify(first));
      assert.deepEqual(first.unlock, expected);
      const next = await does(plane, first.unlock ?? [], governed);
      granted(await plane.ask(next === governed ? change : {}, next));
    });
  }

  const FAILING: readonly Dependency[] = [
    "evidence:read",
    "evidence:write",
    "signer:sign",
    "heads:read",
  ];
  for (const at of FAILING) {
    test(`USR-11 VAI-63 ${at} fails: the very same event passes after what unlock says`, async () => {
      const plane = await newPlane();
      const event = plane.event(plane.contract());
      plane.faults.plan({ at });
      const first = refused(await plane.issue(event));
      assert.deepEqual(first.unlock, [{ kind: "retry", afterSeconds: 2 }], JSON.stringify(first));
      plane.faults.clear();
      plane.world.pass(2);
      granted(await plane.issue(event));
    });
  }

  test("USR-11 ADV-64 the actor that is halted is named, also where it is the recorded one; both, where both are", async () => {
    const plane = await newPlane();
    await plane.grant();
    const renamed = "spiffe://example.org/agent/other";
    const change: Mutation = {
      intent: { set: { "/actor": renamed } },
      decision: { set: { "/boundary/actorId": renamed } },
      contract: { set: { "/actor/id": renamed } },
    };
    await order(plane, { do: "haltActor", actorId: ACTOR });
    const recorded = refused(await plane.ask(change));
    assert.equal(recorded.code, "AGENT_HALTED");
    assert.deepEqual(recorded.unlock, [{ ...command, do: "reinstateActor", actorId: ACTOR }]);
    await order(plane, { do: "haltActor", actorId: renamed });
    assert.deepEqual(
      refused(await plane.ask(change)).unlock,
      [renamed, ACTOR].map((actorId) => ({ ...command, do: "reinstateActor", actorId })),
    );
  });

  test("VAI-118 USR-11 a lift by one name says that it has one of two; with the second it passes", async () => {
    const plane = await newPlane();
    await order(plane, { do: "haltActor", actorId: ACTOR });
    plane.world.pass(1);
    const claims = { do: "reinstateActor", actorId: ACTOR, jti: plane.world.newId() };
    const alone = { op: "command", command: plane.command(claims) };
    const first = refused(await plane.govern(alone));
    assert.deepEqual(
      [first.code, first.unlock],
      ["APPROVAL_REQUIRED", [{ kind: "approval", needed: 2, have: 1, roles: [] }]],
    );
    const cosign = plane.command(claims, { signedBy: "otherOperator" });
    assert.equal((await plane.govern({ ...alone, cosign })).ok, true);
  });

  test("VAI-115 USR-11 a handle of a halted plane: lifting it brings no handle back, and the refusal says so", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    await order(plane, { do: "haltPlane" });
    const first = refused(await plane.execute(plane.redemption(governed, handle)));
    assert.deepEqual(first.unlock, [{ ...command, do: "resumePlane" }, { kind: "contract" }]);
    const next = await does(plane, first.unlock ?? [], governed);
    assert.equal(
      refused(await plane.execute(plane.redemption(governed, handle))).code,
      "IDENTITY_REVOKED",
    );
    granted(await plane.ask({}, next));
  });

  test("VAI-115 VAI-64 a grant that a halt ended is repeated with what is still stopped, and after the lift without", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const event = plane.event(governed, HANDLE);
    granted(await plane.issue(event));
    await order(plane, { do: "haltActor", actorId: ACTOR });
    await plane.sweep();
    const repeated = refused(await plane.issue(event));
    assert.deepEqual(
      [repeated.code, repeated.retryable, repeated.unlock],
      [
        "AGENT_HALTED",
        false,
        [{ ...command, do: "reinstateActor", actorId: ACTOR }, { kind: "contract" }],
      ],
    );
    await does(plane, repeated.unlock ?? [], governed);
    assert.deepEqual(refused(await plane.issue(plane.event(governed, HANDLE))).unlock, CONTRACT);
    const later = refused(await plane.issue(event));
    assert.deepEqual([later.code, later.unlock], ["AGENT_HALTED", CONTRACT]);
  });

  test("VAI-115 VAI-118 a grant that a revoked key ended, whose role IAM would not deny, is repeated with both lifts", async () => {
    const plane = await newPlane();
    const governed = plane.contract(CREDENTIALS);
    const event = plane.event(governed, CREDENTIALS);
    granted(await plane.issue(event));
    plane.faults.plan({ at: "iam:write", how: "denied" });
    await plane.revoke({ command: plane.command({ do: "revokeKey", jkt: AGENT }) });
    plane.faults.clear();
    await plane.sweep();
    const path = "arn:aws:iam::000000000000:role/exec-dynamodb";
    const repeated = refused(await plane.issue(event));
    assert.equal(repeated.code, "KEY_REVOKED");
    assert.deepEqual(repeated.unlock, [
      { ...command, do: "reinstateKey", jkt: AGENT },
      { ...command, do: "liftQuarantine", path },
      { kind: "contract" },
    ]);
  });

  test("USR-11 of several execution roles each that is quarantined is named, once", async () => {
    const plane = await newPlane();
    const roles = [ROLE, "arn:aws:iam::000000000000:role/exec-dynamodb"];
    const quarantines = roles.map((path) => ({ path, at: 1, cause: "REVOCATION_FAILED" }));
    await restrict(plane, { set: { "/quarantines": quarantines.toReversed() } });
    const actions = ["lambda:UpdateAlias", "dynamodb:UpdateItem"];
    const change = contract({ "/authorization_details/0/actions": actions });
    const { code, unlock } = refused(await plane.ask(change));
    assert.equal(code, "PATH_QUARANTINED");
    assert.deepEqual(
      unlock,
      roles.map((path) => ({ ...command, do: "liftQuarantine", path })),
    );
  });

  test("VAI-93 USR-11 what failed behind a grant promises nothing: neither STS nor a store gives the use back", async () => {
    const plane = await newPlane();
    plane.faults.plan({ at: "sts" });
    const sts = refused(await plane.ask());
    assert.deepEqual([sts.code, sts.retryable, sts.unlock], ["STS_FAILED", false, undefined]);
    plane.faults.clear();
    plane.faults.plan({ at: "evidence:write", from: 3 });
    const lost = refused(await plane.ask());
    assert.deepEqual([lost.retryable, lost.unlock], [false, undefined]);
  });
});
