import type { Details } from "./details.ts";

/** Refusals, failures and violations are what the negative index lists (VAI-92). */
type Kind = "plain" | "negative";

/** Event types of the ledger, appendix E and PROTOCOL.md §11 that this version writes; what each says: {@link Details}. */
const EVENTS = {
  IntentSubmitted: "plain",
  ContextEvaluated: "plain",
  ContextRechecked: "plain",
  ContextInvalidated: "negative",
  PolicyEvaluated: "plain",
  ContractBound: "plain",
  DecisionSuperseded: "plain",
  AttestationRecorded: "plain",
  ApprovalRecorded: "plain",
  GateOpened: "plain",
  BreakGlassInvoked: "plain",
  BreakGlassReviewOverdue: "negative",
  BreakGlassReviewed: "plain",
  IdentityRequested: "plain",
  DelegationRequested: "plain",
  DelegationGranted: "plain",
  DelegationRejected: "negative",
  DelegationRevoked: "plain",
  ProofValidated: "plain",
  ProofRejected: "negative",
  ViolationDetected: "negative",
  IdentityIssued: "plain",
  IdentityDenied: "negative",
  RetryDeduplicated: "plain",
  RefusalsCounted: "negative",
  IssuanceFailed: "negative",
  CredentialsMinted: "plain",
  ExecutionStarted: "plain",
  ExecutionRejected: "negative",
  ExecutionCompleted: "plain",
  ExecutionFailed: "negative",
  ExecutionIncomplete: "negative",
  ObligationFulfilled: "plain",
  ObligationMissed: "negative",
  RollbackTriggered: "plain",
  RollbackCompleted: "plain",
  RollbackFailed: "negative",
  IdentityCompleted: "plain",
  IdentityExpired: "negative",
  IdentityRevoked: "negative",
  RevocationRequested: "plain",
  RevocationAcknowledged: "plain",
  RevocationFailed: "negative",
  EscalationRaised: "negative",
  EvidenceEmissionFailed: "negative",
  PlaneHalted: "negative",
  AgentHalted: "negative",
  KeyRevoked: "negative",
  RootKeyRevoked: "negative",
  PlaneResumed: "plain",
  AgentReinstated: "plain",
  KeyReinstated: "plain",
  Quarantined: "negative",
  QuarantineLifted: "plain",
  TrustPolicyPublished: "plain",
} as const satisfies Record<keyof Details, Kind>;

export type EventType = keyof typeof EVENTS;
export const EVENT_TYPES = Object.keys(EVENTS) as readonly EventType[];

/** The records that end an identity; each has exactly one of them (VAI-07, PROTOCOL.md §5). */
const TERMINAL: ReadonlySet<EventType> = new Set([
  "IdentityCompleted",
  "ExecutionIncomplete",
  "IdentityExpired",
  "IdentityRevoked",
  "IssuanceFailed",
]);

export const isTerminal = (type: EventType): boolean => TERMINAL.has(type);

export const isNegative = (type: EventType): boolean => EVENTS[type] === "negative";
