import type { CallDescription, PreRead, ReadBack } from "../actions/descriptor.ts";
import { documentDigest } from "../encoding/canonical-json.ts";
import type { CredentialsMintedDetail, EndDetail, EndState } from "../evidence/details.ts";
import type { IdentityView } from "../evidence/fold.ts";
import type { RecordDraft, Verdict } from "../evidence/statement.ts";
import type { Outcome } from "../execution/outcome.ts";
import type { IssuedSession } from "../issuance/session.ts";
import { failureDomain, type Refusal, type Stage } from "../refusal.ts";
import type { Grant } from "./grant.ts";

/** Barrier 2: which session exists, and what exactly will be called under which constraints, before it is called. */
export function startedDrafts(
  grant: Grant,
  session: IssuedSession,
  call: CallDescription,
  preRead: PreRead,
): RecordDraft[] {
  return [
    mintedDraft(grant, session),
    {
      type: "ExecutionStarted",
      detail: {
        adapter: grant.operation.action,
        operationDigest: documentDigest(grant.operation),
        call,
        preRead: Object.keys(preRead.facts).length === 0 ? null : documentDigest(preRead.facts),
        constraints: grant.step.parameters,
        enforcement: grant.enforcement,
      },
    },
  ];
}

function mintedDraft(grant: Grant, session: IssuedSession): RecordDraft {
  const detail: CredentialsMintedDetail = {
    accessKeyId: session.maskedAccessKeyId,
    sessionPolicy: grant.sessionPolicy,
    sessionPolicyDigest: documentDigest(grant.sessionPolicy),
    hardExpiry: session.hardExpiry,
  };
  return { type: "CredentialsMinted", detail: { ...detail, sessionName: grant.sessionName } };
}

/** Barrier 3: outcome, obligations, end of the identity. */
export function endDrafts(
  outcome: Outcome,
  seen: ReadBack | undefined,
  durationMilliseconds: number,
): RecordDraft[] {
  const { status } = outcome;
  const observed = seen === undefined ? null : documentDigest(seen.observed);
  const detail = { outcome, observed, durationMilliseconds };
  const state = endState(outcome);
  const end: EndDetail = { state, outcome };
  return [
    {
      type: status === "succeeded" ? "ExecutionCompleted" : "ExecutionFailed",
      verdict: verdictOf(outcome),
      detail,
    },
    ...outcome.obligations.map(
      ({ name, met }): RecordDraft => ({
        type: met ? "ObligationFulfilled" : "ObligationMissed",
        verdict: met ? { outcome: "ALLOW" } : negative("OBLIGATION_UNMET", "execution", "ERROR"),
        detail: { kind: "readBack", name },
      }),
    ),
    {
      type: state === "INCOMPLETE" ? "ExecutionIncomplete" : "IdentityCompleted",
      verdict: verdictOf(outcome),
      detail: { ...end },
    },
  ];
}

/** A promised read-back that did not show the effect leaves the execution incomplete (VAI-48). */
function endState({ status, obligations }: Outcome): EndState {
  if (status === "failed") return "FAILED";
  return status === "succeeded" && obligations.every(({ met }) => met) ? "COMPLETED" : "INCOMPLETE";
}

function verdictOf({ status, error }: Outcome): Verdict {
  if (status === "succeeded") return { outcome: "ALLOW" };
  if (status === "unknown") return negative("EXECUTION_OUTCOME_UNKNOWN", "execution", "ERROR");
  return error?.name === "CREDENTIALS_MISSING"
    ? negative("CREDENTIALS_MISSING", "execution", "ERROR")
    : { outcome: "ERROR", stage: "execution" };
}

const negative = (code: Refusal["code"], stage: Stage, outcome: Verdict["outcome"]): Verdict => ({
  outcome,
  code,
  stage,
  failureDomain: failureDomain(code),
});

/** STS failed: no session exists, the use stays spent, and a retry repeats this (VAI-93, VAI-100). */
export const issuanceFailedDrafts = (refusal: Refusal): RecordDraft[] => [
  endedByRefusal("IssuanceFailed", "FAILED", refusal, "issuance", "ERROR"),
];

/**
 * The identity was refused between issuance and call. `known`: what the chain says of it, because barrier 2 may be
 * durable although its answer was lost.
 */
export function rejectedDrafts(
  grant: Grant,
  session: IssuedSession,
  known: IdentityView | undefined,
  refusal: Refusal,
  stage: Stage,
): RecordDraft[] {
  const isExpiry = refusal.code === "IDENTITY_EXPIRED" || refusal.code === "CONTRACT_EXPIRED";
  const end = isExpiry
    ? endedByRefusal("IdentityExpired", "EXPIRED", refusal, stage, "DENY")
    : endedByRefusal("IdentityRevoked", "REVOKED", refusal, stage, "DENY");
  return [
    ...(known?.hardExpiry === undefined ? [mintedDraft(grant, session)] : []),
    {
      type: "ExecutionRejected",
      verdict: negative(refusal.code, stage, "DENY"),
      detail: { reason: refusal.detail },
    },
    end,
  ];
}

function endedByRefusal(
  type: RecordDraft["type"],
  state: EndState,
  { code, detail, pointer }: Refusal,
  stage: Stage,
  outcome: Verdict["outcome"],
): RecordDraft {
  const refusal = { code, stage, detail, ...(pointer !== undefined && { pointer }) };
  const end: EndDetail = { state, refusal };
  return { type, verdict: negative(code, stage, outcome), detail: { ...end } };
}
