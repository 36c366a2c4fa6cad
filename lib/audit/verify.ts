import type { PublicJwk } from "../encoding/jwk.ts";
import { ChainLedger, type Head, type Place } from "./chain-ledger.ts";
import { type EvidenceKey, evidenceKeys } from "./evidence-keys.ts";
import type { ReadRecord } from "./read-envelope.ts";
import { type JudgedRecord, judgeRecord } from "./signature.ts";
import { type Defect, type DefectCode, Defects, type Verdict } from "./verdict.ts";

/** What was found in a sequence of records. */
export interface Verification {
  readonly verdict: Verdict;
  /** The first defect of the verdict's kind, in the order of the records. */
  readonly firstDefect?: Defect;
  /** Every defect, up to a hundred. */
  readonly defects: readonly Defect[];
  /** How many there are in all. */
  readonly defectCount: number;
  readonly plane?: string;
  /** How many records were looked at, and the head of every chain whose last record holds. */
  readonly records: number;
  readonly chains: readonly Head[];
}

/**
 * Verifies records of wire.md §5: every envelope strictly, its signature under one of `keys`, and every chain from its
 * genesis without gaps. Needs no AWS and no network. A cut tail cannot be seen here; see {@link RecordVerifier}.
 * @param records envelopes, as objects or JSON text, each chain in the order of its numbers.
 * @param keys evidence keys: public P-256 JWKs, or with the time in which each was good.
 * @throws {TypeError} when a key is none.
 */
export function verifyRecords(
  records: Iterable<unknown>,
  keys: Iterable<PublicJwk | EvidenceKey>,
): Verification {
  const known = evidenceKeys(keys);
  const verifier = new RecordVerifier();
  for (const record of records) verifier.take(judgeRecord(record, known));
  return verifier.finish();
}

/** A record that does not hold, and what is wrong with it. */
interface Misread {
  readonly code: DefectCode;
  readonly what: string;
}

/** For a record that nothing places: neither itself nor any neighbour. */
const NOWHERE: Place = { chainId: "", seq: 1 };

/** Puts judged records together one after another, so that an export of any length fits. */
export class RecordVerifier {
  readonly #ledger: ChainLedger;
  readonly #heads: readonly Head[] | undefined;
  readonly #defects = new Defects();
  readonly #eventIds = new Set<string>();
  /** Records that do not hold and cannot say where they stand: the next one tells. */
  #unplaced: (Misread & { readonly claimed: Place | undefined })[] = [];
  #plane: string | undefined;
  #records = 0;

  /**
   * @param plane the plane that every record must belong to; by default the first record's.
   * @param heads ends of chains, noted elsewhere: with them a tail that was cut off is `truncated`.
   */
  constructor(plane?: string, heads?: readonly Head[]) {
    this.#plane = plane;
    this.#heads = heads;
    this.#ledger = new ChainLedger(heads);
  }

  /** Takes the next record. @returns it if its form and its signature hold. */
  take({ read, forged }: JudgedRecord): ReadRecord | undefined {
    this.#records++;
    if ("problem" in read) {
      return this.#skip(read.place, false, { code: "EVIDENCE_CHAIN_BROKEN", what: read.problem });
    }
    const { chain } = read.statement.predicate;
    const place = { chainId: chain.id, seq: chain.seq };
    if (forged !== undefined) {
      return this.#skip(place, true, { code: "EVIDENCE_SIGNATURE_INVALID", what: forged });
    }
    this.#settle(place);
    this.#judgePlace(read);
    return read;
  }

  /** A defect that somebody found by comparing records with something else. */
  report(defect: Defect): void {
    this.#defects.add(defect);
  }

  finish(): Verification {
    this.#settle(undefined);
    if (this.#heads !== undefined) {
      for (const defect of this.#ledger.ends()) this.#defects.add(defect);
    }
    const { verdict, first, list, count } = this.#defects;
    return {
      verdict,
      ...(first !== undefined && { firstDefect: first }),
      defects: list,
      defectCount: count,
      ...(this.#plane !== undefined && { plane: this.#plane }),
      records: this.#records,
      chains: this.#ledger.heads(),
    };
  }

  #skip(claimed: Place | undefined, isWellFormed: boolean, misread: Misread): undefined {
    if (claimed === undefined || !this.#ledger.isPlausible(claimed, isWellFormed)) {
      this.#unplaced.push({ ...misread, claimed });
      return;
    }
    this.#settle(claimed);
    this.#blame(claimed, misread);
  }

  /** Gives the records that could not say it their places, now that the next one is known. */
  #settle(next: Place | undefined): void {
    for (const [index, { claimed, ...misread }] of this.#unplaced.entries()) {
      const due = this.#ledger.due(this.#unplaced.length - index, next);
      this.#blame(due ?? claimed ?? NOWHERE, misread);
    }
    this.#unplaced = [];
  }

  #blame(place: Place, misread: Misread): void {
    this.#ledger.skip(place);
    this.#defects.add({ verdict: "tampered", ...misread, ...place });
  }

  #judgePlace({ statement, hash }: ReadRecord): void {
    const { predicate } = statement;
    const { chain, event, plane } = predicate;
    this.#plane ??= plane;
    const broken = (what: string): void =>
      this.#defects.add({
        verdict: "tampered",
        code: "EVIDENCE_CHAIN_BROKEN",
        chainId: chain.id,
        seq: chain.seq,
        what,
      });
    if (plane !== this.#plane) broken(`belongs to ${plane}; the others belong to ${this.#plane}`);
    const misplaced = this.#ledger.follow(predicate, hash);
    if (misplaced !== undefined) {
      this.#defects.add(misplaced);
      return;
    }
    if (this.#eventIds.has(event.id)) broken(`has the event id of another record, ${event.id}`);
    this.#eventIds.add(event.id);
  }
}
