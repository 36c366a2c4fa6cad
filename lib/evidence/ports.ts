import type { ChainHead } from "./chain.ts";
import type { EvidenceRow } from "./row.ts";

/** Signs evidence with a key that never leaves its holder; P-256, ECDSA_SHA_256, DER. */
export interface EvidenceSigner {
  /** RFC 7638 thumbprint of the public key. @throws {Fault} `EVIDENCE_SIGNER_UNAVAILABLE`. */
  keyid(): Promise<string>;
  /** @throws {Fault} `EVIDENCE_SIGNER_UNAVAILABLE`. `digest`: 32 bytes, SHA-256 of the PAE. */
  sign(digest: Uint8Array): Promise<Uint8Array>;
}

/** A row of Evidence, as much of it as is evidence and its place. */
export type StoredRow = Pick<EvidenceRow, "chainId" | "seq" | "record" | "sealSeq" | "seal">;

/**
 * Denials on a chain's head as State holds them (PROTOCOL.md §10): whoever writes that table can put anything there, so
 * nothing of it is believed, and nothing of it is passed over.
 */
export interface StoredMarks {
  /** The counter that each mark raises; every append is bound to it as it was read. */
  readonly marked?: unknown;
  readonly marks?: unknown;
}

/** What State keeps for a chain: where it ends, and the denials on it. */
export interface StoredHead {
  /** None of an empty chain, which may have marks all the same. */
  readonly head: ChainHead | undefined;
  readonly marks: StoredMarks;
}

/** A chain as it was read: records in order, and what State keeps for it. */
export interface StoredChain extends StoredHead {
  readonly rows: readonly StoredRow[];
}

/** A key in State that is taken together with records: where to look, and a second witness, never the truth. */
export interface TakenKey {
  readonly pk: string;
  readonly sk: string;
  /** What the key is taken for; taking it again for the same value is no conflict. */
  readonly value: string;
  /** Seconds since the epoch; DynamoDB's TTL only cleans up after it. */
  readonly ttl?: number;
}

/** What operators see of a chain while anything of it is open; a convenience of State, which nothing is judged by. */
export interface HeadView {
  /** The list that it stands in. */
  readonly view: string;
  /** When there is work on it next; RFC 3339. */
  readonly due: string;
  readonly open: object;
}

/** One atomic step of a chain: all of it happens, or none. */
export interface Append {
  readonly chainId: string;
  /** The head that was read: the append is lost when it has moved since. */
  readonly from: ChainHead;
  /** The counter of marks that was read with it: a denial that came since loses the append too. */
  readonly marked: unknown;
  readonly to: ChainHead;
  readonly rows: readonly EvidenceRow[];
  /** The marks that stay, when the rows record some of those that were read; absent: none is taken away. */
  readonly marksLeft?: readonly unknown[];
  /** Of an intent's chain: what is open behind the step; `null` for nothing. */
  readonly seen?: HeadView | null;
  readonly keys?: readonly TakenKey[];
  readonly settle?: Settlement;
}

/** Takes that many from a counter of refusals, because the rows of the same step now hold the sum. */
export interface Settlement {
  readonly scope: string;
  readonly count: number;
}

/**
 * What came of an append. Unless `appended`, nothing happened: the head had moved or was marked (`conflict`), or it
 * had not and a key is taken for another value.
 */
export type AppendResult = "appended" | "conflict" | { readonly taken: TakenKey };

export interface EvidenceStore {
  /** The records of a chain behind number `after` (0: all) and its head, strongly consistent. @throws {Fault} `EVIDENCE_STORE_UNAVAILABLE`. */
  readChain(chainId: string, after?: number): Promise<StoredChain>;
  /** The records alone: their head is read in another round, or not at all. @throws the same. */
  readRows(chainId: string): Promise<readonly StoredRow[]>;
  /** Only the last record and the head. */
  readTail(chainId: string): Promise<StoredChain>;
  append(step: Append): Promise<AppendResult>;
}

/** Counters of what is refused too often to sign one by one (PROTOCOL.md §5). */
export interface RefusalCounter {
  /**
   * Counts one refusal in a scope. `written`: how many may be written singly in a minute.
   * @returns whether this one is to be written singly, and how many earlier ones are still only counted if this
   * is the first of a new minute.
   */
  count(
    scope: string,
    minute: number,
    written: number,
  ): Promise<{ single: boolean; unwritten: number }>;
  /** How many of a scope are only counted, of minutes that are over. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
  unwritten(scope: string, minute: number): Promise<number>;
}
