import type { ReadContract } from "../../contract/contract.ts";
import { present } from "../../encoding/present.ts";
import { contractView } from "../../evidence/intent-state.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { triggerOf } from "../../lifecycle/trigger-of.ts";
import { Fault, isRefusal, type RefusalCode } from "../../refusal.ts";
import { readExecuteRequest } from "../../request/request.ts";
import type { RefusedAnswer } from "../answer.ts";
import { type Batch, backOff } from "../barriers/append.ts";
import { markEnding, takingOwnMarks } from "../barriers/own-mark.ts";
import type { Unstarted } from "../deliveries/execute.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { watchedDetail } from "../observed.ts";
import type { Intent } from "../read/intent.ts";
import { changedDrafts, endsContract, openEnds, revokedDraft } from "../records/ending.ts";
import { fullVerdict, reasonOf } from "../records/refusal.ts";
import { requestEvidence } from "../records/request.ts";
import { unlockOfSpent } from "../unlocks.ts";
import type { Redemption } from "../verified.ts";
import { answerRefusal, recordOnIntent, recordUnattributed } from "./flood.ts";

/** A refusal before the executor and its handle are verified: on a chain that accuses nobody. */
export function refuseUnverifiedRedemption(
  judgement: Judgement,
  failure: Failure,
): Promise<RefusedAnswer> {
  const { about, raw, eventDigest } = judgement;
  const { request } = (raw ?? {}) as Record<string, unknown>;
  const read = about.request === undefined ? undefined : readExecuteRequest(request);
  const draft: RecordDraft = {
    type: "ExecutionRejected",
    verdict: fullVerdict(judgement, failure),
    detail: {
      ...reasonOf(failure.refusal),
      eventDigest,
      ...(read !== undefined && !isRefusal(read) && requestEvidence(read)),
    },
  };
  return answerRefusal(failure, () => recordUnattributed(judgement, [draft]));
}

/**
 * A refusal of the handle's own holder. What is outside the contract is a violation: it revokes the identity and
 * ends the contract (PROTOCOL.md §4). Any other refusal leaves the handle as it is, to be judged anew.
 */
export async function refuseRedemption(
  judgement: Judgement,
  redemption: Redemption,
  { failure, session }: Omit<Unstarted, "kind">,
): Promise<RefusedAnswer> {
  if (failure.refusal.code === "EVIDENCE_CHAIN_BROKEN") {
    return refuseUnverifiedRedemption(judgement, failure);
  }
  const { contract, request, executor, intent: seen } = redemption;
  const rejection: RecordDraft = {
    type: "ExecutionRejected",
    verdict: fullVerdict(judgement, failure),
    detail: {
      ...reasonOf(failure.refusal),
      ...watchedDetail(failure),
      ...requestEvidence(request),
      executor,
      ...(session !== undefined && { unusedAccessKeyId: session.maskedAccessKeyId }),
    },
  };
  let isSpent = false;
  let isEnded = false;
  const trigger = failure.stage === "scope" ? "violation" : triggerOf(failure.refusal.code);
  const { identityId } = redemption.identity;
  const batchOf = (intent: Intent): Batch => {
    const ending = endingDrafts(judgement, failure, contract, intent);
    isSpent = isStartedHere(judgement, intent, redemption);
    const isOver = endsContract(ending) || ENDS_IDENTITY.has(failure.refusal.code);
    isEnded = isOver && isUnused(intent, redemption);
    const isRevoked = isSpent || isEnded;
    const end = isRevoked ? [revokedDraft(failure, trigger)] : [];
    const others = endsContract(ending)
      ? openEnds(intent, contract.digest, failure, judgement.deps.clock(), identityId)
      : [];
    return takingOwnMarks(
      { drafts: [...ending, rejection, ...end, ...others] },
      intent,
      contract.digest,
    );
  };
  const { drafts: first } = batchOf(seen);
  const start = endsContract(first)
    ? await markEnding(judgement, seen, contract.digest, trigger)
    : seen;
  // A denial is always written: only what changes nothing is counted when there is too much of it.
  const isEnding = (intent: Intent): boolean => {
    const { drafts } = batchOf(intent);
    return isSpent || isEnded || endsContract(drafts);
  };
  const record = () =>
    recordOnIntent(judgement, start, { batchOf, onTaken: () => failure, isEnding });
  const answer = await answerRefusal(failure, () =>
    endsContract(first) ? insisting(judgement, record) : record(),
  );
  return isSpent ? spent(answer, failure) : answer;
}

/** What is stopped for good: lifting it brings no handle back, so the identity ends where that is seen (PROTOCOL.md §4). */
const ENDS_IDENTITY: ReadonlySet<RefusalCode> = new Set([
  ...(["KEY_REVOKED", "AGENT_HALTED", "CHAIN_ROOT_REVOKED"] as const),
]);

/** The use is gone: the same request cannot pass any more. */
function spent({ unlock: _, ...answer }: RefusedAnswer, { refusal }: Failure): RefusedAnswer {
  return { ...answer, retryable: false, ...present({ unlock: unlockOfSpent(refusal) }) };
}

/** Tries at recording what ends a contract; with their waits about as long as a function lives. */
const DENIAL_TRIES = 20;

/** What ends a contract is tried until shortly before the function's end: it must not be forgotten. */
async function insisting<T>(judgement: Judgement, record: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await record();
    } catch (fault) {
      if (!(fault instanceof Fault) || attempt >= DENIAL_TRIES) throw fault;
      await backOff(judgement, attempt);
    }
  }
}

/**
 * What shows that a contract was violated, or that its context changed, and whether it ends with that. A contract
 * that has ended already ends no second time, or parallel attempts could fill the chain.
 */
function endingDrafts(
  judgement: Judgement,
  failure: Failure,
  { claims, digest }: ReadContract,
  { state }: Intent,
): RecordDraft[] {
  if (contractView(state, digest).ended !== undefined) return [];
  if (failure.stage !== "scope") return changedDrafts(failure, claims);
  return [
    {
      type: "ViolationDetected",
      verdict: fullVerdict(judgement, failure),
      detail: { ...reasonOf(failure.refusal), endsContract: "VIOLATED" },
    },
  ];
}

/**
 * Whether the chain says that this very invocation started the identity: its barrier 2 was stored although the
 * answer was lost, and nothing was called. Left as it is, it would count as a call whose outcome nobody knows.
 */
function isStartedHere(
  { invocation }: Judgement,
  { state }: Intent,
  { identity: { identityId } }: Redemption,
): boolean {
  const identity = state.identities.get(identityId);
  return identity?.startedIn === invocation.requestId && identity.end === undefined;
}

/** A redemption that was faster runs to its end, which is then recorded as what it was. */
function isUnused({ state }: Intent, { identity: { identityId } }: Redemption): boolean {
  const identity = state.identities.get(identityId);
  return identity?.startedAt === undefined && identity?.end === undefined;
}
