import type { Digest } from "../encoding/digest.ts";
import type { EventType } from "../evidence/events.ts";
import type { EvidenceRecord } from "../evidence/record.ts";
import type { ReadRecord } from "./read-record.ts";

/** The ten members of the evidence of an intent (DTF-19): I, C, P, JP, A, Γ, D, EI, X, O. */
const MEMBERS = [
  ...(["intent", "context", "policy", "proof", "attestations"] as const),
  ...(["governance", "decision", "identity", "execution", "outcome"] as const),
] as const;
type Member = (typeof MEMBERS)[number];

/** The four appends of a lifecycle (DTF-20), each of the members that it closes. */
const GROUPS = {
  proof: ["intent", "context", "policy", "proof"],
  attestation: ["attestations", "governance", "decision"],
  issuance: ["identity"],
  outcome: ["execution", "outcome"],
} as const satisfies Readonly<Record<string, readonly Member[]>>;
type Group = keyof typeof GROUPS;

/** What each type of record is evidence of; one that is new has to be put somewhere. */
const MEMBER_OF = {
  ...{ IntentSubmitted: "intent" },
  ...{ ContextEvaluated: "context", ContextRechecked: "context", ContextInvalidated: "context" },
  ...{ PolicyEvaluated: "policy" },
  ...{ ContractBound: "proof", ProofValidated: "proof", ProofRejected: "proof" },
  ...{ AttestationRecorded: "attestations", ApprovalRecorded: "attestations" },
  ...{ GateOpened: "attestations", BreakGlassInvoked: "attestations" },
  ...{ BreakGlassReviewed: "governance", BreakGlassReviewOverdue: "governance" },
  ...{ TrustPolicyPublished: "governance", PlaneHalted: "governance", PlaneResumed: "governance" },
  ...{ AgentHalted: "governance", AgentReinstated: "governance", KeyRevoked: "governance" },
  ...{ KeyReinstated: "governance", RootKeyRevoked: "governance" },
  ...{ Quarantined: "governance", QuarantineLifted: "governance" },
  ...{ IdentityRequested: "decision", IdentityDenied: "decision", RefusalsCounted: "decision" },
  ...{ RetryDeduplicated: "decision", DecisionSuperseded: "decision" },
  ...{ ViolationDetected: "decision", EscalationRaised: "decision" },
  ...{ DelegationRequested: "decision", DelegationRejected: "decision" },
  ...{ DelegationGranted: "identity", DelegationRevoked: "identity" },
  ...{ IdentityIssued: "identity", IssuanceFailed: "identity", CredentialsMinted: "identity" },
  ...{ RevocationRequested: "identity", RevocationAcknowledged: "identity" },
  ...{ RevocationFailed: "identity" },
  ...{ ExecutionStarted: "execution", ExecutionRejected: "execution" },
  ...{ RollbackTriggered: "execution", EvidenceEmissionFailed: "execution" },
  ...{ ExecutionCompleted: "outcome", ExecutionFailed: "outcome", ExecutionIncomplete: "outcome" },
  ...{ ObligationFulfilled: "outcome", ObligationMissed: "outcome" },
  ...{ RollbackCompleted: "outcome", RollbackFailed: "outcome" },
  ...{ IdentityCompleted: "outcome", IdentityExpired: "outcome", IdentityRevoked: "outcome" },
} as const satisfies Readonly<Record<EventType, Member>>;

/** A record of a chain, by its number and hash. */
interface Reference {
  readonly seq: number;
  readonly type: string;
  readonly hash: Digest;
}

/** The evidence of one intent in ten members, and the same in four groups; every record of its chain is in one of each. */
export interface EvidenceTuple {
  readonly members: Readonly<Record<Member, readonly Reference[]>>;
  /** Under which trust policies it was written, in their order: they hold thresholds, vetoes and classes. */
  readonly trustPolicies: readonly NonNullable<EvidenceRecord["trustPolicy"]>[];
  readonly groups: Readonly<Record<Group, readonly Reference[]>>;
}

/** @param records of one chain, in their order. A type that this version does not know is evidence of the decision. */
export function evidenceTuple(records: readonly ReadRecord[]): EvidenceTuple {
  const of = (wanted: readonly Member[]): Reference[] =>
    records
      .filter(({ record: { event } }) => wanted.includes(MEMBER_OF[event.type] ?? "decision"))
      .map(({ record: { chain, event }, hash }) => ({ seq: chain.seq, type: event.type, hash }));
  const byDigest = new Map(
    records.flatMap(({ record: { trustPolicy } }) =>
      trustPolicy === undefined ? [] : [[trustPolicy.digest, trustPolicy] as const],
    ),
  );
  return {
    members: mapped(MEMBERS, (member) => of([member])),
    trustPolicies: [...byDigest.values()],
    groups: mapped(Object.keys(GROUPS) as Group[], (group) => of(GROUPS[group])),
  };
}

const mapped = <Name extends string, T>(names: readonly Name[], of: (name: Name) => T) =>
  Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, T>;
