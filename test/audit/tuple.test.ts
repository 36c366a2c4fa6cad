import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ReadRecord } from "../../lib/audit/read-record.ts";
import { type EvidenceTuple, evidenceTuple } from "../../lib/audit/tuple.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { EVENT_TYPES } from "../../lib/evidence/events.ts";
import { approval, attestation, EVALUATORS, high } from "../support/people.ts";
import { granted, newPlane } from "../support/plane.ts";

const digestsOf = (records: readonly { readonly type: string }[]): string[] =>
  records.map(({ type }) => type);

/** The chain of a contract of class HIGH that people let pass, as its verified records. */
async function highChain(): Promise<EvidenceTuple> {
  const plane = await newPlane();
  const governed = plane.contract(high(plane));
  const { contract, proof, contractDigest } = governed;
  await plane.govern({ op: "register", contract, proof });
  for (const name of Object.keys(EVALUATORS) as (keyof typeof EVALUATORS)[]) {
    const word = attestation(plane, governed, name);
    await plane.govern({ op: "attest", contractDigest, attestation: word });
  }
  assert.equal((await plane.ask({}, governed)).ok, false);
  const yes = approval(plane, governed, "ada");
  await plane.govern({ op: "approve", contractDigest, approval: yes });
  granted(await plane.ask({}, governed));
  const records = plane
    .records(governed.chainId)
    .map((record): ReadRecord => ({ record, hash: sha256Digest(JSON.stringify(record)) }));
  const tuple = evidenceTuple(records);
  const own = records.map(({ record, hash }) => ({
    ...{ seq: record.chain.seq, type: record.event.type, hash },
  }));
  const byNumber = (all: EvidenceTuple["members"] | EvidenceTuple["groups"]) =>
    Object.values(all)
      .flat()
      .sort((one, other) => one.seq - other.seq);
  assert.deepEqual(byNumber(tuple.members), own, "each record is in one member");
  assert.deepEqual(byNumber(tuple.groups), own, "and in one group");
  return tuple;
}

suite("DTF-19 DTF-20 the evidence of an intent", () => {
  test("DTF-19 is told in ten members, each of the records that are evidence of it", async () => {
    const { members, trustPolicies } = await highChain();
    assert.deepEqual(
      Object.fromEntries(Object.entries(members).map(([name, all]) => [name, digestsOf(all)])),
      {
        intent: ["IntentSubmitted"],
        context: ["ContextEvaluated"],
        policy: ["PolicyEvaluated"],
        proof: ["ContractBound", "ProofRejected", "ProofValidated"],
        attestations: [
          ...Object.keys(EVALUATORS).map(() => "AttestationRecorded"),
          "ApprovalRecorded",
        ],
        governance: [],
        decision: ["IdentityRequested", "IdentityDenied", "IdentityRequested"],
        identity: ["IdentityIssued", "CredentialsMinted"],
        execution: ["ExecutionStarted"],
        outcome: ["ExecutionCompleted", "IdentityCompleted"],
      },
    );
    assert.deepEqual(
      trustPolicies.map(({ version }) => version),
      [1],
      "thresholds, vetoes and classes are those of this policy",
    );
  });

  test("DTF-20 is told in the four groups of a lifecycle, in the order of the chain", async () => {
    const { groups } = await highChain();
    assert.deepEqual(Object.keys(groups), ["proof", "attestation", "issuance", "outcome"]);
    assert.deepEqual(digestsOf(groups.issuance), ["IdentityIssued", "CredentialsMinted"]);
    assert.deepEqual(digestsOf(groups.outcome), [
      ...["ExecutionStarted", "ExecutionCompleted", "IdentityCompleted"],
    ]);
  });

  test("DTF-19 a type that is not known yet is evidence of the decision, and none is lost", () => {
    const record = { chain: { seq: 1 }, event: { type: "SomethingNew" } };
    const told = evidenceTuple([{ record, hash: sha256Digest("") } as unknown as ReadRecord]);
    assert.deepEqual(digestsOf(told.members.decision), ["SomethingNew"]);
    for (const type of EVENT_TYPES) {
      const known = { chain: { seq: 1 }, event: { type } };
      const { members } = evidenceTuple([{ record: known, hash: "" } as unknown as ReadRecord]);
      assert.equal(Object.values(members).flat().length, 1, type);
    }
  });
});
