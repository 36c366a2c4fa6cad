import type { Digest } from "../encoding/digest.ts";
import type { Outcome } from "../execution/outcome.ts";
import type { RefusalCode, Stage } from "../refusal.ts";

/** Members of `detail` that the fold reads back; everything else in a detail is for people and auditors. */

/** In the first record of an intent chain: whose the intent is, for ever. */
export interface Opens {
  readonly issuer: string;
  readonly intentDigest: Digest;
}

/** The proof's parts are in the records before it, and named here by digest: each stands once in a chain. */
export interface ContractBoundDetail {
  readonly issuer: string;
  /** The contract JWS. */
  readonly contract: string;
  readonly proofDigest: Digest;
  readonly intentDigest: Digest;
  readonly contextDigest: Digest;
  readonly decisionDigest: Digest;
}

/** The parts of a bound proof, to be read and verified again at each use. */
export interface BoundProof {
  readonly intent: unknown;
  readonly context: unknown;
  readonly decision: string;
}

/** How a constraint is enforced: pointers into the contract (wire.md §4). */
export interface Enforced {
  readonly constraint: string;
  readonly enforcedBy: readonly ("trustPlane" | "iam" | "adapter")[];
}

/** What of a context assumption was seen when: never the value itself, which may be anybody's data (wire.md §5). */
export interface Observation {
  readonly name: string;
  readonly digest: Digest;
  /** RFC 3339. */
  readonly observedAt: string;
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
  /** Absent while a handle leaves open which of its actions it will be. */
  readonly roleArn?: string;
  /** Absent when the grant is for whatever its step allows. */
  readonly operationDigest?: Digest;
  readonly sessionName: string;
  readonly sessionPolicyDigest: Digest;
}

export interface CredentialsMintedDetail {
  readonly accessKeyId: string;
  readonly sessionPolicy: unknown;
  readonly sessionPolicyDigest: Digest;
  readonly hardExpiry: string;
}

/** In `ExecutionStarted`: present when a handle was redeemed, by whose request. */
export interface ExecutionStartedDetail {
  readonly redemption?: RequestNames;
}

/** In `ViolationDetected` and `ContextInvalidated`: whether the contract ends with it, though nothing was executed. */
export interface ContractEnding {
  readonly endsContract?: "VIOLATED" | "REVOKED";
}

export type EndState = "COMPLETED" | "FAILED" | "INCOMPLETE" | "EXPIRED" | "REVOKED";

/** In a terminal record of an identity: how it ended, and the outcome or the refusal to repeat. */
export interface EndDetail {
  readonly state: EndState;
  readonly outcome?: Outcome;
  readonly refusal?: {
    readonly code: RefusalCode;
    readonly stage: Stage;
    readonly detail: string;
    readonly pointer?: string;
  };
}
