import { toSeconds } from "../../clock.ts";
import type { ReadContract } from "../../contract/contract.ts";
import { judgeWindow } from "../../contract/judge.ts";
import { callsOf, type Step } from "../../contract/step.ts";
import { contractView, type IdentityView } from "../../evidence/fold.ts";
import { phaseOf } from "../../lifecycle/state.ts";
import { type Refusal, refuse } from "../../refusal.ts";
import type { Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import { stage } from "../stage.ts";

/** Records that an intent chain holds at most (PROTOCOL.md §5). */
const MAX_RECORDS = 200;
/** Records of a binding, of an issuance, and of an execution to its end without obligations. */
const BINDING = 4;
const ISSUANCE = 3;
const EXECUTION = 4;

/** A contract on its intent's chain as it stands. */
interface Standing {
  readonly contract: ReadContract;
  readonly intent: Intent;
}

/** Stage `state` (PROTOCOL.md §4 stage 6): the contract has not ended, and its window is open. */
export const CONTRACT_STATE = stage<Standing, Judgement>("state")
  .check("contractState", judgeContractState)
  .check("window", ({ contract }, { now }) => judgeWindow(contract.claims, toSeconds(now)));

/** Stage `state` of `issue`, then: uses of the step are left, and room to tell of one more. */
export const USES = stage<Standing & { readonly step: Step | undefined }, Judgement>("state")
  .check("uses", judgeUses)
  .check("capacity", judgeCapacity);

/** Stage `state` of `execute`: the grant itself, then its contract (PROTOCOL.md §4 stage 6). */
export const GRANT_STATE = stage<Standing & { readonly identityId: string }, Judgement>("state")
  .check("grant", (subject, { now }) => judgeUnused(grantIn(subject), now))
  .include(CONTRACT_STATE);

const grantIn = ({
  intent,
  identityId,
}: Standing & { readonly identityId: string }): IdentityView | undefined =>
  intent.state.identities.get(identityId);

/** A handle is redeemed once: a second time would double the effect (PROTOCOL.md §8). */
function judgeUnused(identity: IdentityView | undefined, now: number): Refusal | undefined {
  if (identity === undefined) return refuse("IDENTITY_UNKNOWN", "the grant is gone", "/handle");
  if (identity.startedAt !== undefined) {
    return refuse("DUPLICATE_EXECUTION", "the handle was redeemed already", "/handle");
  }
  if (identity.end !== undefined) {
    return refuse("IDENTITY_REVOKED", `the identity ended: ${identity.state}`, "/handle");
  }
  // Half-open: at its end an identity has ended (ADV-15).
  return now < Date.parse(identity.expiresAt)
    ? undefined
    : refuse("IDENTITY_EXPIRED", `the identity ended at ${identity.expiresAt}`, "/handle/exp");
}

function judgeContractState(
  { contract, intent: { state } }: Standing,
  { now }: Judgement,
): Refusal | undefined {
  const { ended } = contractView(state, contract.digest);
  if (ended !== undefined)
    return refuse(ended.code, `the contract ended: ${ended.why}`, "/contract");
  const lost = [...state.identities.values()].find(
    (identity) =>
      identity.contractDigest === contract.digest &&
      identity.startedAt !== undefined &&
      phaseOf(identity, now) === "lost",
  );
  return lost === undefined
    ? undefined
    : refuse(
        "CONTRACT_CONSUMED",
        `execution of ${lost.identityId} started and its outcome is unknown`,
        "/contract",
      );
}

/** An unknown step is judged later, as `STEP_MISMATCH`. */
function judgeUses({
  contract,
  step,
  intent: { state },
}: Standing & { readonly step: Step | undefined }): Refusal | undefined {
  if (step === undefined) return undefined;
  const used = contractView(state, contract.digest).uses.get(step.id) ?? 0;
  const allowed = callsOf(step);
  return used < allowed
    ? undefined
    : refuse(
        "CONTRACT_CONSUMED",
        `step ${step.id} allows ${allowed} call(s), ${used} are used`,
        "/request/step",
      );
}

/** A course is begun only if it can be recorded to its end, beside what open identities are still owed. */
function judgeCapacity(
  { contract, intent: { state } }: Standing,
  { now }: Judgement,
): Refusal | undefined {
  const open = [...state.identities.values()]
    .filter((identity) => identity.startedAt !== undefined || phaseOf(identity, now) !== "expired")
    .filter(({ end }) => end === undefined).length;
  const { obligations = [], assumptions = [] } = contract.claims;
  const owed = EXECUTION + obligations.length + (assumptions.length > 0 ? 1 : 0);
  const isBound = contractView(state, contract.digest).bound !== undefined;
  const course = (isBound ? 0 : BINDING) + ISSUANCE + owed;
  return state.head.seq + course + open * owed <= MAX_RECORDS
    ? undefined
    : refuse(
        "CONTRACT_CONSUMED",
        `the intent's chain has no room left (${MAX_RECORDS} records)`,
        "/contract/intent/id",
      );
}
