import type { RecordDraft } from "../../evidence/record.ts";
import type { RefusedAnswer } from "../answer.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { denialDrafts, verdictOutcome } from "../records/refusal.ts";
import { answerRefusal, recordUnattributed } from "./flood.ts";

/** A refused command: no signer of it is verified yet, so it stands on a chain that accuses nobody. */
export function refuseCommand(
  judgement: Judgement<PlaneDeps>,
  failure: Failure,
): Promise<RefusedAnswer> {
  const requested: RecordDraft = {
    type: "IdentityRequested",
    verdict: { outcome: verdictOutcome(failure.refusal) },
    detail: { eventDigest: judgement.eventDigest },
  };
  const drafts = [requested, ...denialDrafts(judgement, failure)];
  return answerRefusal(failure, () => recordUnattributed(judgement, drafts));
}
