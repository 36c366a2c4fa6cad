import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { SignedChange } from "../support/forge.ts";
import type { Governed } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { approval, attestation, decisionOn, EVALUATORS, high } from "../support/people.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { SHIFT_STEP } from "../support/shift-step.ts";

const names = Object.keys(EVALUATORS) as (keyof typeof EVALUATORS)[];

const register = (plane: Plane, { contract, proof }: Governed) =>
  plane.govern({ op: "register", contract, proof });
const attest = (plane: Plane, { contractDigest }: Governed, jws: unknown) =>
  plane.govern({ op: "attest", contractDigest, attestation: jws });
const approve = (plane: Plane, { contractDigest }: Governed, jws: unknown) =>
  plane.govern({ op: "approve", contractDigest, approval: jws });
const codeOf = (answer: { ok: boolean; code?: string; detail?: string }): string =>
  answer.ok ? "ok" : `${answer.code}`;

suite("VAI-60 VAI-61 a contract of class HIGH, by several", () => {
  test("VAI-60 VAI-61 registered, attested, approved, it is used; before each of them it is refused", async () => {
    const plane = await newPlane();
    const governed = plane.contract(high(plane));
    const ask = () => plane.ask({}, governed);
    assert.equal(codeOf(await ask()), "CONSENSUS_NOT_REACHED");
    const registered = await register(plane, governed);
    assert.ok(registered.ok, JSON.stringify(registered));
    assert.equal(registered.state, "BOUND");
    const again = await register(plane, governed);
    assert.ok(again.ok && again.deduplicated);
    for (const name of names) {
      assert.equal(codeOf(await ask()), "CONSENSUS_NOT_REACHED");
      const done = await attest(plane, governed, attestation(plane, governed, name));
      assert.ok(done.ok, JSON.stringify(done));
    }
    assert.equal(codeOf(await ask()), "APPROVAL_REQUIRED");
    const yes = approval(plane, governed, "ada");
    const done = await approve(plane, governed, yes);
    assert.ok(done.ok, JSON.stringify(done));
    const repeated = await approve(plane, governed, yes);
    assert.ok(repeated.ok && repeated.deduplicated);
    const used = await ask();
    assert.ok(used.ok, JSON.stringify(used));
    assert.deepEqual(
      plane.types(governed.chainId).filter((type) => /Bound|Recorded|Issued|Completed$/.test(type)),
      [
        "ContractBound",
        ...names.map(() => "AttestationRecorded"),
        "ApprovalRecorded",
        "IdentityIssued",
        "ExecutionCompleted",
        "IdentityCompleted",
      ],
    );
  });

  test("VAI-60 DTF-08 ADV-53 a reject of a class with a veto stops a contract whose holder leaves it out", async () => {
    const plane = await newPlane();
    const governed = plane.contract(high(plane));
    await register(plane, governed);
    for (const name of names) await attest(plane, governed, attestation(plane, governed, name));
    await approve(plane, governed, approval(plane, governed, "ada"));
    const no = attestation(plane, governed, "state.example", { set: { "/verdict": "reject" } });
    assert.ok((await attest(plane, governed, no)).ok);
    assert.equal(codeOf(await plane.ask({}, governed)), "EVALUATOR_VETO");
    // Whoever takes the objector's key away takes no objection away.
    await plane.publish({ remove: ["/evaluators/0"] });
    assert.equal(codeOf(await plane.ask({}, governed)), "EVALUATOR_VETO");
  });

  test("VAI-60 DTF-08 ADV-51 however many say yes, of too few classes they are no quorum", async () => {
    const plane = await newPlane();
    const others = {
      "/evaluators/-": { name: "state2.example", keys: [KEYS.stranger.jwk], class: "state" },
    };
    await plane.publish({ set: others });
    const governed = plane.contract(high(plane));
    await register(plane, governed);
    await approve(plane, governed, approval(plane, governed, "ada"));
    const own = names.filter((name) => EVALUATORS[name].class === "state");
    const [first] = own;
    assert.ok(first);
    await attest(plane, governed, attestation(plane, governed, first));
    const again = attestation(plane, governed, first, {
      ...{ set: { "/iss": "state2.example" }, signedBy: "stranger" },
    });
    const done = await attest(plane, governed, again);
    assert.ok(done.ok, JSON.stringify(done));
    assert.equal(codeOf(await plane.ask({}, governed)), "CONSENSUS_NOT_REACHED");
  });

  test("ADV-17 a later decision that denies ends the contract of the earlier one, and the same again is answered likewise", async () => {
    const plane = await newPlane();
    const governed = plane.contract({ contract: { set: { "/deliveries": ["handle"] } } });
    const handed = await plane.grant({ request: { set: { "/delivery": "handle" } } }, governed);
    plane.world.now += 1000;
    const later = decisionOn(plane, governed, { set: { "/outcome": "DENY" } });
    const done = await plane.govern({
      op: "supersede",
      intentId: governed.ids.intent,
      decision: later,
    });
    assert.ok(done.ok, JSON.stringify(done));
    assert.deepEqual([done.state, done.deduplicated], ["SUPERSEDED", false]);
    const again = await plane.govern({
      op: "supersede",
      intentId: governed.ids.intent,
      decision: later,
    });
    assert.ok(again.ok && again.deduplicated);
    assert.equal(
      codeOf(await plane.ask({ request: { set: { "/delivery": "handle" } } }, governed)),
      "DECISION_SUPERSEDED",
    );
    const redeemed = await plane.execute(plane.redemption(governed, handed.handle));
    assert.equal(codeOf(redeemed), "IDENTITY_REVOKED");
    assert.deepEqual(
      plane.types(governed.chainId).filter((type) => /Superseded|Revoked/.test(type)),
      ["DecisionSuperseded", "IdentityRevoked"],
    );
  });
});

suite("VAI-73 VAI-74 steps in order, and behind gates", () => {
  const steps = [
    { ...SHIFT_STEP, id: "first" },
    { ...SHIFT_STEP, id: "second", after: ["first"], gate: "approval" },
  ];
  const staged = {
    contract: { set: { "/authorization_details": steps } },
    decision: { set: { "/boundary/authorization_details": steps } },
  };
  const asking = (step: string) => ({ request: { set: { "/step": step } } });

  test("VAI-73 VAI-74 the second step waits for the first, and then for a person who approves that very step", async () => {
    const plane = await newPlane();
    const governed = plane.contract(staged);
    assert.equal(codeOf(await plane.ask(asking("second"), governed)), "STEP_OUT_OF_ORDER");
    await register(plane, governed);
    const early = approval(plane, governed, "ada", { step: "second" });
    assert.equal(codeOf(await approve(plane, governed, early)), "STEP_OUT_OF_ORDER");
    plane.world.now += 120_000;
    await plane.grant(asking("first"), governed);
    assert.equal(codeOf(await plane.ask(asking("second"), governed)), "STEP_GATE_CLOSED");
    const whole = approval(plane, governed, "ada");
    assert.ok((await approve(plane, governed, whole)).ok);
    assert.equal(codeOf(await plane.ask(asking("second"), governed)), "STEP_GATE_CLOSED");
    assert.equal(codeOf(await approve(plane, governed, early)), "STEP_OUT_OF_ORDER");
    const yes = approval(plane, governed, "bea", { step: "second" });
    const done = await approve(plane, governed, yes);
    assert.ok(done.ok, JSON.stringify(done));
    assert.deepEqual(plane.types(governed.chainId).slice(-2), ["ApprovalRecorded", "GateOpened"]);
    await plane.grant(asking("second"), governed);
  });

  test("VAI-74 a gate that somebody opened who was removed since is closed", async () => {
    const plane = await newPlane();
    const governed = plane.contract(staged);
    await plane.grant(asking("first"), governed);
    assert.ok(
      (await approve(plane, governed, approval(plane, governed, "ada", { step: "second" }))).ok,
    );
    await plane.publish({ remove: ["/approvers/0"] });
    assert.equal(codeOf(await plane.ask(asking("second"), governed)), "STEP_GATE_CLOSED");
  });
});

suite("VAI-48 what was promised is waited for, until it is due", () => {
  const promising = (...obligations: object[]) => ({
    contract: { set: { "/obligations": obligations } },
  });
  const ROUTING = { kind: "readBack", name: "routing", dueSeconds: 600 };
  const STABLE = { kind: "event", name: "error-rate-stable", dueSeconds: 900, class: "state" };
  const identityOf = (plane: Plane, { chainId }: Governed) => {
    const [identity] = plane.state(chainId).identities.values();
    assert.ok(identity);
    return identity;
  };
  const later = async (plane: Plane, seconds: number) => {
    plane.world.pass(seconds);
    await plane.sweep();
  };
  /** The target says that it did it, and looks as before for a while. */
  const slow = (plane: Plane) => {
    plane.targets.instead = () => ({ status: "succeeded" });
  };

  test("VAI-48 a read-back that matches at the third look completes the identity", async () => {
    const plane = await newPlane();
    slow(plane);
    const governed = plane.contract(promising(ROUTING));
    const answer = await plane.grant({}, governed);
    assert.equal(answer.identity.state, "IN_USE");
    assert.deepEqual(answer.outcome?.obligations, [{ name: "routing", met: false }]);
    await later(plane, 120);
    await later(plane, 60);
    assert.equal(identityOf(plane, governed).end, undefined);
    Object.assign(plane.targets.state.alias, { weights: { 7: 10 } });
    await later(plane, 60);
    assert.equal(identityOf(plane, governed).state, "COMPLETED");
    assert.deepEqual(plane.types(governed.chainId).slice(-3), [
      "ExecutionCompleted",
      "ObligationFulfilled",
      "IdentityCompleted",
    ]);
  });

  test("VAI-48 one that never matches is incomplete once it is due, with one terminal record, and the contract has ended", async () => {
    const plane = await newPlane();
    slow(plane);
    const governed = plane.contract(promising(ROUTING));
    await plane.grant({}, governed);
    await later(plane, 599);
    assert.equal(identityOf(plane, governed).end, undefined);
    await later(plane, 61);
    await later(plane, 61);
    assert.equal(identityOf(plane, governed).state, "INCOMPLETE");
    assert.deepEqual(plane.types(governed.chainId).slice(-2), [
      "ObligationMissed",
      "ExecutionIncomplete",
    ]);
    assert.equal(codeOf(await plane.ask({}, governed)), "CONTRACT_CONSUMED");
  });

  test("VAI-48 an event is met by an evaluator of its class who attests it, and by nobody else", async () => {
    const plane = await newPlane();
    const governed = plane.contract(promising(STABLE));
    const { identity } = await plane.grant({}, governed);
    assert.equal(identity.state, "IN_USE");
    const of = (name: keyof typeof EVALUATORS, change: SignedChange = {}) =>
      attestation(plane, governed, name, {
        ...change,
        set: {
          "/obligation": { identityId: identity.identityId, name: STABLE.name },
          ...change.set,
        },
        remove: ["/decisionDigest"],
      });
    assert.equal(
      codeOf(await attest(plane, governed, of("risk.example"))),
      "ATTESTATION_MALFORMED",
    );
    const other = of("state.example", { set: { "/obligation/name": "routing" } });
    assert.equal(codeOf(await attest(plane, governed, other)), "ATTESTATION_MALFORMED");
    assert.ok(
      (await attest(plane, governed, of("state.example", { set: { "/verdict": "abstain" } }))).ok,
    );
    assert.equal(identityOf(plane, governed).end, undefined);
    const yes = of("state.example");
    const done = await attest(plane, governed, yes);
    assert.ok(done.ok, JSON.stringify(done));
    assert.equal(identityOf(plane, governed).state, "COMPLETED");
    const again = await attest(plane, governed, yes);
    assert.ok(again.ok && again.deduplicated);
    assert.deepEqual(plane.types(governed.chainId).slice(-3), [
      "AttestationRecorded",
      "ObligationFulfilled",
      "IdentityCompleted",
    ]);
  });

  test("VAI-48 VAI-75 an event that an evaluator rejects is missed, and the step behind it never comes", async () => {
    const plane = await newPlane();
    const governed = plane.contract(promising(STABLE));
    const { identity } = await plane.grant({}, governed);
    const no = attestation(plane, governed, "state.example", {
      set: {
        "/obligation": { identityId: identity.identityId, name: STABLE.name },
        "/verdict": "reject",
      },
      remove: ["/decisionDigest"],
    });
    assert.ok((await attest(plane, governed, no)).ok);
    assert.equal(identityOf(plane, governed).state, "INCOMPLETE");
    assert.equal(codeOf(await plane.ask({}, governed)), "CONTRACT_CONSUMED");
  });
});
