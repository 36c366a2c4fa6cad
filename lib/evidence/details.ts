import type { CallDescription } from "../actions/descriptor.ts";
import type { Rollback } from "../contract/rollback.ts";
import type { Digest } from "../encoding/digest.ts";
import type { Duty } from "../execution/duty.ts";
import type { Outcome } from "../execution/outcome.ts";
import type { RefusalCode, StageName } from "../refusal.ts";
import type { Unlock } from "../unlock.ts";

/** In the first record of an intent chain: whose the intent is, for ever. */
export interface Opens {
  readonly issuer: string;
  readonly intentDigest: Digest;
}

/** The proof's parts are in the records before it, and named here by digest: each stands once in a chain. */
export interface ContractBoundDetail extends Unenforced {
  readonly issuer: string;
  /** The contract JWS. */
  readonly contract: string;
  readonly proofDigest: Digest;
  readonly intentDigest: Digest;
  readonly contextDigest: Digest;
  readonly decisionDigest: Digest;
  /** What evaluators and approvers had said when it was bound, as compact JWS; absent: nothing. */
  readonly attestations?: readonly string[];
  readonly approvals?: readonly string[];
}

/** An evaluator's word on a contract that is bound, as a compact JWS. */
interface AttestationRecordedDetail {
  readonly attestation: string;
  readonly by: string;
  readonly verdict: "approve" | "reject" | "abstain";
}

/** A person's yes to a contract that is bound, or to the gate of one of its steps, as a compact JWS. */
interface ApprovalRecordedDetail {
  readonly approval: string;
  readonly by: string;
  readonly role: string;
  readonly step?: string;
}

/** A later decision on the same intent, as a compact JWS: every contract under an earlier one has ended. */
interface DecisionSupersededDetail {
  readonly decision: string;
  readonly decisionDigest: Digest;
  readonly by: string;
  /** Seconds: decisions of before are superseded. */
  readonly iat: number;
}

/** Authority by fewer words than its class asks for: why, by whom, and until when people are to look at it (VAI-125). */
export interface BreakGlassInvokedDetail {
  readonly policy: string;
  /** Whose place it takes: how many uses before it are reviewed. */
  readonly use: number;
  readonly incident: string;
  readonly purpose: string;
  readonly approvedBy: readonly { readonly name: string; readonly role: string }[];
  /** RFC 3339. */
  readonly reviewDue: string;
}

/** The parts of a bound proof, to be read and verified again at each use. */
export interface BoundProof {
  readonly intent: unknown;
  readonly context: unknown;
  readonly decision: string;
}

/** How a constraint is enforced: pointers into the contract (PROTOCOL.md §4). */
export interface Enforced {
  readonly constraint: string;
  readonly enforcedBy: readonly ("trustPlane" | "iam" | "adapter")[];
}

/** What of a context assumption was seen when: never the value itself, which may be anybody's data (PROTOCOL.md §5). */
export interface Observation {
  readonly name: string;
  readonly digest: Digest;
  /** RFC 3339. */
  readonly observedAt: string;
}

/** A request in a detail: the JWS, or what may stand there instead of it (PROTOCOL.md §5). */
export type RequestEvidence =
  | { readonly request: string }
  | { readonly requestDigest: Digest; readonly requestClaims: object };

/** Why something was refused: prose, and a pointer into what was asked. */
export interface Reason {
  readonly reason: string;
  readonly pointer?: string;
}

/** What enforcing would have answered a request that was only watched (PROTOCOL.md §4). */
export type Would =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: RefusalCode;
      readonly stage: StageName;
      readonly detail: string;
      readonly pointer?: string;
      readonly unlock?: readonly Unlock[];
    };

/** In each record of a request that was only watched. */
interface Unenforced {
  readonly enforced?: false;
}

/** In the record of its refusal. */
export interface Watched extends Unenforced {
  readonly would?: Would;
}

/** Which request used a grant up, so that its retry is known again. */
export interface RequestNames {
  readonly requestJti: string;
  readonly idempotencyKey: string;
  readonly contentDigest: Digest;
}

export interface IdentityIssuedDetail extends RequestNames {
  readonly step: string;
  readonly delivery: string;
  readonly executor: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly scope: { readonly actions: readonly string[]; readonly resources: readonly string[] };
  readonly constraints: Readonly<Record<string, unknown>>;
  readonly enforcement: readonly Enforced[];
  /** Sums that this grant reserves, per totalled parameter; never given back. */
  readonly totals: Readonly<Record<string, number>>;
  /** Number of the first record that this request wrote. */
  readonly firstSeq: number;
  /** Of a rollback: the identity whose effect it takes back. Its request is that one's, and no key is taken by it. */
  readonly rollbackOf?: string;
  /** Absent while a handle leaves open which of its actions it will be. */
  readonly roleArn?: string;
  /** Absent when the grant is for whatever its step allows. */
  readonly operationDigest?: Digest;
  readonly sessionName: string;
  readonly sessionPolicyDigest: Digest;
  /** Of the trust policy's thresholds, under which it was granted. */
  readonly governanceDigest: Digest;
}

interface CredentialsMintedDetail {
  /** Masked. */
  readonly accessKeyId: string;
  readonly sessionName: string;
  readonly sessionPolicy: unknown;
  readonly sessionPolicyDigest: Digest;
  readonly hardExpiry: string;
  /** Of a session that was cut before it left: STS's id of it, and when the one that it was cut from ends. */
  readonly scopedSessionId?: string;
  readonly sessionExpiry?: string;
  /** The execution role; what a handle left open is known here. */
  readonly roleArn?: string;
}

interface ExecutionStartedDetail {
  readonly adapter: string;
  readonly operationDigest: Digest;
  readonly call: CallDescription;
  /** What was read of the target before the call; `null` for nothing. */
  readonly preRead: Digest | null;
  readonly constraints: unknown;
  /** Of a handle that was redeemed; else `IdentityIssued` says it. */
  readonly enforcement?: readonly Enforced[];
  readonly assumptions?: readonly Observation[];
  /** Present when a handle was redeemed, by whose request. */
  readonly redemption?: RequestNames;
  readonly executor?: string;
}

/** Whether the contract ends with it, though nothing was executed, and by what. */
export interface ContractEnding {
  readonly endsContract?: ContractEnd;
}

type ContractEnd = "VIOLATED" | "REVOKED";

/** What ends an identity (PROTOCOL.md §10, VAI-106 to VAI-114); `lib/lifecycle/triggers.ts` says who sees it. */
export type EndTrigger =
  | "windowEnded"
  | "completed"
  | "contextChanged"
  | "policyChanged"
  | "riskSignal"
  | "executionFailed"
  | "operator"
  | "evidenceFailed"
  | "violation"
  | "withdrawn";

/** What a read-back shows of a call whose outcome is not known: the target looks as asked, or not, or was not seen. */
export type Reconciled = "matches" | "differs" | "unseen";

export type EndState = "COMPLETED" | "FAILED" | "INCOMPLETE" | "EXPIRED" | "REVOKED";

/** In the terminal record of an identity: how and why it ended, and the outcome or the refusal to repeat. */
export interface EndDetail {
  readonly state: EndState;
  readonly trigger: EndTrigger;
  /** What `sweep` saw of an execution whose outcome nobody recorded; never an outcome. */
  readonly reconciled?: Reconciled;
  /** Whether its authority was used; `"unknown"` where the caller held the credentials. */
  readonly used: boolean | "unknown";
  readonly outcome?: Outcome;
  /** Of an identity that somebody ended: when that was asked. What its denial reaches then names it by this. */
  readonly requestedAt?: string;
  readonly refusal?: {
    readonly code: RefusalCode;
    readonly stage: StageName;
    readonly detail: string;
    readonly pointer?: string;
  };
}

interface ExecutedDetail {
  readonly outcome: Outcome;
  /** What of its obligations is open behind it; absent: nothing. */
  readonly duties?: readonly Duty[];
  /** What the read-back saw; `null` for nothing. */
  readonly observed: Digest | null;
  readonly durationMilliseconds: number;
}

interface ObligationDetail {
  readonly kind: string;
  readonly name: string;
  /** Of an `event`: the attestation that says so, as a compact JWS. */
  readonly attestation?: string;
}

interface RequestedDetail extends Unenforced {
  /** Of a verified executor's request. */
  readonly executor?: string;
  /** The contract JWS, until it is bound. */
  readonly contract?: unknown;
  /** Of a request whose executor is not verified. */
  readonly eventDigest?: Digest;
}

/** Somebody asks to hand authority on, to end a block, or for a status. */
interface DelegationRequestedDetail {
  /** Of a verified executor's request. */
  readonly executor?: string;
  /** The contract JWS, until it is bound. */
  readonly contract?: unknown;
  /** Of a request whose executor is not verified. */
  readonly eventDigest?: Digest;
  /** What people have said of the block that is asked for, as compact JWS. */
  readonly approvals?: readonly string[];
}

/** A block that was signed: from here on its executor may continue. */
interface DelegationGrantedDetail extends RequestNames {
  /** The block JWS. */
  readonly block: string;
  /** The root JWS, when one was signed beside it. */
  readonly root?: string;
  /** Thumbprint of whoever handed on. */
  readonly delegator: string;
  /** Number of the first record that this request wrote. */
  readonly firstSeq: number;
}

/** A block that has ended, with all below it. */
export interface DelegationRevokedDetail extends Partial<RequestNames> {
  readonly block: Digest;
  /** The block, and all below it. */
  readonly ended: readonly Digest[];
  /** Thumbprint of the executor above, or name of the operator. */
  readonly by: string;
  /** Thumbprint, of an executor who asked for it. */
  readonly executor?: string;
  readonly reason: string;
  /** When it was asked for. */
  readonly requestedAt: string;
  /** Number of the first record of whoever wrote it. */
  readonly firstSeq: number;
}

interface RejectedDetail extends Reason, Watched {
  readonly executor?: string;
  readonly eventDigest?: Digest;
  /** Masked; of a session that was obtained and dropped. */
  readonly unusedAccessKeyId?: string;
}

/** What was promised was not seen, and what the contract has for that (VAI-49). */
interface RollbackTriggeredDetail {
  readonly when: Rollback["when"];
  /** Names of the obligations that were not met. */
  readonly unmet: readonly string[];
  /** Of what the condition was judged by: the obligations as they stand, and what the read-back saw. */
  readonly inputsDigest: Digest;
  readonly step: string;
  readonly operationDigest: Digest;
}

/** What became of a rollback; `rollbackOf`: the identity whose effect it was to take back. */
interface RollbackEndDetail {
  readonly rollbackOf: string;
  readonly status: Outcome["status"];
}

/** A point that a denial has to reach (PROTOCOL.md §10). */
export type PointName = "adapter" | "iam" | "session";

/** What somebody asked, in their own signed words. */
interface CommandDetail {
  /** The command JWS. */
  readonly command: string;
  /** The same payload, signed by a second name. */
  readonly cosign?: string;
  readonly do: string;
  readonly by: string;
  readonly reason: string;
}

interface RevocationRequestedDetail extends CommandDetail, ContractEnding {
  readonly requestedAt: string;
  /** When the denial was committed, which its record may follow late. */
  readonly committedAt: string;
}

interface PointDetail extends Partial<InForce> {
  readonly point: PointName;
  readonly requestedAt: string;
  /** Of point `iam` and `session`: the execution role. */
  readonly role?: string;
}

interface AcknowledgedDetail extends PointDetail {
  readonly milliseconds: number;
  /** Of point `iam`: it is still to be seen that IAM denies the sessions. */
  readonly awaits?: "session";
}

interface EscalationDetail extends Reason, ContractEnding, Partial<InForce> {
  /** What nobody signed is nobody's word. */
  readonly basis?: "unsigned mark";
}

/** A path that serves nothing new, because a denial did not reach it; `instead`: why the plane was halted in its place. */
interface QuarantinedDetail extends InForce {
  /** The execution role. */
  readonly path: string;
  readonly cause: "REVOCATION_FAILED";
  readonly instead?: string;
}

/** Which documents are in force behind a record of `plane/registry`, changed by it or not. */
export interface InForce {
  readonly version: number;
  readonly trustPolicyDigest: Digest;
  readonly restrictionsDigest: Digest;
}

/** Of a command that changed the restrictions; `instead`: why the plane was halted in place of what was ordered. */
interface RestrictionDetail extends CommandDetail, InForce {
  readonly instead?: string;
}

interface TrustPolicyDetail extends InForce {
  /** The JWS. */
  readonly trustPolicy: string;
  /** Thumbprint of the anchor. */
  readonly signedBy: string;
}

type WithRequest<T> = T & ({ readonly request?: never } | RequestEvidence);

/** What each event says. The fold reads some of it back; everything else is for people and auditors. */
export interface Details {
  readonly IntentSubmitted: Unenforced & {
    readonly intent: unknown;
    readonly intentDigest: Digest;
  };
  readonly ContextEvaluated: Unenforced & {
    readonly context: unknown;
    readonly contextDigest: Digest;
  };
  readonly ContextRechecked: { readonly assumptions: readonly Observation[] };
  readonly ContextInvalidated: Reason & ContractEnding;
  readonly PolicyEvaluated: Unenforced & {
    readonly decision: string;
    readonly decisionDigest: Digest;
    readonly outcome: string;
    readonly policy: unknown;
  };
  readonly ContractBound: ContractBoundDetail;
  readonly DecisionSuperseded: DecisionSupersededDetail;
  readonly AttestationRecorded: AttestationRecordedDetail;
  readonly ApprovalRecorded: ApprovalRecordedDetail;
  readonly GateOpened: { readonly step: string };
  readonly BreakGlassInvoked: BreakGlassInvokedDetail;
  readonly BreakGlassReviewOverdue: { readonly policy: string; readonly reviewDue: string };
  readonly BreakGlassReviewed: RestrictionDetail;
  readonly IdentityRequested: WithRequest<RequestedDetail>;
  readonly DelegationRequested: WithRequest<DelegationRequestedDetail>;
  readonly DelegationGranted: DelegationGrantedDetail;
  readonly DelegationRejected: Reason;
  readonly DelegationRevoked: WithRequest<DelegationRevokedDetail>;
  readonly ProofValidated: {
    readonly proofDigest: Digest;
    readonly assumptions?: readonly Observation[];
    /** What the request brought for a contract that is bound already, as compact JWS. */
    readonly attestations?: readonly string[];
    readonly approvals?: readonly string[];
  };
  readonly ProofRejected: Reason & ContractEnding;
  readonly ViolationDetected: Reason & ContractEnding;
  readonly IdentityIssued: IdentityIssuedDetail;
  readonly IdentityDenied: Reason & Watched;
  readonly RetryDeduplicated: {
    readonly use: string;
    /** Of a delegation the block that it granted, or ended. */
    readonly block?: Digest;
  };
  readonly RefusalsCounted: {
    readonly scope: string;
    readonly count: number;
    readonly basis: "unsigned counter";
  };
  readonly IssuanceFailed: EndDetail;
  readonly CredentialsMinted: CredentialsMintedDetail;
  readonly ExecutionStarted: WithRequest<ExecutionStartedDetail>;
  readonly ExecutionRejected: WithRequest<RejectedDetail>;
  readonly ExecutionCompleted: ExecutedDetail;
  readonly ExecutionFailed: ExecutedDetail;
  readonly ExecutionIncomplete: EndDetail;
  readonly ObligationFulfilled: ObligationDetail;
  readonly ObligationMissed: ObligationDetail;
  readonly RollbackTriggered: RollbackTriggeredDetail;
  readonly RollbackCompleted: RollbackEndDetail;
  readonly RollbackFailed: RollbackEndDetail & Reason;
  readonly IdentityCompleted: EndDetail;
  readonly IdentityExpired: EndDetail;
  readonly IdentityRevoked: EndDetail;
  readonly RevocationRequested: RevocationRequestedDetail;
  readonly RevocationAcknowledged: AcknowledgedDetail;
  readonly RevocationFailed: PointDetail & Reason;
  readonly EscalationRaised: EscalationDetail;
  readonly EvidenceEmissionFailed: Reason;
  readonly PlaneHalted: RestrictionDetail;
  readonly AgentHalted: RestrictionDetail;
  readonly KeyRevoked: RestrictionDetail;
  readonly RootKeyRevoked: RestrictionDetail;
  readonly PlaneResumed: RestrictionDetail;
  readonly AgentReinstated: RestrictionDetail;
  readonly KeyReinstated: RestrictionDetail;
  readonly Quarantined: QuarantinedDetail;
  readonly QuarantineLifted: RestrictionDetail;
  readonly TrustPolicyPublished: TrustPolicyDetail;
}
