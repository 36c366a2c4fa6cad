import { DELEGABLE, handOnEvent, treeOf, withdrawEvent } from "../support/delegating.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import { type Governed, LIVE_IS_6, type Mutation } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import {
  approval,
  approvedEmergency,
  attestation,
  decisionOn,
  EMERGENCY,
  EVALUATORS,
  high,
  reviewOf,
} from "../support/people.ts";
import { granted, type Plane } from "../support/plane.ts";
import { astray, beforeLook, rolling } from "../support/rollback.ts";
import { SHIFT_STEP } from "../support/shift-step.ts";

/** What a course is played with: events go through it, so that their digests can be told. */
export interface Player {
  readonly plane: Plane;
  issue(event: unknown): Promise<unknown>;
  execute(event: unknown): Promise<unknown>;
  govern(event: unknown): Promise<unknown>;
  delegate(event: unknown): Promise<unknown>;
  revoke(event: unknown): Promise<unknown>;
  /** One run; its answer is part of the course. */
  sweep(): Promise<void>;
  /** What was written so far is no part of the course. */
  forget(): void;
}

/** One course of requests, on a plane whose clock, ids and keys are the same in every run. */
export type Course = (player: Player) => Promise<void>;

const OBLIGATION = { kind: "readBack", name: "routing", dueSeconds: 30 };

const contract = (set: Record<string, unknown>): Mutation => ({ contract: { set } });
const BEYOND: Mutation = { request: { set: { "/operation/parameters/percent": 100 } } };

/** The usual action is only observed from then on. */
const observe = async ({ plane, govern }: Player): Promise<void> => {
  const { jws } = plane.nextPolicy({ set: { "/actions/0/mode": "observe" } });
  await govern({ op: "publishTrustPolicy", trustPolicy: jws });
};

/** One request under a new contract. */
const ask =
  (mutation: Mutation = {}): Course =>
  async ({ plane, issue }) => {
    await issue(plane.event(plane.contract(mutation), mutation));
  };

/** What the world shows to assumptions, one answer after the other. */
const seeing =
  (versions: readonly string[], course: Course): Course =>
  (player) => {
    player.plane.targets.answers.set(
      "lambda:GetAlias",
      versions.map((FunctionVersion) => ({ FunctionVersion })),
    );
    return course(player);
  };

/** A shift that is not seen within a second, and taken back. */
const undone = async (player: Player): Promise<void> => {
  astray(player.plane);
  await ask(rolling({ "/obligations": [{ ...OBLIGATION, dueSeconds: 1 }] }))(player);
};

/** A handle is issued, then something is done with it. */
const held =
  (
    redeem: (player: Player, governed: Governed, handle: unknown) => Promise<void>,
    mutation: Mutation = HANDLE,
  ): Course =>
  async (player) => {
    const { plane, issue } = player;
    const governed = plane.contract(mutation);
    const answer = await issue(plane.event(governed, mutation));
    await redeem(player, governed, granted(answer as never).handle);
  };

const redeemed = (mutation: Mutation = {}) =>
  held(async ({ plane, execute }, governed, handle) => {
    plane.world.pass(30);
    await execute(plane.redemption(governed, handle, mutation));
  });

const WITH_CONTEXT: Mutation = {
  ...HANDLE,
  ...contract({ "/deliveries": ["handle"], "/assumptions": [LIVE_IS_6] }),
};

const STABLE = { kind: "event", name: "error-rate-stable", dueSeconds: 60, class: "state" };

const STEPS = [
  { ...SHIFT_STEP, id: "first" },
  { ...SHIFT_STEP, id: "second", after: ["first"], gate: "approval" },
];
const STAGED: Mutation = {
  ...contract({ "/authorization_details": STEPS }),
  decision: { set: { "/boundary/authorization_details": STEPS } },
};

/** A contract is registered, and everybody whom its class asks says yes. */
async function spoken({ plane, govern }: Player, governed: Governed): Promise<void> {
  const { contractDigest, contract: jws, proof } = governed;
  await govern({ op: "register", contract: jws, proof });
  for (const name of Object.keys(EVALUATORS) as (keyof typeof EVALUATORS)[]) {
    const attested = attestation(plane, governed, name);
    await govern({ op: "attest", contractDigest, attestation: attested });
  }
  const approved = approval(plane, governed, "ada");
  await govern({ op: "approve", contractDigest, approval: approved });
}

type Claims = Parameters<Plane["command"]>[0];

/** Something is stopped, then by two names lifted. */
const stoppedAndLifted =
  (stop: Claims, lift: Claims): Course =>
  async ({ plane, revoke, govern }) => {
    await revoke({ command: plane.command(stop) });
    plane.world.pass(61);
    const claims = { ...lift, jti: plane.world.newId() };
    const cosign = plane.command(claims, { signedBy: "otherOperator" });
    await govern({ op: "command", command: plane.command(claims), cosign });
  };

const AGENT = KEYS.agent.thumbprint;
const ACTOR = "spiffe://example.org/agent/coordinator";

/** An execution whose function dies, at the call or behind it. */
const dying = async (
  { plane }: Player,
  at: Parameters<Plane["faults"]["death"]>[0],
): Promise<Governed> => {
  const governed = plane.contract();
  const died = plane.faults.death(at);
  void plane.ask({}, governed);
  await died;
  plane.faults.clear();
  return governed;
};

const headOf = (plane: Plane, chainId: string): Record<string, unknown> =>
  plane.dynamo.table(TABLES.state).get(`chain#${chainId}|head`) ?? {};

/** Each course is one file of `golden/`, compared member by member. */
export const COURSES: Readonly<Record<string, Course>> = {
  "execute-granted": ask(contract({ "/assumptions": [LIVE_IS_6], "/obligations": [OBLIGATION] })),
  "execute-granted-item": ask({ base: "item" }),
  "execute-granted-again": async ({ plane, issue }) => {
    const event = plane.event(plane.contract());
    await issue(event);
    plane.world.pass(10);
    await issue(event);
  },
  "execute-failed": async (player) => {
    player.plane.targets.instead = () => ({
      status: "failed",
      error: { name: "AccessDeniedException", kind: "denied" },
    });
    await ask()(player);
  },
  "execute-unknown": async (player) => {
    player.plane.faults.plan({ at: "target:call", how: "timeout" });
    await ask()(player);
  },
  "execute-obligation-missed": async (player) => {
    player.plane.faults.plan({ at: "target:readBack" });
    await ask(contract({ "/obligations": [OBLIGATION] }))(player);
  },
  "execute-sts-failed": async (player) => {
    player.plane.faults.plan({ at: "sts" });
    await ask()(player);
  },
  "execute-sts-failed-again": async ({ plane, issue }) => {
    plane.faults.plan({ at: "sts" });
    const event = plane.event(plane.contract());
    await issue(event);
    plane.faults.clear();
    await issue(event);
  },
  "execute-expired": async (player) => {
    const { plane } = player;
    const { assumeRole } = plane.deps;
    plane.deps = {
      ...plane.deps,
      assumeRole: (input) => {
        plane.world.pass(597);
        return assumeRole(input);
      },
    };
    await ask()(player);
  },
  "execute-context-changed": seeing(
    ["6", "7"],
    ask(contract({ "/assumptions": [LIVE_IS_6], "/revokeOn": ["contextChanged"] })),
  ),
  "credentials-issued": ask(CREDENTIALS),
  "credentials-not-cut": async (player) => {
    player.plane.faults.plan({ at: "sts:cut" });
    await ask(CREDENTIALS)(player);
  },
  "credentials-where-sts-cannot-cut": async (player) => {
    player.plane.deps = { ...player.plane.deps, cutSession: undefined };
    await ask(CREDENTIALS)(player);
  },
  "handle-issued": held(async () => {}),
  "handle-redeemed": redeemed(),
  "handle-redeemed-with-context": held(async ({ plane, execute }, governed, handle) => {
    await execute(plane.redemption(governed, handle));
  }, WITH_CONTEXT),
  "handle-violated": redeemed(BEYOND),
  "handle-refused-after-sts": seeing(
    ["6", "6", "7"],
    held(async ({ plane, execute }, governed, handle) => {
      await execute(plane.redemption(governed, handle));
    }, WITH_CONTEXT),
  ),
  "handle-of-a-thief": redeemed({ request: { signedBy: "stranger", set: {} } }),
  "rolled-back": undone,
  "rollback-failed": async (player) => {
    const { plane } = player;
    beforeLook(plane, 1, () => plane.faults.plan({ at: "target:call", how: "denied" }));
    await undone(player);
  },
  "rollback-refused": async (player) => {
    const { plane, revoke } = player;
    const command = plane.command({ do: "haltPlane" });
    beforeLook(plane, 1, () => revoke({ command }));
    await undone(player);
  },
  "swept-rollback-lost": async (player) => {
    const { plane, sweep } = player;
    const died = plane.faults.death({ at: "sts", from: 2 });
    void undone(player);
    await died;
    plane.faults.clear();
    plane.world.pass(91);
    await sweep();
  },
  "refused-malformed": async ({ issue }) => {
    await issue({ contract: 1 });
  },
  "refused-signature": ask({ request: { signature: "flipped" } }),
  "refused-issuer": ask({ contract: { signedBy: "stranger" } }),
  "refused-proof": ask({ decision: { set: { "/outcome": "DENY" } } }),
  "refused-scope": ask(BEYOND),
  observed: async (player) => {
    await observe(player);
    player.forget();
    await ask()(player);
    await ask(BEYOND)(player);
  },
  "observed-handle": held(async (player, governed, handle) => {
    const { plane, execute } = player;
    await observe(player);
    await execute(plane.redemption(governed, handle, BEYOND));
  }),
  "refused-context": seeing(
    ["7"],
    ask(contract({ "/assumptions": [LIVE_IS_6], "/revokeOn": ["contextChanged"] })),
  ),
  "refused-used-up": async ({ plane, issue }) => {
    const governed = plane.contract();
    await issue(plane.event(governed));
    await issue(plane.event(governed));
  },
  "refused-flood": async ({ plane, issue, forget }) => {
    for (let n = 0; n < 23; n++) await plane.issue({ n });
    plane.world.pass(60);
    forget();
    await issue({ later: true });
  },
  "revoked-identity": held(async ({ plane, revoke }, { chainId }) => {
    const [identityId] = plane.state(chainId).identities.keys();
    const command = plane.command({ do: "revokeIdentity", identityId });
    await revoke({ command });
    await revoke({ command });
  }),
  "revoked-contract": held(async ({ plane, revoke, execute }, governed, handle) => {
    const { contractDigest } = governed;
    await revoke({ command: plane.command({ do: "revokeContract", contractDigest }) });
    await execute(plane.redemption(governed, handle));
  }),
  "revoked-contract-never-seen": async ({ plane, revoke }) => {
    const { contractDigest, contract: own } = plane.contract();
    const command = plane.command({ do: "revokeContract", contractDigest });
    await revoke({ command, contract: own });
  },
  "revoked-while-it-ran": async (player) => {
    const { plane, revoke, sweep } = player;
    const { chainId } = await dying(player, { at: "target:call" });
    const [identityId] = plane.state(chainId).identities.keys();
    await revoke({ command: plane.command({ do: "revokeIdentity", identityId }) });
    plane.world.pass(91);
    await sweep();
  },
  "revoked-while-kms-is-silent": held(async ({ plane, revoke, sweep }, { contractDigest }) => {
    plane.faults.plan({ at: "signer:sign", how: "throttle" });
    await revoke({ command: plane.command({ do: "revokeContract", contractDigest }) });
    plane.faults.clear();
    plane.world.pass(601);
    await sweep();
  }),
  "signal-listed": held(
    async ({ plane, revoke }, { contractDigest }) => {
      const claims = { do: "signal", iss: "monitor", kind: "risk", contractDigest };
      await revoke({ command: plane.command(claims, { signedBy: "signaller" }) });
    },
    { ...HANDLE, ...contract({ "/deliveries": ["handle"], "/revokeOn": ["riskSignal"] }) },
  ),
  "signal-noted": held(async ({ plane, revoke }, { contractDigest }) => {
    await revoke({ command: plane.command({ do: "signal", kind: "context", contractDigest }) });
  }),
  "swept-expired": held(async ({ plane, sweep }) => {
    plane.world.pass(601);
    await sweep();
  }),
  "swept-issuance-lost": async (player) => {
    await dying(player, { at: "sts" });
    player.plane.world.pass(91);
    await player.sweep();
  },
  "swept-execution-lost": async (player) => {
    await dying(player, { at: "signer:sign", from: 3, to: 3 });
    player.plane.world.pass(91);
    await player.sweep();
  },
  "swept-unsigned-mark": held(async ({ plane, sweep }, { chainId, contractDigest }) => {
    const mark = { at: 1, code: "CONTRACT_REVOKED", trigger: "operator", contractDigest };
    Object.assign(headOf(plane, chainId), { marks: [mark], marked: 1 });
    plane.world.pass(601);
    await sweep();
  }),
  "plane-halted": held(async ({ plane, revoke, execute, sweep }, governed, handle) => {
    await revoke({ command: plane.command({ do: "haltPlane" }) });
    await execute(plane.redemption(governed, handle));
    await sweep();
  }),
  "plane-halted-and-resumed": stoppedAndLifted({ do: "haltPlane" }, { do: "resumePlane" }),
  "actor-halted-and-reinstated": stoppedAndLifted(
    { do: "haltActor", actorId: ACTOR },
    { do: "reinstateActor", actorId: ACTOR },
  ),
  "key-revoked-and-reinstated": stoppedAndLifted(
    { do: "revokeKey", jkt: AGENT },
    { do: "reinstateKey", jkt: AGENT },
  ),
  "quarantine-lifted": stoppedAndLifted(
    { do: "haltActor", actorId: "another" },
    { do: "liftQuarantine", path: "arn:aws:iam::000000000000:role/exec-lambda" },
  ),
  "handed-on-and-withdrawn": async ({ plane, delegate }) => {
    const governed = plane.contract(DELEGABLE);
    const event = handOnEvent(plane, governed);
    await delegate(event);
    await delegate(event);
    const { contractDigest } = governed;
    const [block = contractDigest] = treeOf(plane, governed).blocks.keys();
    await delegate(withdrawEvent(plane, governed, { block }));
  },
  "handed-on-and-revoked": async ({ plane, delegate, revoke }) => {
    const governed = plane.contract(DELEGABLE);
    await delegate(handOnEvent(plane, governed));
    const [block] = treeOf(plane, governed).blocks.keys();
    const { contractDigest } = governed;
    await revoke({ command: plane.command({ do: "revokeDelegation", contractDigest, block }) });
  },
  "handed-on-too-widely": async ({ plane, delegate }) => {
    const wider = { request: { set: { "/authorization_details/0/limits/calls": 5 } } };
    await delegate(handOnEvent(plane, plane.contract(DELEGABLE), wider));
  },
  "plane-key-revoked": async ({ plane, revoke }) => {
    const claims = {
      ...{ do: "revokePlaneKey", jkt: await plane.deps.planeSigner.keyid() },
      jti: plane.world.newId(),
    };
    const cosign = plane.command(claims, { signedBy: "otherOperator" });
    await revoke({ command: plane.command(claims), cosign });
  },
  "revoked-where-iam-refuses": async ({ plane, issue, revoke, sweep }) => {
    const governed = plane.contract(CREDENTIALS);
    await issue(plane.event(governed, CREDENTIALS));
    const [identityId] = plane.state(governed.chainId).identities.keys();
    plane.faults.plan({ at: "iam:write", how: "denied" });
    await revoke({ command: plane.command({ do: "revokeIdentity", identityId }) });
    plane.faults.clear();
    await sweep();
  },
  "halted-where-iam-refuses": async ({ plane, issue, revoke }) => {
    await issue(plane.event(plane.contract(CREDENTIALS), CREDENTIALS));
    plane.faults.plan({ at: "iam:write", how: "denied" });
    await revoke({ command: plane.command({ do: "haltActor", actorId: ACTOR }) });
  },
  "policy-replaced": held(
    async ({ plane, govern, sweep }) => {
      const { jws } = plane.nextPolicy({ set: { "/policies/0/version": "2" } });
      await govern({ op: "publishTrustPolicy", trustPolicy: jws });
      await sweep();
    },
    { ...HANDLE, ...contract({ "/deliveries": ["handle"], "/revokeOn": ["policyChanged"] }) },
  ),
  "policy-replaced-and-asked": held(
    async ({ plane, govern, issue }, governed) => {
      const { jws } = plane.nextPolicy({ set: { "/policies/0/version": "2" } });
      await govern({ op: "publishTrustPolicy", trustPolicy: jws });
      await issue(plane.event(governed, HANDLE));
    },
    {
      ...HANDLE,
      ...contract({
        "/deliveries": ["handle"],
        "/revokeOn": ["policyChanged"],
        "/authorization_details/0/limits": { calls: 2 },
      }),
    },
  ),
  "plane-halted-while-kms-is-silent": async ({ plane, revoke, sweep }) => {
    plane.faults.plan({ at: "signer:sign", how: "throttle" });
    await revoke({ command: plane.command({ do: "haltPlane" }) });
    plane.faults.clear();
    await sweep();
  },
  "command-refused": async ({ plane, revoke }) => {
    await revoke({ command: plane.command({ do: "haltPlane" }, { signedBy: "agent" }) });
  },
  "lift-refused": async ({ plane, revoke, govern }) => {
    await revoke({ command: plane.command({ do: "haltPlane" }) });
    await govern({ op: "command", command: plane.command({ do: "resumePlane" }) });
  },
  "people-decide": async (player) => {
    const { plane, issue } = player;
    const governed = plane.contract(high(plane));
    await spoken(player, governed);
    await issue(plane.event(governed));
  },
  "gate-opened": async ({ plane, issue, govern }) => {
    const governed = plane.contract(STAGED);
    const step = (id: string): Mutation => ({ request: { set: { "/step": id } } });
    await issue(plane.event(governed, step("first")));
    const { contractDigest } = governed;
    const yes = approval(plane, governed, "ada", { step: "second" });
    await govern({ op: "approve", contractDigest, approval: yes });
    await issue(plane.event(governed, step("second")));
  },
  "duty-attested": async ({ plane, issue, govern }) => {
    const governed = plane.contract(contract({ "/obligations": [STABLE] }));
    const { identity } = granted((await issue(plane.event(governed))) as never);
    const { contractDigest } = governed;
    const jws = attestation(plane, governed, "state.example", {
      set: { "/obligation": { identityId: identity.identityId, name: STABLE.name } },
      remove: ["/decisionDigest"],
    });
    await govern({ op: "attest", contractDigest, attestation: jws });
  },
  "decision-superseded": held(async ({ plane, govern, execute }, governed, handle) => {
    plane.world.pass(30);
    const decision = decisionOn(plane, governed, { set: { "/outcome": "DENY" } });
    await govern({ op: "supersede", intentId: governed.ids.intent, decision });
    await execute(plane.redemption(governed, handle));
  }),
  "break-glass-reviewed-late": async ({ plane, issue, govern, sweep }) => {
    const { jws } = plane.nextPolicy({ set: { "/breakGlass": [EMERGENCY] } });
    await govern({ op: "publishTrustPolicy", trustPolicy: jws });
    const first = approvedEmergency(plane);
    await issue(plane.event(first));
    await issue(plane.event(approvedEmergency(plane)));
    plane.world.pass(119 + 3600);
    await sweep();
    await govern(reviewOf(plane, first));
  },
  "policy-published": async ({ plane, govern }) => {
    const { jws } = plane.nextPolicy({ set: { "/auditors": [] } });
    await govern({ op: "publishTrustPolicy", trustPolicy: jws });
  },
  "policy-refused": async ({ plane, govern }) => {
    const { jws } = plane.nextPolicy({ set: { "/version": 7 } });
    await govern({ op: "publishTrustPolicy", trustPolicy: jws });
  },
};
