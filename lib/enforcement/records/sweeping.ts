import type { Digest } from "../../encoding/digest.ts";
import type { EndDetail, Reconciled } from "../../evidence/details.ts";
import type { IdentityView } from "../../evidence/intent-state.ts";
import type { RecordDraft, RecordVerdict } from "../../evidence/record.ts";
import type { Overdue } from "../../lifecycle/due.ts";
import { failureDomain, type RefusalCode } from "../../refusal.ts";
import { aboutIdentity, usedBefore } from "./denial.ts";

/** What ends an identity that nobody else has ended (PROTOCOL.md §5, "swept"). */
export function sweptDrafts(
  identity: IdentityView,
  what: Exclude<Overdue, "dutyOpen">,
  reconciled: Reconciled,
): RecordDraft[] {
  const about = aboutIdentity(identity);
  const used = usedBefore(identity);
  switch (what) {
    case "windowEnded":
      return [
        {
          type: "IdentityExpired",
          about,
          verdict: verdictOf("DENY", "IDENTITY_EXPIRED"),
          detail: refusedEnd("EXPIRED", "windowEnded", used, "its window is over"),
        },
      ];
    case "issuanceLost":
      return [
        {
          type: "IssuanceFailed",
          about,
          verdict: verdictOf("ERROR", "INTERNAL_FAULT"),
          detail: {
            ...{ state: "FAILED", trigger: "executionFailed", used: false },
            refusal: {
              code: "INTERNAL_FAULT",
              stage: "issuance",
              detail: "the function that issued it ended before it was used",
            },
          },
        },
      ];
    case "executionLost":
      return [
        {
          type: "EvidenceEmissionFailed",
          about,
          verdict: verdictOf("ERROR", "EXECUTION_OUTCOME_UNKNOWN"),
          detail: { reason: "the function that ran it ended before its outcome was recorded" },
        },
        {
          type: "ExecutionIncomplete",
          about,
          verdict: verdictOf("ERROR", "EXECUTION_OUTCOME_UNKNOWN"),
          detail: { state: "INCOMPLETE", trigger: "evidenceFailed", used: true, reconciled },
        },
        {
          type: "EscalationRaised",
          about,
          verdict: verdictOf("ERROR", "EXECUTION_OUTCOME_UNKNOWN"),
          detail: {
            reason: `whether the call was made is not known; the target ${SEEN[reconciled]}`,
          },
        },
      ];
  }
}

const SEEN: Readonly<Record<Reconciled, string>> = {
  matches: "looks as the call would have left it",
  differs: "does not look as the call would have left it",
  unseen: "could not be read",
};

const verdictOf = (outcome: RecordVerdict["outcome"], code: RefusalCode): RecordVerdict => ({
  ...{ outcome, code, stage: "execution" },
  failureDomain: failureDomain(code),
});

const refusedEnd = (
  state: EndDetail["state"],
  trigger: EndDetail["trigger"],
  used: EndDetail["used"],
  detail: string,
): EndDetail => ({
  ...{ state, trigger, used },
  refusal: { code: "IDENTITY_EXPIRED", stage: "state", detail },
});

/** A bound contract ends with the policy that decided it, because it says so. */
export const policyChangedDraft = (contract: {
  readonly id: string;
  readonly digest: Digest;
}): RecordDraft => ({
  type: "ProofRejected",
  about: { contract },
  verdict: {
    outcome: "DENY",
    code: "POLICY_VERSION_STALE",
    stage: "proof",
    failureDomain: failureDomain("POLICY_VERSION_STALE"),
  },
  detail: { reason: "the policy of its decision is no head any more", endsContract: "REVOKED" },
});

/** A mark that nobody signed, or that cannot be read: it ends what it names, and accuses nobody. */
export const unsignedMarkDraft = (
  contract: { readonly id: string; readonly digest: Digest } | undefined,
): RecordDraft => ({
  type: "EscalationRaised",
  accusesNobody: true,
  verdict: { outcome: "ERROR" },
  ...(contract !== undefined && { about: { contract } }),
  detail: {
    basis: "unsigned mark",
    reason: "somebody who writes State without a key of the plane marked this intent",
    ...(contract !== undefined && { endsContract: "REVOKED" }),
  },
});
