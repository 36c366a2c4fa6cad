import type { Digest } from "../encoding/digest.ts";
import type { FailureDomain, RefusalCode, Stage } from "../refusal.ts";

/** Event types of requirements.md appendix E and wire.md §11 that this version writes. */
export const EVENT_TYPES = [
  "IntentSubmitted",
  "ContextEvaluated",
  "ContextRechecked",
  "ContextInvalidated",
  "PolicyEvaluated",
  "ContractBound",
  "IdentityRequested",
  "ProofValidated",
  "ProofRejected",
  "ViolationDetected",
  "IdentityIssued",
  "IdentityDenied",
  "RetryDeduplicated",
  "RefusalsCounted",
  "IssuanceFailed",
  "CredentialsMinted",
  "ExecutionStarted",
  "ExecutionRejected",
  "ExecutionCompleted",
  "ExecutionFailed",
  "ExecutionIncomplete",
  "ObligationFulfilled",
  "ObligationMissed",
  "IdentityCompleted",
  "IdentityExpired",
  "IdentityRevoked",
  "TrustPolicyPublished",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export const RECORD_TYPE = "urn:vai:record:v1";

/** One check of a request by name; later ones than the first failing are `notRun` (VAI-04). */
export interface Check {
  readonly name: string;
  readonly result: "pass" | "fail" | "notRun";
}

export interface Verdict {
  readonly outcome: "ALLOW" | "DENY" | "ERROR";
  readonly code?: RefusalCode;
  readonly stage?: Stage;
  readonly failureDomain?: FailureDomain;
  readonly checks?: readonly Check[];
}

/**
 * What a record may say about a request. Members appear only once they are verified, so that an unverified
 * event accuses nobody (wire.md §5).
 */
export interface About {
  readonly trustPolicy?: { readonly version: number; readonly digest: Digest };
  readonly intentId?: string;
  readonly contract?: { readonly id: string; readonly digest: Digest };
  readonly identity?: { readonly id: string };
  readonly actor?: { readonly id?: string; readonly kind?: string; readonly jkt?: string };
  readonly request?: { readonly jti: string; readonly digest: Digest };
}

/** Which code wrote a record, where. */
export interface Source {
  readonly component: string;
  readonly version: string;
  readonly account: string;
  readonly region: string;
  readonly requestId: string;
}

export type Detail = Readonly<Record<string, unknown>>;

/** A record before it has a place in a chain. `about` adds to what the whole transaction is about. */
export interface RecordDraft {
  readonly type: EventType;
  readonly verdict?: Verdict;
  readonly about?: About;
  readonly detail?: Detail;
  /** Says nothing of who asked: for what no signature of theirs stands behind. */
  readonly accusesNobody?: true;
}

/** One record (wire.md §5): plain JSON. Its JCS bytes are what is stored, and their SHA-256 is its `recordHash`. */
export interface EvidenceRecord extends About {
  readonly type: typeof RECORD_TYPE;
  readonly plane: string;
  readonly chain: { readonly id: string; readonly seq: number; readonly prev: Digest };
  readonly event: { readonly id: string; readonly type: EventType; readonly at: string };
  readonly source: Source;
  /** Of the event's JCS bytes; only where no contract is named. */
  readonly eventDigest?: Digest;
  readonly decision: Verdict;
  readonly detail: Detail;
}

const NEGATIVE: ReadonlySet<EventType> = new Set([
  "ContextInvalidated",
  "ProofRejected",
  "ViolationDetected",
  "IdentityDenied",
  "RefusalsCounted",
  "IssuanceFailed",
  "ExecutionRejected",
  "ExecutionFailed",
  "ExecutionIncomplete",
  "ObligationMissed",
  "IdentityExpired",
  "IdentityRevoked",
]);

/** Refusals, failures and violations: what the negative index lists (VAI-92). */
export const isNegative = (type: EventType): boolean => NEGATIVE.has(type);
