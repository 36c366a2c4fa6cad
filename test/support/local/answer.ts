import assert from "node:assert/strict";
import type { GrantedAnswer, RefusedAnswer } from "../../../lib/enforcement/answer.ts";

// The shapes of an answer as the page on formats lists them: closed, so a new member fails a test.

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Fails unless `value` has all of `required`, and of others only `optional` ones. */
function assertMembers(value: object, required: string, optional = ""): void {
  const wanted = required.split(" ");
  const allowed = new Set([...wanted, ...optional.split(" ")]);
  const found = Object.keys(value);
  assert.deepEqual(
    wanted.filter((name) => !found.includes(name)),
    [],
    "members are missing",
  );
  assert.deepEqual(
    found.filter((name) => !allowed.has(name)),
    [],
    "members are unknown",
  );
}

/** A grant with delivery `execute` has exactly the members and formats of the wire format. */
export function assertGrantedShape(answer: GrantedAnswer): void {
  assertMembers(answer, "ok deduplicated identity enforcement outcome guarantee evidence");
  const { identity, guarantee, evidence, outcome, enforcement } = answer;
  const ids = "identityId intentId contractId contractDigest step";
  assertMembers(identity, `${ids} issuedAt expiresAt state scope constraints`);
  assertMembers(identity.scope, "actions resources");
  for (const id of [identity.identityId, identity.intentId, identity.contractId])
    assert.match(id, UUID);
  assert.match(identity.contractDigest, DIGEST);
  assertMembers(guarantee, "heldBy effectiveUntil hardExpiry revocableWithinSeconds");
  assert.equal(guarantee.heldBy, "trustPlane");
  const times = [identity.issuedAt, identity.expiresAt, guarantee.effectiveUntil];
  for (const time of [...times, guarantee.hardExpiry]) assert.match(time, INSTANT);
  assertMembers(evidence, "chainId firstSeq lastSeq head");
  assert.match(evidence.head, DIGEST);
  for (const entry of enforcement) assertMembers(entry, "constraint enforcedBy");
  assertOutcome(outcome);
}

function assertOutcome(outcome: GrantedAnswer["outcome"]): void {
  assert.ok(outcome);
  assertMembers(outcome, "status obligations", "error readBack");
  assert.equal(outcome.error === undefined, outcome.status === "succeeded");
  if (outcome.error) assertMembers(outcome.error, "name kind");
  if (outcome.readBack) assertMembers(outcome.readBack, "matches");
  for (const obligation of outcome.obligations) assertMembers(obligation, "name met");
}

/** A refusal has exactly the members of the wire format. */
export function assertRefusedShape(answer: RefusedAnswer): void {
  assertMembers(
    answer,
    "ok code stage failureDomain retryable detail",
    "pointer unlock enforced would evidence",
  );
  assert.equal(answer.would !== undefined, answer.code === "ACTION_OBSERVED");
  assert.equal(answer.enforced, answer.would === undefined ? undefined : false);
  if (answer.evidence) assertMembers(answer.evidence, "chainId seq");
}

/** Who enforces what, by pointer. */
export const mapOf = ({ enforcement }: GrantedAnswer): Record<string, string> =>
  Object.fromEntries(
    enforcement.map(({ constraint, enforcedBy }) => [constraint, enforcedBy.join(" ")]),
  );
