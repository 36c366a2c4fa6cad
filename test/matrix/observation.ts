import type { ReadRecord } from "../../lib/audit/read-record.ts";
import type { Verdict } from "../../lib/audit/verdict.ts";
import type { FunctionName, Said } from "./functions.ts";

/** A call of the front door's feed, as much of it as invariants look at. */
export interface FeedCall {
  /** Its place in the feed: in the order of the ends. */
  readonly seq: number;
  /** `sts AssumeRole`. */
  readonly name: string;
  readonly error?: string | undefined;
  /** Whose session made it. */
  readonly session?: string | undefined;
  /** Of AssumeRole: the identity's session name. */
  readonly sourceIdentity?: string | undefined;
  /** Whether it is made to a target that the plane acts on, and changes it. */
  readonly isEffect: boolean;
  /** Records that it writes, as `chain id#number`. */
  readonly records: readonly string[];
  /** Of PutRolePolicy: whom, and the document. */
  readonly role?: string | undefined;
  readonly document?: string | undefined;
}

/** A contract of a cell. */
export interface SeenContract {
  readonly digest: string;
  readonly chainId: string;
  /** Milliseconds. */
  readonly exp: number;
  readonly calls: number;
  /** Of its item, as the deployer reads it at the end, and as it is set. */
  readonly weight: unknown;
  readonly wanted: number;
  /** As it is set by what takes the effect back, where the contract has that. */
  readonly takenBackTo?: number;
}

/** What a function said to whom. */
export interface SeenAnswer {
  readonly cell: string;
  readonly by: FunctionName;
  readonly said: Said;
  /** The command's JWS, if one was sent. */
  readonly command?: string | undefined;
  /** The end of the feed when it was known. */
  readonly feedEnd: number;
  /** After the clock had moved past every window. */
  readonly isLate: boolean;
}

/** Everything by which cells are judged: verified evidence, the feed, the targets, and what was answered. */
export interface Observation {
  readonly feed: readonly FeedCall[];
  readonly verdict: Verdict;
  readonly defects: readonly string[];
  /** Records that hold under their seals, by chain. */
  readonly chains: ReadonlyMap<string, readonly ReadRecord[]>;
  readonly contracts: readonly SeenContract[];
  readonly answers: readonly SeenAnswer[];
  /** The end of the feed when every window was over and `sweep` had nothing left to do. */
  readonly overAt: number;
}

/** What does not hold. */
export interface Violation {
  readonly invariant: string;
  readonly what: string;
  /** The chain that it is about, by which its cell is known. */
  readonly chainId?: string | undefined;
}
