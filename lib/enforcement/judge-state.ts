import { toSeconds } from "../clock.ts";
import { FUNCTION_TIMEOUT_SECONDS } from "../config.ts";
import type { ReadContract } from "../contract/contract.ts";
import { judgeWindow } from "../contract/judge.ts";
import { callsOf } from "../contract/step.ts";
import { contractView, type IdentityView, type IntentState } from "../evidence/fold.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { NamedCheck } from "./course.ts";

/** Records that an intent chain holds at most (wire.md §5). */
const MAX_RECORDS = 200;
/** Records of a binding, of an issuance, and of an execution to its end without obligations. */
const BINDING = 4;
const ISSUANCE = 3;
const EXECUTION = 4;

export interface StateInput {
  readonly contract: ReadContract;
  readonly stepId: string;
  readonly state: IntentState;
  /** Milliseconds. */
  readonly now: number;
}

/** Stage `state` (wire.md §4 stage 6), in order. An unknown step is judged later, as `STEP_MISMATCH`. */
export function stateChecks(input: StateInput): NamedCheck[] {
  return [
    ["contractState", () => judgeContractState(input)],
    ["window", () => judgeWindow(input.contract.claims, toSeconds(input.now))],
    ["uses", () => judgeUses(input)],
    ["capacity", () => judgeCapacity(input)],
  ];
}

/** Stage `state` of `execute`: instead of uses, the grant itself; its window lies in the contract's. */
export function redemptionStateChecks(
  contract: ReadContract,
  identityId: string,
  state: IntentState,
  now: number,
): NamedCheck[] {
  return [
    ["contractState", () => judgeContractState({ contract, state, now })],
    ["window", () => judgeGrantWindow(state.identities.get(identityId), now)],
    ["grant", () => judgeUnused(state.identities.get(identityId))],
  ];
}

/** A handle is redeemed once: a second time would double the effect (wire.md §8). */
function judgeUnused(identity: IdentityView | undefined): Refusal | undefined {
  if (identity === undefined) return refuse("IDENTITY_UNKNOWN", "the grant is gone", "/handle");
  if (identity.startedAt !== undefined) {
    return refuse("DUPLICATE_EXECUTION", "the handle was redeemed already", "/handle");
  }
  return identity.end === undefined
    ? undefined
    : refuse("IDENTITY_REVOKED", `the identity ended: ${identity.state}`, "/handle");
}

/** Half-open: at its end an identity has ended (ADV-15). */
const judgeGrantWindow = (identity: IdentityView | undefined, now: number): Refusal | undefined =>
  identity !== undefined && now < Date.parse(identity.expiresAt)
    ? undefined
    : refuse("IDENTITY_EXPIRED", `the identity ended at ${identity?.expiresAt}`, "/handle/exp");

function judgeContractState({
  contract,
  state,
  now,
}: Pick<StateInput, "contract" | "state" | "now">): Refusal | undefined {
  const { ended } = contractView(state, contract.digest);
  if (ended !== undefined)
    return refuse(ended.code, `the contract ended: ${ended.why}`, "/contract");
  const lost = [...state.identities.values()].find(
    ({ contractDigest, state: phase, startedAt = "" }) =>
      contractDigest === contract.digest &&
      phase === "IN_USE" &&
      Date.parse(startedAt) + FUNCTION_TIMEOUT_SECONDS * 1000 < now,
  );
  return lost === undefined
    ? undefined
    : refuse(
        "CONTRACT_CONSUMED",
        `execution of ${lost.identityId} started and its outcome is unknown`,
        "/contract",
      );
}

function judgeUses({ contract, stepId, state }: StateInput): Refusal | undefined {
  const step = contract.claims.authorization_details.find(({ id }) => id === stepId);
  if (step === undefined) return undefined;
  const used = contractView(state, contract.digest).uses.get(stepId) ?? 0;
  const allowed = callsOf(step);
  return used < allowed
    ? undefined
    : refuse(
        "CONTRACT_CONSUMED",
        `step ${stepId} allows ${allowed} call(s), ${used} are used`,
        "/request/step",
      );
}

/** A course is begun only if it can be recorded to its end, beside what open identities are still owed. */
function judgeCapacity({ contract, state, now }: StateInput): Refusal | undefined {
  const open = [...state.identities.values()].filter(
    ({ end, startedAt, expiresAt }) =>
      end === undefined && (startedAt !== undefined || now < Date.parse(expiresAt)),
  ).length;
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
