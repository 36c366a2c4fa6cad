import type { CallDescription, PreRead, ReadBack } from "../../actions/descriptor.ts";
import { toInstant } from "../../clock.ts";
import type { Contract, ReadContract } from "../../contract/contract.ts";
import { documentDigest } from "../../encoding/canonical-json.ts";
import type { Digest } from "../../encoding/digest.ts";
import { present } from "../../encoding/present.ts";
import type {
  EndState,
  EndTrigger,
  RequestEvidence,
  RequestNames,
} from "../../evidence/details.ts";
import type { RecordDraft, RecordVerdict } from "../../evidence/record.ts";
import type { Duty } from "../../execution/duty.ts";
import type { Outcome } from "../../execution/outcome.ts";
import type { IssuedSession } from "../../issuance/session.ts";
import { triggerOf } from "../../lifecycle/trigger-of.ts";
import { failureDomain, type RefusalCode } from "../../refusal.ts";
import type { Failure, Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import type { BoundedGrant, Grant } from "../stages/authority.ts";
import type { Context } from "../stages/context.ts";
import { endedDraft } from "./denial.ts";
import { endOf, fullVerdict, plainVerdict, reasonOf } from "./refusal.ts";

/** What a redemption adds to the start: whose request it was. */
export interface RedeemedBy {
  readonly names: RequestNames;
  readonly request: RequestEvidence;
  readonly executor: string;
}

/** What is about to be called. */
export interface Start {
  readonly grant: BoundedGrant;
  readonly session: IssuedSession;
  readonly call: CallDescription;
  readonly preRead: PreRead;
  readonly context: Context;
  readonly redeemedBy: RedeemedBy | undefined;
}

/** Barrier 2: which session exists, and what exactly will be called under which constraints, before it is called. */
export function startedDrafts(start: Start): RecordDraft[] {
  const { grant, session, call, preRead, context, redeemedBy } = start;
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
        ...(context.length > 0 && { assumptions: context }),
        ...(redeemedBy !== undefined && {
          ...redeemedBy.request,
          executor: redeemedBy.executor,
          enforcement: grant.enforcement,
          redemption: redeemedBy.names,
        }),
      },
    },
  ];
}

/** Which session exists, before it is used or leaves. */
export const mintedDraft = (grant: Grant, session: IssuedSession): RecordDraft => ({
  type: "CredentialsMinted",
  detail: {
    accessKeyId: session.maskedAccessKeyId,
    sessionName: grant.sessionName,
    sessionPolicy: grant.sessionPolicy,
    sessionPolicyDigest: documentDigest(grant.sessionPolicy),
    hardExpiry: session.hardExpiry,
    ...session.cut,
    ...present({ roleArn: grant.governed?.executionRoleArn }),
  },
});

/** What the call came to. */
export interface Ran {
  readonly outcome: Outcome;
  /** What of its obligations is open. */
  readonly duties: readonly Duty[];
  /** Whether the call was made: too late for it, nothing is called. */
  readonly wasCalled: boolean;
  readonly seen: ReadBack | undefined;
  /** Whether its effect has to be seen, though no obligation says so: a rollback that nobody saw to work has not. */
  readonly mustShow?: true;
  /** The assumptions that were seen to hold again immediately before the call (VAI-89). */
  readonly rechecked: Context;
  readonly durationMilliseconds: number;
}

/**
 * Barrier 3: the outcome, the obligations that are settled, and the end of the identity, unless something is still to be
 * shown: then it waits for that, with its outcome on record (PROTOCOL.md §2, "Obligations"). One that is missed ends it.
 * @param triggered what an unmet obligation brings about, told before the end.
 */
export function endDrafts(ran: Ran, triggered: readonly RecordDraft[] = []): RecordDraft[] {
  const { outcome, duties, wasCalled, seen, rechecked, durationMilliseconds } = ran;
  const isShown = ran.mustShow !== true || seen?.matches === true;
  const observed = seen === undefined ? null : documentDigest(seen.observed);
  const again: RecordDraft = {
    type: "ContextRechecked",
    verdict: { outcome: "ALLOW" },
    detail: { assumptions: rechecked },
  };
  const open = new Set(duties.map(({ name }) => name));
  const settled = outcome.obligations.filter(({ name }) => !open.has(name));
  const isMissed = settled.some(({ met }) => !met);
  const isOpen = open.size > 0 && !isMissed;
  return [
    ...(rechecked.length > 0 ? [again] : []),
    {
      type: outcome.status === "succeeded" ? "ExecutionCompleted" : "ExecutionFailed",
      verdict: verdictOf(outcome),
      detail: { outcome, observed, durationMilliseconds, ...(isOpen && { duties }) },
    },
    ...settled.map(({ name, met }) => obligationDraft({ kind: "readBack", name }, met)),
    ...triggered,
    ...(isOpen ? [] : [endDraft(outcome, wasCalled, isShown)]),
  ];
}

/** What was promised was shown, or not in time. */
export const obligationDraft = (
  detail: { readonly kind: string; readonly name: string; readonly attestation?: string },
  met: boolean,
): RecordDraft => ({
  type: met ? "ObligationFulfilled" : "ObligationMissed",
  verdict: met ? { outcome: "ALLOW" } : errorOf("OBLIGATION_UNMET"),
  detail,
});

/** The end of an identity by what its call came to. */
export function endDraft(outcome: Outcome, wasCalled = true, isShown = true): RecordDraft {
  const state = endState(outcome, isShown);
  const isUnmet = state === "INCOMPLETE" && outcome.status === "succeeded";
  return {
    type: state === "INCOMPLETE" ? "ExecutionIncomplete" : "IdentityCompleted",
    verdict: isUnmet ? errorOf("OBLIGATION_UNMET") : verdictOf(outcome),
    detail: { state, trigger: endTrigger(state), used: wasCalled, outcome },
  };
}

const endTrigger = (state: EndState): EndTrigger =>
  state === "COMPLETED" ? "completed" : "executionFailed";

/** A promised read-back that did not show the effect leaves the execution incomplete (VAI-48). */
function endState({ status, obligations }: Outcome, isShown: boolean): EndState {
  if (status === "failed") return "FAILED";
  return status === "succeeded" && isShown && obligations.every(({ met }) => met)
    ? "COMPLETED"
    : "INCOMPLETE";
}

function verdictOf({ status, error }: Outcome): RecordVerdict {
  if (status === "succeeded") return { outcome: "ALLOW" };
  if (status === "unknown") return errorOf("EXECUTION_OUTCOME_UNKNOWN");
  return error?.name === "CREDENTIALS_MISSING"
    ? errorOf("CREDENTIALS_MISSING")
    : { outcome: "ERROR", stage: "execution" };
}

const errorOf = (code: RefusalCode): RecordVerdict => ({
  outcome: "ERROR",
  code,
  stage: "execution",
  failureDomain: failureDomain(code),
});

/**
 * The context is no longer what the authority was justified by (VAI-89, ADV-32), or the policy that decided it is no head
 * any more (VAI-109). A contract may say that it ends with that; a context that could not be read has not been seen to
 * change.
 */
export function changedDrafts(failure: Failure, contract: Contract): RecordDraft[] {
  const { refusal, stage } = failure;
  const isEnding = isEndedBy(failure, contract);
  const verdict = plainVerdict({ stage, refusal });
  const detail = { ...reasonOf(refusal), ...(isEnding && { endsContract: "REVOKED" as const }) };
  if (refusal.code === "CONTEXT_CHANGED") return [{ type: "ContextInvalidated", verdict, detail }];
  return isEnding ? [{ type: "ProofRejected", verdict, detail }] : [];
}

/** Whether a contract says that it ends with what it is refused for. */
export const isEndedBy = ({ refusal: { code } }: Failure, { revokeOn = [] }: Contract): boolean =>
  (code === "CONTEXT_CHANGED" && revokeOn.includes("contextChanged")) ||
  (code === "POLICY_VERSION_STALE" && revokeOn.includes("policyChanged"));

/** With a contract ends whatever is open of it (PROTOCOL.md §10); `but`: the identity whose own end is told besides. */
export function openEnds(
  { state }: Intent,
  contractDigest: Digest,
  { refusal: { code }, stage }: Failure,
  now: number,
  but?: string,
): RecordDraft[] {
  const trigger = stage === "scope" ? "violation" : triggerOf(code);
  return [...state.identities.values()]
    .filter((each) => each.contractDigest === contractDigest && each.end === undefined)
    .filter(({ identityId }) => identityId !== but)
    .map((each) =>
      endedDraft(each, trigger, "IDENTITY_REVOKED", "its contract ended", toInstant(now)),
    );
}

/** Whether records end a contract though nothing was executed. */
export const endsContract = (drafts: readonly RecordDraft[]): boolean =>
  drafts.some(({ detail }) => "endsContract" in detail && detail.endsContract !== undefined);

/** STS failed: no session exists, the use stays spent, and a retry repeats this (VAI-93, VAI-100). */
export const issuanceFailedDrafts = (failure: Failure): RecordDraft[] => [
  {
    type: "IssuanceFailed",
    verdict: { ...plainVerdict(failure), outcome: "ERROR" },
    detail: endOf("FAILED", failure, "executionFailed"),
  },
];

/**
 * The identity was refused between issuance and call, on the chain as it stands: barrier 2 may be durable although its
 * answer was lost, or somebody may have ended the identity while STS was asked. Then its session alone is left to tell of.
 */
export function rejectedDrafts(
  judgement: Judgement,
  grant: Grant,
  session: IssuedSession,
  failure: Failure,
  { claims, digest }: ReadContract,
  intent: Intent,
): RecordDraft[] {
  const { identityId } = grant;
  const known = intent.state.identities.get(identityId);
  if (known?.end !== undefined) return unusedDrafts(judgement, grant, session, failure, intent);
  const { code } = failure.refusal;
  const isExpiry = triggerOf(code) === "windowEnded";
  const end: RecordDraft = isExpiry
    ? {
        type: "IdentityExpired",
        verdict: plainVerdict(failure),
        detail: endOf("EXPIRED", failure),
      }
    : revokedDraft(failure);
  const changed = changedDrafts(failure, claims);
  return [
    ...(known?.hardExpiry === undefined ? [mintedDraft(grant, session)] : []),
    ...changed,
    {
      type: "ExecutionRejected",
      verdict: fullVerdict(judgement, failure),
      detail: reasonOf(failure.refusal),
    },
    end,
    ...(endsContract(changed)
      ? openEnds(intent, digest, failure, judgement.deps.clock(), identityId)
      : []),
  ];
}

/** A session of an identity that had ended when it came: it is told of once, by whichever try. */
function unusedDrafts(
  judgement: Judgement,
  { identityId }: Grant,
  session: IssuedSession,
  failure: Failure,
  { records }: Intent,
): RecordDraft[] {
  const isTold = records.some(
    ({ record: { event, identity } }) =>
      event.type === "ExecutionRejected" && identity?.id === identityId,
  );
  if (isTold) return [];
  const detail = { ...reasonOf(failure.refusal), unusedAccessKeyId: session.maskedAccessKeyId };
  return [{ type: "ExecutionRejected", verdict: fullVerdict(judgement, failure), detail }];
}

/** The identity ends before its end. */
export const revokedDraft = (
  failure: Failure,
  trigger = triggerOf(failure.refusal.code),
): RecordDraft => ({
  type: "IdentityRevoked",
  verdict: plainVerdict(failure),
  detail: endOf("REVOKED", failure, trigger),
});
