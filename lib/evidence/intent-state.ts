import type { Digest } from "../encoding/digest.ts";
import type { Duty } from "../execution/duty.ts";
import type { Outcome } from "../execution/outcome.ts";
import { type BlockTree, NO_BLOCKS } from "./block-tree.ts";
import type { ChainHead } from "./chain.ts";
import type {
  BoundProof,
  ContractBoundDetail,
  EndDetail,
  EndState,
  IdentityIssuedDetail,
  Opens,
  RequestNames,
} from "./details.ts";
import { NOTHING_SPENT, type Spent } from "./spent.ts";

/** An issued identity as its records tell it. Times in RFC 3339. */
export interface IdentityView extends IdentityIssuedDetail {
  readonly identityId: string;
  readonly contractId: string;
  readonly contractDigest: Digest;
  /** The blocks of the chain that it was issued under, root first; absent: none. */
  readonly blocks?: readonly Digest[];
  /** Id of the actor that it was issued to. */
  readonly actor?: string;
  readonly state: "ISSUED" | "IN_USE" | EndState;
  readonly hardExpiry?: string;
  /** When the session ends that the delivered one was cut from. */
  readonly sessionExpiry?: string;
  readonly startedAt?: string;
  /** The invocation that wrote its start. */
  readonly startedIn?: string;
  /** Whether the outcome of its call is on record. */
  readonly executed?: true;
  /** That outcome, with the obligations as they stand. */
  readonly outcome?: Outcome;
  /** What is still to be shown; empty once nothing is. */
  readonly duties?: readonly Duty[];
  /** The request that redeemed its handle. */
  readonly redemption?: RequestNames;
  /** What takes its effect back; `status` once that is on record. No identity: it was refused. */
  readonly rollback?: { readonly identityId?: string; readonly status?: Outcome["status"] };
  readonly end?: EndDetail;
  /** When its first terminal record was written. */
  readonly endedAt?: string;
  /** Of one that was ended while a session of it was alive: how far its denial has come at IAM. */
  readonly denied?: DeniedSession;
  readonly lastSeq: number;
  readonly lastHash: Digest;
  /** Uses of which a retry was already recorded: later ones are only counted. */
  readonly retried: readonly string[];
}

/** The denial of a session that runs, or that its caller holds (PROTOCOL.md §10, Points). Times in RFC 3339. */
export interface DeniedSession {
  readonly requestedAt: string;
  /** Point `iam`. */
  readonly acknowledgedAt?: string;
  /** Whether it is on record that the denial did not reach IAM in time. */
  readonly hasFailed?: true;
  /** Whether there is a point `session` besides. */
  readonly awaits?: true;
  /** Point `session`. */
  readonly seenAt?: string;
  /** Whether it is on record that nobody saw IAM deny it in time. */
  readonly isUnseen?: true;
}

/** A contract as its records tell it. Counters only grow, and an end is never taken back. */
export interface ContractView extends Spent {
  readonly bound?: ContractBoundDetail & {
    readonly contractId: string;
    readonly proof?: BoundProof;
    /** Whose decision it is bound to; absent where that cannot be read. */
    readonly decider?: string;
    /** The emergency policy that it names. */
    readonly breakGlass?: string;
  };
  readonly refusals: number;
  /** Who may continue it. */
  readonly tree: BlockTree;
  /** What evaluators and approvers have said of it, as compact JWS, in the order of the records. */
  readonly attested: readonly string[];
  readonly approved: readonly string[];
  /** Approvals of gates: only what was recorded by itself opens one. */
  readonly gateApprovals: readonly string[];
  /** Steps whose gate was opened; whether it still is, its approvals say. */
  readonly opened: readonly string[];
  readonly ended?: {
    readonly code: "CONTRACT_REVOKED" | "CONTRACT_CONSUMED" | "DECISION_SUPERSEDED";
    readonly why: string;
  };
}

/** What an intent chain says: the truth that every request is judged by. */
export interface IntentState {
  readonly head: ChainHead;
  readonly opens?: Opens;
  readonly contracts: ReadonlyMap<Digest, ContractView>;
  readonly identities: ReadonlyMap<string, IdentityView>;
  /** The intent as it was submitted, once a contract is bound. */
  readonly intent?: unknown;
  /** Decisions that superseded, by digest. */
  readonly superseding: ReadonlySet<Digest>;
  /** `iat` of the latest decision on the intent, in seconds: one that is not later binds nothing. */
  readonly decidedAt?: number;
  /** Denials, by when they were requested, that are not on record as having reached the adapter. */
  readonly unreached: ReadonlySet<string>;
}

export const UNKNOWN_CONTRACT: ContractView = {
  ...{ refusals: 0, ...NOTHING_SPENT, tree: NO_BLOCKS },
  ...{ attested: [], approved: [], gateApprovals: [], opened: [] },
};

/** A contract that no record speaks of has used nothing. */
export const contractView = (state: IntentState, digest: Digest): ContractView =>
  state.contracts.get(digest) ?? UNKNOWN_CONTRACT;
