import assert from "node:assert/strict";
import type { Answer, RefusedAnswer } from "../../../lib/enforcement/answer.ts";
import type { DelegateAnswer } from "../../../lib/enforcement/delegate.ts";
import type { CloudTrailEvent } from "../../../localstack/machine/control.ts";
import { readChain, typesOf, type Verified, verifiedChain } from "./evidence.ts";
import { nameOf, recorded } from "./faults.ts";
import type { LocalPlane } from "./plane.ts";

/** Sends a request. */
export type Asking = () => Promise<Answer | DelegateAnswer>;

/** What a refusal left behind. */
export interface Refused {
  readonly answer: RefusedAnswer;
  /** Types of the records that the intent's chain has since, in order; the whole chain is verified. */
  readonly written: readonly string[];
  /** The record that the answer names, of whichever chain; absent when none was written. */
  readonly record: Verified | undefined;
}

/** Records by which authority is used, handed on, or taken back. */
const EFFECTS =
  /^(IdentityIssued|CredentialsMinted|Execution(Started|Completed)|Delegation(Granted|Revoked))$/;
const isEffect = (type: string): boolean => EFFECTS.test(type);

/** Roles of the functions that end authority, which an order wakes: their sessions look and probe, and act nowhere. */
const ENDING = /:assumed-role\/vai-local-(revoke|sweep)\//;

/** Calls by which authority is obtained and used, of the plane's functions and of the sessions that they obtain. */
export const effectsOf = (calls: readonly CloudTrailEvent[]): string[] =>
  calls
    .filter(({ userIdentity: { type } }) => type === "AssumedRole")
    .filter(({ userIdentity: { arn = "" } }) => !ENDING.test(arn))
    .map(nameOf)
    .filter((name) => /^(sts AssumeRole|lambda (Invoke|UpdateAlias))$/.test(name));

/**
 * Asks, and fails unless it is refused with no effect: no STS session and no call on a target, no use or total on record, and
 * no block signed or ended, so that every head is as it was.
 */
export async function refusedWithout(
  plane: LocalPlane,
  chainId: string,
  ask: Asking,
): Promise<Refused> {
  const { length } = await readChain(plane, chainId);
  const { result: answer, calls } = await recorded(plane, ask);
  assert.ok(!answer.ok, `granted: ${JSON.stringify(answer)}`);
  assert.deepEqual(effectsOf(calls), [], `beside ${answer.code}`);
  const after = await verifiedChain(plane, chainId);
  const written = typesOf(after.slice(length));
  assert.deepEqual(written.filter(isEffect), [], answer.code);
  const { evidence } = answer;
  const chain =
    evidence &&
    (evidence.chainId === chainId ? after : await verifiedChain(plane, evidence.chainId));
  return { answer, written, record: chain?.[(evidence?.seq ?? 0) - 1] };
}
