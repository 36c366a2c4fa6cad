import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { toInstant } from "../../lib/clock.ts";
import { readContract } from "../../lib/contract/contract.ts";
import { statementDigest } from "../../lib/proof/statement.ts";
import { isRefusal } from "../../lib/refusal.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { approval, attestation, EVALUATORS, high } from "../support/people.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";

/** What people are asked for outside of the plane, and that it changes no answer. */

const SECRET = "the merger with Initech";
const sensitive: Mutation = {
  contract: { set: { "/purpose": SECRET, "/authorization_details/0/gate": "approval" } },
};

function claimsOf({ contract }: Governed) {
  const read = readContract(contract);
  if (isRefusal(read)) throw new Error(read.detail);
  return read.claims;
}

const register = (plane: Plane, { contract, proof }: Governed) =>
  plane.govern({ op: "register", contract, proof });

async function attested(plane: Plane, governed: Governed): Promise<void> {
  for (const name of Object.keys(EVALUATORS) as (keyof typeof EVALUATORS)[]) {
    const { contractDigest } = governed;
    const jws = attestation(plane, governed, name);
    const done = await plane.govern({ op: "attest", contractDigest, attestation: jws });
    assert.ok(done.ok);
  }
}

function about(governed: Governed) {
  const claims = claimsOf(governed);
  return {
    plane: claims.aud,
    ...{ intentId: governed.ids.intent, contractId: governed.ids.contract },
    contractDigest: governed.contractDigest,
    ...{ issuer: "governance.example", risk: "HIGH" },
    until: toInstant(claims.exp * 1000),
  };
}

const statementOf = (governed: Governed, step?: string) =>
  statementDigest({
    contract: { claims: claimsOf(governed), digest: governed.contractDigest },
    step,
  });

suite("what people are asked for", () => {
  test("VAI-61 a contract that is bound asks for its evaluators, its approvers, and the gate whose turn it is, once", async () => {
    const plane = await newPlane();
    const governed = plane.contract(high(plane, sensitive));
    assert.ok((await register(plane, governed)).ok);
    const approvals = { asks: "approval", needed: 1, have: 0, roles: [] };
    const expected = [
      {
        ...about(governed),
        asks: "attestation",
        decisionDigest: claimsOf(governed).decision.digest,
        ...{ needed: 3, have: 0, classesNeeded: 2, classesHave: 0, veto: ["state"] },
      },
      { ...about(governed), ...approvals, statementDigest: statementOf(governed) },
      {
        ...{ ...about(governed), ...approvals, step: "shift" },
        statementDigest: statementOf(governed, "shift"),
      },
    ];
    assert.deepEqual(plane.asked, expected);
    assert.ok((await register(plane, governed)).ok);
    assert.deepEqual(plane.asked, expected, "the same registration again asks nobody");
  });

  test("VAI-61 what is asked holds nothing of what the contract is about", async () => {
    const plane = await newPlane();
    const governed = plane.contract(high(plane, sensitive));
    await register(plane, governed);
    const said = JSON.stringify(plane.asked);
    const { actor, purpose, account, authorization_details: steps } = claimsOf(governed);
    assert.equal(purpose, SECRET);
    const values = steps.flatMap(({ resources, actions, parameters }) => [
      ...[...resources, ...actions],
      ...Object.keys(parameters),
    ]);
    for (const value of [purpose, actor.id, ...values]) {
      assert.ok(!said.includes(value), value);
    }
    assert.ok(said.includes(account), "but for the plane's own id");
  });

  test("VAI-61 a refused request asks for what would lift it, and for nothing that people cannot", async () => {
    const plane = await newPlane();
    const governed = plane.contract(high(plane));
    const ask = async () => {
      plane.asked.length = 0;
      const { code } = refused(await plane.ask({}, governed));
      return [code, ...plane.asked.map(({ asks, have, needed }) => `${asks} ${have}/${needed}`)];
    };
    assert.deepEqual(await ask(), ["CONSENSUS_NOT_REACHED", "attestation 0/3"]);
    await register(plane, governed);
    await attested(plane, governed);
    assert.deepEqual(await ask(), ["APPROVAL_REQUIRED", "approval 0/1"]);
    const { contractDigest } = governed;
    const yes = approval(plane, governed, "ada");
    await plane.govern({ op: "approve", contractDigest, approval: yes });
    plane.asked.length = 0;
    const beyond = { request: { set: { "/operation/parameters/percent": 100 } } };
    assert.equal((await plane.ask(beyond, governed)).ok, false);
    assert.deepEqual(plane.asked, []);
  });

  test("VAI-61 a gate is asked for at its turn, not before", async () => {
    const plane = await newPlane();
    const gated = plane.contract(high(plane, sensitive));
    await register(plane, gated);
    plane.asked.length = 0;
    assert.equal(refused(await plane.ask({}, gated)).code, "STEP_GATE_CLOSED");
    assert.deepEqual(
      plane.asked.map((each) => [each.asks, "step" in each && each.step]),
      [["approval", "shift"]],
    );
  });

  test("VAI-71 a gate behind another step is not asked for at registration", async () => {
    const plane = await newPlane();
    const [only] = claimsOf(plane.contract(high(plane))).authorization_details;
    const steps = [only, { ...only, id: "more", after: ["shift"], gate: "approval" }];
    const set = { "/authorization_details": steps };
    const boundary = { "/boundary/authorization_details": steps };
    const governed = plane.contract(
      high(plane, { contract: { set }, decision: { set: boundary } }),
    );
    const bound = await register(plane, governed);
    assert.ok(bound.ok, JSON.stringify(bound));
    assert.deepEqual(
      plane.asked.map((each) => ["step" in each ? each.step : undefined, each.asks]),
      [
        [undefined, "attestation"],
        [undefined, "approval"],
      ],
    );
  });

  test("VAI-61 of a flood that is only counted nobody is asked again", async () => {
    const plane = await newPlane();
    const governed = plane.contract(high(plane));
    await register(plane, governed);
    plane.asked.length = 0;
    const many = 40;
    for (let time = 0; time < many; time++) await plane.ask({}, governed);
    assert.ok(plane.asked.length > 0 && plane.asked.length < many, `${plane.asked.length}`);
  });

  test("VAI-61 where nobody can be told every answer is the same", async () => {
    const outcomes = await Promise.all(
      [false, true].map(async (isBroken) => {
        const plane = await newPlane();
        if (isBroken) plane.askPeople = () => Promise.reject(new Error("no bus"));
        const governed = plane.contract(high(plane, sensitive));
        const bound = await register(plane, governed);
        const answer = await plane.ask({}, governed);
        return { bound, answer, asked: plane.asked.length > 0 };
      }),
    );
    const [told, untold] = outcomes;
    assert.deepEqual([told?.asked, untold?.asked], [true, false]);
    assert.deepEqual(untold?.bound, told?.bound);
    assert.deepEqual(untold?.answer, told?.answer);
  });
});
