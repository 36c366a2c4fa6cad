import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { headKey } from "../../lib/aws/ports/transaction.ts";
import { FUNCTION, type Governed, TABLE } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import {
  approval,
  approvedEmergency,
  attestation,
  decisionOn,
  EMERGENCY,
  EVALUATORS,
  emergency,
  high,
  reviewOf,
} from "../support/people.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";
import { SHIFT_STEP } from "../support/shift-step.ts";

const register = (plane: Plane, { contract, proof }: Governed) =>
  plane.govern({ op: "register", contract, proof });
const attest = (plane: Plane, { contractDigest }: Governed, jws: unknown) =>
  plane.govern({ op: "attest", contractDigest, attestation: jws });
const approve = (plane: Plane, { contractDigest }: Governed, jws: unknown) =>
  plane.govern({ op: "approve", contractDigest, approval: jws });
const supersede = (plane: Plane, { ids }: Governed, decision: unknown) =>
  plane.govern({ op: "supersede", intentId: ids.intent, decision });
const codeOf = (answer: { ok: boolean; code?: string; detail?: string }): string =>
  answer.ok ? "ok" : `${answer.code}`;

/** As a writer of State would. */
function setMarks(plane: Plane, chainId: string, marks: unknown): void {
  const { pk, sk } = headKey(chainId);
  const item = plane.dynamo.table(TABLES.state).get(`${pk}|${sk}`);
  assert.ok(item);
  item["marks"] = marks;
  item["marked"] = Number(item["marked"] ?? 0) + 1;
}

const superseded = (plane: Plane, by: unknown, contractDigest: string) => ({
  ...{ at: Math.floor(plane.world.now / 1000), code: "DECISION_SUPERSEDED" },
  ...{ trigger: "policyChanged", by, contractDigest },
});

const HANDLE = {
  contract: {
    set: { "/deliveries": ["handle"], "/authorization_details/0/limits": { calls: 2 } },
  },
  request: { set: { "/delivery": "handle" } },
};

const STEPS = [
  { ...SHIFT_STEP, id: "first" },
  { ...SHIFT_STEP, id: "second", after: ["first"] },
  { ...SHIFT_STEP, id: "third", after: ["second"] },
];
const STAGED = {
  contract: { set: { "/authorization_details": STEPS, "/deliveries": ["execute", "handle"] } },
  decision: { set: { "/boundary/authorization_details": STEPS } },
};

const foreseen = () => newPlane({ policy: { set: { "/breakGlass": [EMERGENCY] } } });

suite("attacks on what people decide", () => {
  test("VAI-48 VAI-75 once an obligation is due and unmet nothing more goes, before sweep has told of it", async () => {
    const plane = await newPlane();
    const STABLE = { kind: "event", name: "error-rate-stable", dueSeconds: 10 };
    const two = {
      contract: {
        set: {
          "/obligations": [STABLE],
          "/authorization_details/0/limits": { calls: 3 },
        },
      },
      decision: { set: { "/boundary/authorization_details/0/limits": { calls: 3 } } },
    };
    const governed = plane.contract(two);
    await plane.grant({}, governed);
    await plane.grant({}, governed);
    plane.world.pass(11);
    assert.equal(codeOf(await plane.ask({}, governed)), "CONTRACT_CONSUMED");
  });

  test("ADV-17 VAI-115 an old decision, marked on a contract that came behind it, ends that in nobody's name", async () => {
    const plane = await newPlane();
    const first = plane.contract(HANDLE);
    await plane.grant(HANDLE, first);
    plane.world.now += 1000;
    const no = decisionOn(plane, first, { set: { "/outcome": "DENY" } });
    assert.ok((await supersede(plane, first, no)).ok);
    plane.world.now += 1000;
    const { newId } = plane.world;
    const like = { ...first, ids: { ...first.ids, contract: newId(), decision: newId() } };
    const second = plane.contract({ ...HANDLE, decision: { set: { "/iat": "$seconds" } } }, like);
    await plane.grant(HANDLE, second);
    setMarks(plane, second.chainId, [superseded(plane, no, second.contractDigest)]);
    plane.world.pass(1);
    await plane.sweep();
    assert.deepEqual(plane.types(second.chainId).slice(-2), [
      "EscalationRaised",
      "IdentityRevoked",
    ]);
    const { contracts } = plane.state(second.chainId);
    assert.equal(contracts.get(second.contractDigest)?.ended?.code, "CONTRACT_REVOKED");
  });

  test("ADV-17 VAI-115 a foreign contract marked before it takes no superseding decision from the record", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    await plane.grant(HANDLE, governed);
    plane.world.now += 1000;
    const no = decisionOn(plane, governed, { set: { "/outcome": "DENY" } });
    setMarks(plane, governed.chainId, [
      superseded(plane, no, `sha256:${"0".repeat(64)}`),
      superseded(plane, no, governed.contractDigest),
    ]);
    plane.world.pass(1);
    await plane.sweep();
    assert.deepEqual(plane.types(governed.chainId).slice(-2), [
      "DecisionSuperseded",
      "IdentityRevoked",
    ]);
    assert.equal(codeOf(await plane.ask(HANDLE, governed)), "DECISION_SUPERSEDED");
  });

  test("VAI-60 VAI-61 whose word carried a grant is on record, also where a request brought it behind the binding", async () => {
    const plane = await newPlane();
    const governed = plane.contract(high(plane));
    await register(plane, governed);
    const names = Object.keys(EVALUATORS) as (keyof typeof EVALUATORS)[];
    const attestations = names.map((name) => attestation(plane, governed, name));
    const yes = approval(plane, governed, "ada");
    const ended = approval(plane, governed, "bea", { set: { "/exp": "$seconds" } });
    const approvals = [yes, ended, approval(plane, governed, "bea", { step: "shift" })];
    const proof = { ...(governed.proof as object), attestations, approvals };
    await plane.grant({}, { ...governed, proof });
    const records = plane.records(governed.chainId);
    const validated = records.find(({ event }) => event.type === "ProofValidated");
    assert.deepEqual(validated?.detail["attestations"], attestations);
    assert.deepEqual(validated?.detail["approvals"], [yes]);
  });

  test("VAI-48 an event that was attested before the call has not been seen: it fulfils nothing", async () => {
    const plane = await newPlane();
    const STABLE = { kind: "event", name: "error-rate-stable", dueSeconds: 600 };
    const handed = {
      ...HANDLE,
      contract: { set: { ...HANDLE.contract.set, "/obligations": [STABLE] } },
    };
    const governed = plane.contract(handed);
    const { handle, identity } = await plane.grant(handed, governed);
    const { identityId } = identity;
    const attested = () => {
      const set = { "/obligation": { identityId, name: STABLE.name } };
      return attestation(plane, governed, "state.example", { set, remove: ["/decisionDigest"] });
    };
    const early = attested();
    plane.world.pass(90);
    assert.ok((await plane.execute(plane.redemption(governed, handle))).ok);
    assert.equal(codeOf(await attest(plane, governed, early)), "ATTESTATION_MALFORMED");
    assert.equal(codeOf(await attest(plane, governed, attested())), "ok");
  });

  test("USR-11 VAI-73 who waits for a step that has no use left is told that only a new contract helps", async () => {
    const plane = await newPlane();
    const governed = plane.contract(STAGED);
    const asking = (step: string) => ({ request: { set: { "/step": step } } });
    const first = { request: { set: { "/step": "first", "/delivery": "handle" } } };
    const { identityId } = (await plane.grant(first, governed)).identity;
    const unlock = async (step: string) => {
      const { code, unlock: unlocks } = refused(await plane.ask(asking(step), governed));
      return [code, unlocks];
    };
    assert.deepEqual(await unlock("second"), [
      "STEP_OUT_OF_ORDER",
      [{ kind: "step", steps: ["first"] }],
    ]);
    await plane.revoke({ command: plane.command({ do: "revokeIdentity", identityId }) });
    assert.deepEqual(await unlock("second"), ["STEP_OUT_OF_ORDER", [{ kind: "contract" }]]);
    assert.deepEqual(await unlock("third"), ["STEP_OUT_OF_ORDER", [{ kind: "contract" }]]);
  });

  test("ADV-17 a contract under a decision that is not later binds nothing, and is told how late the one before is", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    await plane.grant({}, governed);
    const { newId } = plane.world;
    const ids = { ...governed.ids, contract: newId(), decision: newId() };
    const beside = plane.contract({}, { ...governed, ids });
    const { code, pointer, detail } = refused(await plane.ask({}, beside));
    assert.deepEqual([code, pointer], ["DECISION_SUPERSEDED", "/proof/decision/iat"]);
    assert.match(detail, /^the intent has a decision of \d{10}; this one is not later$/);
  });

  test("ADV-17 a decider of a part of an intent takes no place of who decided on all of it, by no contract either", async () => {
    const plane = await newPlane();
    const intent = {
      set: {
        "/action": ["lambda:UpdateAlias", "dynamodb:UpdateItem"],
        "/target": [FUNCTION, TABLE],
      },
    };
    const first = plane.contract({ intent });
    await register(plane, first);
    plane.world.now += 1000;
    const { newId } = plane.world;
    const ids = { ...first.ids, contract: newId(), decision: newId() };
    const decision = {
      set: { "/iss": "narrow.example", "/iat": "$seconds" },
      signedBy: "otherDecider",
    } as const;
    const second = plane.contract({ base: "item", intent, decision }, { ...first, ids });
    assert.equal(codeOf(await register(plane, second)), "DECISION_SIGNATURE_INVALID");
    const { contracts } = plane.state(first.chainId);
    assert.equal(contracts.get(first.contractDigest)?.ended, undefined);
  });

  test("VAI-74 the approval of a gate that somebody put into the proof still opens it once it is recorded", async () => {
    const plane = await newPlane();
    const steps = [{ ...SHIFT_STEP, id: "shift", gate: "approval" }];
    const governed = plane.contract({
      contract: { set: { "/authorization_details": steps } },
      decision: { set: { "/boundary/authorization_details": steps } },
    });
    const yes = approval(plane, governed, "ada", { step: "shift" });
    const proof = { ...(governed.proof as object), approvals: [yes] };
    assert.ok((await register(plane, { ...governed, proof })).ok);
    assert.equal(codeOf(await plane.ask({}, governed)), "STEP_GATE_CLOSED");
    const done = await approve(plane, governed, yes);
    assert.ok(done.ok && !done.deduplicated);
    assert.equal(codeOf(await plane.ask({}, governed)), "ok");
  });

  test("VAI-126 who approved an emergency in a request behind its binding does not review it", async () => {
    const plane = await foreseen();
    const governed = plane.contract(emergency(plane));
    assert.ok((await register(plane, governed)).ok);
    const approvals = (["ada", "bea"] as const).map((name) => approval(plane, governed, name));
    const proof = { ...(governed.proof as object), approvals };
    await plane.grant({}, { ...governed, proof });
    await plane.publish({ set: { "/auditors/0/name": "ada" } });
    const reviewed = await plane.govern(reviewOf(plane, governed, { iss: "ada" }));
    assert.equal(codeOf(reviewed), "SELF_APPROVAL_FORBIDDEN");
  });

  test("VAI-126 who could have approved an emergency whose issuance is not on record does not review it, bound or not", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    const { proof } = plane.contract(emergency(plane), governed);
    assert.ok((await register(plane, { ...governed, proof })).ok);
    plane.faults.plan({ at: "evidence:write" });
    await plane.ask({}, governed);
    plane.faults.clear();
    assert.equal(plane.bucket.keys().length, 1);
    plane.world.pass(119);
    await plane.publish({ set: { "/auditors/0/name": "ada" } });
    const reviewed = await plane.govern(reviewOf(plane, governed, { iss: "ada" }));
    assert.equal(codeOf(reviewed), "SELF_APPROVAL_FORBIDDEN");
  });

  test("VAI-126 who opened the gate of an emergency does not review it", async () => {
    const plane = await foreseen();
    const { jwk } = KEYS.stranger;
    await plane.publish({
      set: {
        "/approvers/2": { name: "cora", roles: ["sre-lead"], keys: [jwk] },
        "/auditors/0/name": "cora",
      },
    });
    const set = { "/authorization_details/0/gate": "approval" };
    const governed = approvedEmergency(plane, { contract: { set } });
    assert.ok((await register(plane, governed)).ok);
    const cora = { step: "shift", set: { "/iss": "cora" }, signedBy: "stranger" } as const;
    const opened = await approve(plane, governed, approval(plane, governed, "ada", cora));
    assert.ok(opened.ok, JSON.stringify(opened));
    await plane.grant({}, governed);
    const reviewed = await plane.govern(reviewOf(plane, governed, { iss: "cora" }));
    assert.equal(codeOf(reviewed), "SELF_APPROVAL_FORBIDDEN");
  });

  test("ADV-17 a decider who denies again and again does not lengthen a chain that is full", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    await register(plane, governed);
    const deny = () =>
      supersede(plane, governed, decisionOn(plane, governed, { set: { "/outcome": "DENY" } }));
    const denied = async () => (await deny()).ok;
    while (plane.rows(governed.chainId).length < 200) assert.ok(await denied());
    assert.equal(codeOf(await deny()), "CONTRACT_CONSUMED");
    assert.equal(plane.rows(governed.chainId).length, 200);
  });
});
