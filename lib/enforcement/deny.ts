import { readIssueRequest } from "../continuity/request.ts";
import { contractView } from "../evidence/fold.ts";
import type { RecordDraft } from "../evidence/record.ts";
import { isRefusal, type Refusal } from "../refusal.ts";
import type { Admitted } from "./admit.ts";
import type { RefusedAnswer } from "./answer.ts";
import type { Batch } from "./append.ts";
import { CHECK_NAMES } from "./check-names.ts";
import type { Course } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import { bindingDrafts, bindingKeys, isBound, requestedDraft, withOpening } from "./drafts.ts";
import { invalidatedDrafts } from "./end-drafts.ts";
import { type Intent, judgeOwnership } from "./intent.ts";
import { takenContractId } from "./judge-proof.ts";
import {
  answerRefusal,
  type Denial,
  denialDrafts,
  recordOnIntent,
  recordUnattributed,
} from "./refusals.ts";
import { requestEvidence } from "./request-evidence.ts";
import type { Trial } from "./trial.ts";
import { outcomeOf } from "./verdict-outcome.ts";

/** A refusal before the executor is verified: on a chain that accuses nobody. */
export function answerUnattributed(
  deps: IssueDeps,
  course: Course,
  refusal: Refusal,
  event: unknown,
): Promise<RefusedAnswer> {
  const denial: Denial = { refusal, stage: course.stage, checkNames: CHECK_NAMES };
  const requested: RecordDraft = {
    type: "IdentityRequested",
    verdict: { outcome: outcomeOf(refusal) },
    detail: { eventDigest: course.eventDigest, ...verifiedParts(course, event) },
  };
  const drafts = [requested, ...denialDrafts(course, denial)];
  return answerRefusal(course, denial, () => recordUnattributed(deps, course, drafts));
}

/** What is verified of an event may stand in evidence; the rest is only its digest (VAI-03). */
function verifiedParts({ about }: Course, event: unknown): Record<string, unknown> {
  const { request, contract } = (event ?? {}) as Record<string, unknown>;
  const read = about.request === undefined ? undefined : readIssueRequest(request);
  return {
    ...(read !== undefined && !isRefusal(read) && requestEvidence(read)),
    ...(about.contract !== undefined && contract !== undefined && { contract }),
  };
}

/**
 * Records a verified executor's refusal where it belongs: nothing is appended to a chain that does not hold, and
 * nobody but the issuer of an intent writes on its chain (wire.md §5).
 */
export function deny(
  deps: IssueDeps,
  course: Course,
  admitted: Admitted,
  trial: Trial,
  refusal: Refusal,
): Promise<RefusedAnswer> {
  if (refusal.code === "EVIDENCE_CHAIN_BROKEN") {
    course.enter("executor");
    course.note("evidenceChain", refusal);
    return answerUnattributed(deps, course, refusal, admitted.raw);
  }
  return judgeOwnership(trial.intent, admitted.asked.contract.claims) === undefined
    ? answerOnIntent(deps, course, admitted, trial, refusal)
    : answerUnattributed(deps, course, refusal, admitted.raw);
}

/** A refusal on the intent's chain. Once stage `proof` has passed the contract is bound, whatever came later. */
async function answerOnIntent(
  deps: IssueDeps,
  course: Course,
  admitted: Admitted,
  trial: Trial,
  refusal: Refusal,
): Promise<RefusedAnswer> {
  const { asked } = admitted;
  const denial: Denial = { refusal, stage: course.stage, checkNames: CHECK_NAMES };
  const isProved = denial.stage !== "proof" && denial.stage !== "executor";
  const proof = isProved ? trial.proof : undefined;
  const batchOf = (intent: Intent): Batch => {
    const binding = proof === undefined ? [] : bindingDrafts(intent, asked, proof);
    const { claims, digest } = asked.contract;
    const isEnded = contractView(intent.state, digest).ended !== undefined;
    const invalidated = isEnded ? [] : invalidatedDrafts(refusal, denial.stage, claims);
    const drafts = [
      ...binding,
      requestedDraft(
        asked,
        binding.length > 0 || isBound(intent, asked.contract),
        outcomeOf(denial.refusal),
      ),
      // Only where the contract ends with its context: else nothing was justified by it yet.
      ...(claims.revokeOn?.includes("contextChanged") === true ? invalidated : []),
      ...denialDrafts(course, denial),
    ];
    return {
      drafts: withOpening(intent, asked, drafts),
      ...(binding.length > 0 && { keys: bindingKeys(intent, asked) }),
    };
  };
  let taken: Refusal | undefined;
  const onTaken = (): Refusal => {
    taken = takenContractId();
    return taken;
  };
  const answer = await answerRefusal(course, denial, () =>
    recordOnIntent(deps, course, trial.intent, batchOf, onTaken),
  );
  if (taken === undefined) return answer;
  // Only the binding showed that the contract's id is another's; that is the earlier failing check, and binds nothing.
  course.enter("proof");
  course.note("uniqueness", taken);
  return answerOnIntent(deps, course, admitted, trial, taken);
}
