import type { CallDescription, PreRead, ReadBack } from "../actions/descriptor.ts";
import type { Contract } from "../contract/contract.ts";
import { documentDigest } from "../encoding/canonical-json.ts";
import type {
  ContractEnding,
  CredentialsMintedDetail,
  EndDetail,
  EndState,
} from "../evidence/details.ts";
import type { IdentityView } from "../evidence/fold.ts";
import type { RecordDraft, Verdict } from "../evidence/record.ts";
import type { Outcome } from "../execution/outcome.ts";
import type { IssuedSession } from "../issuance/session.ts";
import { failureDomain, type Refusal, type Stage } from "../refusal.ts";
import type { BoundedGrant, Grant } from "./grant.ts";
import type { Context } from "./judge-context.ts";
import type { Redemption } from "./redemption.ts";
import { outcomeOf } from "./verdict-outcome.ts";

/** Barrier 2: which session exists, and what exactly will be called under which constraints, before it is called. */
export function startedDrafts(
  grant: BoundedGrant,
  session: IssuedSession,
  call: CallDescription,
  preRead: PreRead,
  context: Context,
  redemption: Redemption | undefined,
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
        ...(context.length > 0 && { assumptions: context }),
        ...(redemption !== undefined && {
          ...redemption.evidence,
          redemption: redemption.names,
        }),
      },
    },
  ];
}

/** Which session exists, before it is used or leaves. */
export function mintedDraft(grant: Grant, session: IssuedSession): RecordDraft {
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
  rechecked: Context,
  durationMilliseconds: number,
): RecordDraft[] {
  const { status } = outcome;
  const observed = seen === undefined ? null : documentDigest(seen.observed);
  const detail = { outcome, observed, durationMilliseconds };
  const state = endState(outcome);
  const end: EndDetail = { state, outcome };
  return [
    ...recheckedDrafts(rechecked),
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
      verdict:
        state === "INCOMPLETE" && status === "succeeded"
          ? negative("OBLIGATION_UNMET", "execution", "ERROR")
          : verdictOf(outcome),
      detail: { ...end },
    },
  ];
}

/** The assumptions that were seen to hold again immediately before the call (VAI-89). */
const recheckedDrafts = (rechecked: Context): RecordDraft[] =>
  rechecked.length === 0
    ? []
    : [
        {
          type: "ContextRechecked",
          verdict: { outcome: "ALLOW" },
          detail: { assumptions: rechecked },
        },
      ];

/**
 * The context is no longer what the authority was justified by (VAI-89, ADV-32). A contract may say that it ends
 * with that; a context that could not be read has not been seen to change.
 */
export function invalidatedDrafts(
  refusal: Refusal,
  stage: Stage,
  { revokeOn = [] }: Contract,
): RecordDraft[] {
  if (refusal.code !== "CONTEXT_CHANGED") return [];
  const ends: ContractEnding = revokeOn.includes("contextChanged")
    ? { endsContract: "REVOKED" }
    : {};
  return [
    {
      type: "ContextInvalidated",
      verdict: negative(refusal.code, stage, "DENY"),
      detail: { reason: refusal.detail, pointer: refusal.pointer, ...ends },
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
  { refusal, stage }: { readonly refusal: Refusal; readonly stage: Stage },
  contract: Contract,
): RecordDraft[] {
  const isExpiry = refusal.code === "IDENTITY_EXPIRED" || refusal.code === "CONTRACT_EXPIRED";
  const end = isExpiry
    ? endedByRefusal("IdentityExpired", "EXPIRED", refusal, stage, outcomeOf(refusal))
    : revokedDraft(refusal, stage);
  return [
    ...(known?.hardExpiry === undefined ? [mintedDraft(grant, session)] : []),
    ...invalidatedDrafts(refusal, stage, contract),
    {
      type: "ExecutionRejected",
      verdict: negative(refusal.code, stage, outcomeOf(refusal)),
      detail: { reason: refusal.detail },
    },
    end,
  ];
}

/** The identity ends before its end. */
export const revokedDraft = (refusal: Refusal, stage: Stage): RecordDraft =>
  endedByRefusal("IdentityRevoked", "REVOKED", refusal, stage, outcomeOf(refusal));

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
