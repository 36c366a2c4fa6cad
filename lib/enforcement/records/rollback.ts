import type { Rollback } from "../../contract/rollback.ts";
import { documentDigest } from "../../encoding/canonical-json.ts";
import type { IntentState } from "../../evidence/intent-state.ts";
import type { Check, RecordDraft, RecordVerdict } from "../../evidence/record.ts";
import type { Outcome } from "../../execution/outcome.ts";
import { untoldRollbacks } from "../../lifecycle/due.ts";
import type { ReadProof } from "../../proof/proof.ts";
import type { Failure } from "../judgement.ts";
import type { BoundedGrant } from "../stages/authority.ts";
import type { VerifiedRequest } from "../verified.ts";
import { aboutIdentity } from "./denial.ts";
import type { Ran } from "./ending.ts";
import { issuedDetail } from "./issuance.ts";
import { plainVerdict } from "./refusal.ts";

/** What was promised was not seen: what the contract has for that, and by what its condition was judged (VAI-49). */
export function triggeredDraft({ when, step, operation }: Rollback, ran: Ran): RecordDraft {
  const { obligations } = ran.outcome;
  const observed = ran.seen?.observed ?? null;
  return {
    type: "RollbackTriggered",
    detail: {
      when,
      unmet: obligations.filter(({ met }) => !met).map(({ name }) => name),
      inputsDigest: documentDigest({ obligations, observed }),
      step,
      operationDigest: documentDigest(operation),
    },
  };
}

/** Authority for the rollback, as an identity of its own. */
export interface UndoGrant {
  readonly grant: BoundedGrant;
  readonly proof: ReadProof;
  readonly checks: readonly Check[];
}

/** Its barrier 1: nobody asked for it, so there is no `IdentityRequested`. `firstSeq`: of the transaction that it is in. */
export function rollbackIssuedDrafts(
  request: Pick<VerifiedRequest, "request" | "executor">,
  { grant, proof, checks }: UndoGrant,
  rollbackOf: string,
  firstSeq: number,
): RecordDraft[] {
  const about = { identity: { id: grant.identityId } };
  return [
    {
      type: "ProofValidated",
      about,
      verdict: { outcome: "ALLOW", checks },
      detail: { proofDigest: proof.digest },
    },
    {
      type: "IdentityIssued",
      about,
      detail: { ...issuedDetail(request, grant, firstSeq), rollbackOf },
    },
  ];
}

/** What became of it, behind its outcome: it worked and was seen to, or people have to look. */
export function rolledBackDrafts(rollbackOf: string, { outcome, seen }: Ran): RecordDraft[] {
  const { status, error } = outcome;
  if (status === "succeeded" && seen?.matches === true) {
    return [{ type: "RollbackCompleted", detail: { rollbackOf, status } }];
  }
  const why =
    status === "succeeded"
      ? "its call succeeded, and the target was not seen to be as it asks"
      : `its call ended as ${status}${error === undefined ? "" : `: ${error.name}`}`;
  return failedDrafts(rollbackOf, status === "failed" ? "failed" : "unknown", why, FAILED);
}

/** It was refused, at whichever of its stages: nothing was called. */
export const refusedRollbackDrafts = (
  rollbackOf: string,
  failure: Pick<Failure, "stage" | "refusal">,
): RecordDraft[] =>
  failedDrafts(rollbackOf, "failed", failure.refusal.detail, plainVerdict(failure));

/** There was no time left for it. */
export const lateRollbackDrafts = (rollbackOf: string): RecordDraft[] =>
  failedDrafts(rollbackOf, "failed", "no time was left for it before the function's end", FAILED);

/**
 * Rollbacks of which nobody will tell what became any more, `now` in milliseconds: whoever had them in hand can no longer
 * be running. It is never run a second time: what it has done nobody knows.
 */
export const lostRollbackDrafts = (state: IntentState, now: number): RecordDraft[] =>
  untoldRollbacks(state)
    .filter(({ at }) => at <= now)
    .flatMap(({ undone, identity }) =>
      failedDrafts(
        undone.identityId,
        identity.startedAt === undefined ? "failed" : "unknown",
        "the function that ran it ended before it told what became of it",
        FAILED,
      ).map((draft) => ({ ...draft, about: aboutIdentity(identity) })),
    );

const FAILED: RecordVerdict = { outcome: "ERROR", stage: "execution" };

const failedDrafts = (
  rollbackOf: string,
  status: Outcome["status"],
  reason: string,
  verdict: RecordVerdict,
): RecordDraft[] => [
  { type: "RollbackFailed", verdict, detail: { rollbackOf, status, reason } },
  {
    type: "EscalationRaised",
    verdict: FAILED,
    detail: {
      reason: `the effect of identity ${rollbackOf} was not seen, and its rollback ${status === "failed" ? "was not done" : "may not have worked"}`,
    },
  },
];
