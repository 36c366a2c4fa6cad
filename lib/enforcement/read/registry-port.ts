import type { Digest } from "../../encoding/digest.ts";
import type {
  Append,
  AppendResult,
  StoredHead,
  StoredRow,
  TakenKey,
} from "../../evidence/ports.ts";

/** Which documents are in force, and the newest record of `plane/registry`, which says the same (PROTOCOL.md §6). */
export interface RegistryHead {
  readonly version: number;
  readonly trustPolicyDigest: Digest;
  readonly restrictionsDigest: Digest;
  readonly seq: number;
  readonly recordHash: Digest;
}

/** What is asked for in one batch. */
export interface HeadsWanted {
  /** Number of the record of `plane/registry` that this process knows; 0 for none. */
  readonly known: number;
  /** A chain whose head is read too. */
  readonly chainId?: string | undefined;
  /** Keys of State whose values are read too. */
  readonly keys?: readonly { readonly pk: string; readonly sk: string }[];
}

/** The small items that authority hangs on, read in one strongly consistent batch. */
export interface Heads {
  readonly registry: RegistryHead | undefined;
  /** Commands of denials that still lack their records, as they stand there; `undefined` for none. */
  readonly pending: unknown;
  /** State's head of `plane/registry`. */
  readonly registryChain: StoredHead;
  /** Whether `plane/registry` has a record behind the known one. */
  readonly isContinued: boolean;
  /** State's head of the chain that was asked for. */
  readonly chain: StoredHead | undefined;
  /** In the order of the keys; `undefined` where there is none. */
  readonly values: readonly (string | undefined)[];
}

/** What a head names, as it is stored. */
export interface RegistryDocuments {
  /** The JWS of the trust policy with the head's version. */
  readonly trustPolicy: string | undefined;
  /** JCS text of the restrictions document. */
  readonly restrictions: string | undefined;
  /** The same as it was before denials that still lack their records. */
  readonly recorded: string | undefined;
  /** The record of `plane/registry` with the head's number. */
  readonly last: StoredRow | undefined;
  /** Whether a trust policy of the next version, or a record of the next number, is stored: then the head is old. */
  readonly isContinued: boolean;
}

/** One change of the Registry, atomic with its record on `plane/registry`. */
export interface RegistryChange {
  readonly from: RegistryHead | undefined;
  readonly to: RegistryHead;
  /** The JWS of the next version; absent when the one in force stays. */
  readonly trustPolicy?: string;
  readonly restrictions: string;
  readonly append: Append;
  /** The commands whose records are among the rows, as the head held them. */
  readonly settles?: unknown;
}

/** A denial of many that is committed without its record (PROTOCOL.md §6). */
export interface OwedChange {
  readonly from: RegistryHead;
  /** The document as it was read, as it is to be, and as the head's record has it. */
  readonly present: string;
  readonly next: string;
  readonly recorded: string;
  /** The command's JWS: in the head's list, and as a mark on the head of `plane/registry` in State. */
  readonly command: string;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly key: TakenKey;
}

export interface RegistryStore {
  /** @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
  readHeads(wanted: HeadsWanted): Promise<Heads>;
  /** What a head names, strongly consistent; before the first publication there is none. @throws the same. */
  readDocuments(
    head: Pick<RegistryHead, "version" | "seq"> | undefined,
  ): Promise<RegistryDocuments>;
  commit(change: RegistryChange): Promise<AppendResult>;
  /** Commits a denial that somebody else will record. @throws {Fault} `EVIDENCE_STORE_UNAVAILABLE`. */
  owe(change: OwedChange): Promise<AppendResult>;
}
