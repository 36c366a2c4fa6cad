import { contractView } from "../../evidence/intent-state.ts";
import type { TakenKey } from "../../evidence/ports.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { triggerOf } from "../../lifecycle/trigger-of.ts";
import { isRefusal } from "../../refusal.ts";
import { type IssueRequest, readIssueRequest } from "../../request/request.ts";
import type { RefusedAnswer } from "../answer.ts";
import type { Batch } from "../barriers/append.ts";
import { markEnding, takingOwnMarks } from "../barriers/own-mark.ts";
import type { Denied } from "../barriers/reserve.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { observed, observedAction, watchedDrafts } from "../observed.ts";
import { type Intent, judgeOwnership } from "../read/intent.ts";
import { isExecutorKey } from "../read/state-keys.ts";
import { changedDrafts, endsContract, isEndedBy, openEnds } from "../records/ending.ts";
import { bindingDrafts, isBound, requestedDraft, withOpening } from "../records/issuance.ts";
import { bindingKeys } from "../records/keys.ts";
import { denialDrafts, verdictOutcome } from "../records/refusal.ts";
import { requestEvidence } from "../records/request.ts";
import { brokenChain } from "../stages/executor.ts";
import { takenContractId, takenKey } from "../stages/proof.ts";
import type { VerifiedRequest } from "../verified.ts";
import { answerRefusal, recordOnIntent, recordUnattributed } from "./flood.ts";

/** A refusal before the executor is verified: on a chain that accuses nobody. */
export function refuseUnverified(judgement: Judgement, failure: Failure): Promise<RefusedAnswer> {
  const requested: RecordDraft = {
    type: "IdentityRequested",
    verdict: { outcome: verdictOutcome(failure.refusal) },
    detail: { eventDigest: judgement.eventDigest, ...verifiedParts(judgement) },
  };
  const drafts = watchedDrafts(failure, [requested, ...denialDrafts(judgement, failure)]);
  return answerRefusal(failure, () => recordUnattributed(judgement, drafts));
}

/** What is verified of an event may stand in evidence; the rest is only its digest (VAI-03). */
function verifiedParts({ about, raw }: Judgement): object {
  const { request, contract } = (raw ?? {}) as Record<string, unknown>;
  const read = about.request === undefined ? undefined : readIssueRequest(request);
  return {
    ...(read !== undefined && !isRefusal(read) && requestEvidence(read)),
    ...(about.contract !== undefined && contract !== undefined && { contract }),
  };
}

/**
 * Records a verified executor's refusal where it belongs: nothing is appended to a chain that does not hold, and
 * nobody but the issuer of an intent writes on its chain (PROTOCOL.md §5).
 */
export function refuseIssue(
  judgement: Judgement,
  request: VerifiedRequest<IssueRequest>,
  denied: Denied,
): Promise<RefusedAnswer> {
  const { failure, intent } = denied;
  if (failure.refusal.code === "EVIDENCE_CHAIN_BROKEN") {
    return refuseUnverified(judgement, brokenChain(failure.refusal));
  }
  return judgeOwnership(intent, request.contract.claims) === undefined
    ? refuseOnIntent(judgement, request, denied)
    : refuseUnverified(judgement, failure);
}

/** A refusal on the intent's chain. Once stage `proof` has passed the contract is bound, whatever came later. */
async function refuseOnIntent(
  judgement: Judgement,
  request: VerifiedRequest<IssueRequest>,
  denied: Denied,
): Promise<RefusedAnswer> {
  const { failure, intent: seen } = denied;
  const { digest } = request.contract;
  const batchOf = (intent: Intent): Batch =>
    takingOwnMarks(denialBatch(judgement, request, denied, intent), intent, digest);
  const start = endsContract(batchOf(seen).drafts)
    ? await markEnding(judgement, seen, digest, triggerOf(failure.refusal.code))
    : seen;
  // A denial is always written: earlier refusals make no contract immune to its end.
  const isEnding = (intent: Intent): boolean => endsContract(batchOf(intent).drafts);
  let taken: Failure | undefined;
  const onTaken = (key: TakenKey): Failure => {
    const failure = isExecutorKey(key) ? takenKey() : takenContractId();
    taken = failure;
    return failure;
  };
  const answer = await answerRefusal(failure, () =>
    recordOnIntent(judgement, start, { batchOf, onTaken, isEnding }),
  );
  if (taken === undefined) return answer;
  // Only the binding showed that the contract's id, or its executor's key, is another's; that is the earlier failing
  // check, and binds nothing.
  const action = failure.would === undefined ? undefined : observedAction(request);
  const earlier = action === undefined ? taken : observed(action, taken);
  return refuseOnIntent(judgement, request, { ...denied, failure: earlier, proof: undefined });
}

/** Stages that fail before a contract is bound, wherever their failing was seen. */
const BEFORE_BINDING: readonly Failure["stage"][] = ["contract", "executor", "proof"];

/** Where its judgement ended, also of a request that was only watched. */
const judgedAt = ({ stage, would }: Failure): Failure["stage"] =>
  would === undefined || would.ok ? stage : would.stage;

/** How many contracts are bound. */
const boundOn = ({ state }: Intent): number =>
  [...state.contracts.values()].filter(({ bound }) => bound !== undefined).length;

function denialBatch(
  judgement: Judgement,
  request: VerifiedRequest<IssueRequest>,
  { failure, proof: proved, intent: judged }: Denied,
  intent: Intent,
): Batch {
  const { contract } = request;
  // Beside a contract that was bound since, nobody has judged whether this one may be.
  const isProved =
    !BEFORE_BINDING.includes(judgedAt(failure)) && boundOn(intent) === boundOn(judged);
  const proof = isProved ? proved : undefined;
  const binding = proof === undefined ? [] : bindingDrafts(intent, request, proof, judgement.now);
  const isKnown = binding.length > 0 || isBound(intent, contract);
  const isEnded = contractView(intent.state, contract.digest).ended !== undefined;
  // Only where the contract ends with it: else nothing was justified by it yet.
  const isEnding = isKnown && !isEnded && isEndedBy(failure, contract.claims);
  const drafts = [
    ...binding,
    requestedDraft(request, isKnown, verdictOutcome(failure.refusal)),
    ...(isEnding && failure.stage !== "proof" ? changedDrafts(failure, contract.claims) : []),
    ...denialDrafts(judgement, failure, isEnding ? { endsContract: "REVOKED" } : {}),
    ...(isEnding ? openEnds(intent, contract.digest, failure, judgement.deps.clock()) : []),
  ];
  return {
    drafts: watchedDrafts(failure, withOpening(intent, request, drafts)),
    ...(binding.length > 0 && { keys: bindingKeys(intent.chainId, request.contract) }),
  };
}
