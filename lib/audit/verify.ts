import type { PublicJwk } from "../encoding/jwk.ts";
import { present } from "../encoding/present.ts";
import { ChainLedger, type Head } from "./chain-ledger.ts";
import { type EvidenceKey, evidenceKeys } from "./evidence-keys.ts";
import { type JudgedTransaction, judgeTransaction } from "./judge.ts";
import type { RecordPlace } from "./place.ts";
import { placeOf, type ReadRecord, type UnreadRecord } from "./read-record.ts";
import type { ReadSeal } from "./read-seal.ts";
import { type Standing, standingsOf } from "./standing.ts";
import { type SealedRow, transactionsOf } from "./transaction.ts";
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
  /** How many records and seals were looked at, and the head of every chain whose last record holds. */
  readonly records: number;
  readonly seals: number;
  readonly chains: readonly Head[];
}

/**
 * Verifies records of PROTOCOL.md §5: every record and every seal strictly, each seal's signature once, under one of
 * `keys`, and every chain from its genesis without gaps. Needs no AWS and no network. A cut tail cannot be seen here;
 * see {@link RecordVerifier}.
 * @param rows texts as the table keeps them, each chain in the order of its numbers. What is none is a defect.
 * @param keys evidence keys: public P-256 JWKs, or with the time in which each was good.
 * @throws {TypeError} when a key is none.
 */
export function verifyRecords(
  rows: Iterable<SealedRow>,
  keys: Iterable<PublicJwk | EvidenceKey>,
): Verification {
  const known = evidenceKeys(keys);
  const verifier = new RecordVerifier();
  for (const transaction of transactionsOf(rows)) {
    verifier.take(judgeTransaction(transaction, known));
  }
  return verifier.finish();
}

/** A record that does not hold, and what is wrong with it. */
interface Misread {
  readonly code: DefectCode;
  readonly what: string;
}

/** For a record that nothing places: neither itself nor any neighbour. */
const NOWHERE: RecordPlace = { chainId: "", seq: 1 };

/** Records that wait for their place; a flood of them must not fill the memory of who looks. */
const MOST_UNPLACED = 1000;

/** Puts judged transactions together one after another, so that an export of any length fits. */
export class RecordVerifier {
  readonly #ledger: ChainLedger;
  readonly #defects = new Defects();
  readonly #eventIds = new Set<string>();
  /** Records that do not hold and cannot say where they stand: the next one tells. */
  #unplaced: (Misread & { readonly claimed: RecordPlace | undefined })[] = [];
  #plane: string | undefined;
  #records = 0;
  #seals = 0;

  /**
   * @param plane the plane that every record must belong to; by default the first record's.
   * @param heads ends of chains, noted elsewhere: with them a tail that was cut off is `truncated`.
   */
  constructor(plane?: string, heads?: readonly Head[]) {
    this.#plane = plane;
    this.#ledger = new ChainLedger(heads);
  }

  /** Takes the next transaction. @returns the records that hold, and so does their seal. */
  take({ records, seal, forged }: JudgedTransaction): ReadRecord[] {
    this.#records += records.length;
    if (seal === undefined) return this.#takeUnsealed(records);
    this.#seals++;
    if ("problem" in seal) {
      return this.#takeUnder({ code: "EVIDENCE_CHAIN_BROKEN", what: seal.problem }, records);
    }
    if (forged !== undefined) {
      return this.#takeUnder({ code: "EVIDENCE_SIGNATURE_INVALID", what: forged }, records);
    }
    const standings = standingsOf(records, seal);
    if (this.#isForeign(standings, seal)) {
      const what = "has a seal of other records";
      return this.#takeUnder({ code: "EVIDENCE_HASH_MISMATCH", what }, records);
    }
    const doubled = this.#ledger.seal(seal.statement.predicate, records.length === 0);
    if (doubled !== undefined) this.#defects.add(doubled);
    return standings.flatMap((standing) => this.#takeSealed(standing, seal));
  }

  /** A defect that somebody found by comparing records with something else. */
  report(defect: Defect): void {
    this.#defects.add(defect);
  }

  /** What was taken so far. */
  get counts(): { readonly records: number; readonly seals: number } {
    return { records: this.#records, seals: this.#seals };
  }

  finish(): Verification {
    this.#settle(undefined);
    for (const defect of this.#ledger.ends()) this.#defects.add(defect);
    const { verdict, first, list, count } = this.#defects;
    return {
      verdict,
      ...present({ firstDefect: first }),
      defects: list,
      defectCount: count,
      ...present({ plane: this.#plane }),
      records: this.#records,
      seals: this.#seals,
      chains: this.#ledger.heads(),
    };
  }

  /**
   * Whether a seal names none of the records before it, and they are not edited ones in its place: not as many, not
   * where it says, or such as go on with the chain where it does not.
   */
  #isForeign(standings: readonly Standing[], { statement }: ReadSeal): boolean {
    const [first] = standings;
    if (first === undefined || standings.some(({ isSealed }) => isSealed)) return false;
    const { subject, predicate } = statement;
    const place = { chainId: predicate.chain.id, seq: predicate.chain.first };
    if (standings.length !== subject.length || !this.#ledger.isPlausible(place, true)) return true;
    const claimed = placeOf(first.read);
    return claimed !== undefined && this.#ledger.isDue(claimed) && !this.#ledger.isDue(place);
  }

  /** Without a seal anybody can have written a record: its text proves nothing, not even where it belongs. */
  #takeUnsealed(records: readonly (ReadRecord | UnreadRecord)[]): [] {
    for (const read of this.#withoutStrays(records)) {
      this.#skip(read, { code: "EVIDENCE_SIGNATURE_INVALID", what: `has no seal${also(read)}` });
    }
    return [];
  }

  /**
   * Names records that a seal elsewhere names: copied or moved to where they stand. They fill no place here, or the
   * genuine ones behind them would seem to stand a second time.
   */
  #withoutStrays<Read extends ReadRecord | UnreadRecord>(records: readonly Read[]): Read[] {
    return records.filter((read) => {
      const place = read.isElsewhere && placeOf(read);
      if (place === undefined) return true;
      const what = "stands a second time or out of its place";
      this.#defects.add({ verdict: "tampered", code: "EVIDENCE_CHAIN_BROKEN", ...place, what });
      return false;
    });
  }

  /** One seal that does not hold is one defect, named at the first record before it; the others fall with it. */
  #takeUnder(misread: Misread, records: readonly (ReadRecord | UnreadRecord)[]): [] {
    const [first, ...others] = this.#withoutStrays(records);
    if (first === undefined) this.#blame(this.#ledger.due(1, undefined) ?? NOWHERE, misread);
    else this.#skip(first, misread);
    for (const read of others) {
      const claimed = placeOf(read);
      if (claimed !== undefined && this.#ledger.isPlausible(claimed, false)) {
        this.#settle(claimed);
        this.#ledger.skip(claimed);
      }
    }
    return [];
  }

  #takeSealed({ read, index, isSealed }: Standing, seal: ReadSeal): ReadRecord[] {
    if (index === undefined) return this.#takeUnsealed([read]);
    const { chain } = seal.statement.predicate;
    const place = { chainId: chain.id, seq: chain.first + index };
    if (!isSealed) {
      const what = `is not the record that was sealed${also(read)}`;
      return this.#skip(read, { code: "EVIDENCE_HASH_MISMATCH", what }, place);
    }
    const problem = "problem" in read ? read.problem : placeProblem(read, seal, index);
    this.#settle(place);
    if (problem !== undefined || "problem" in read) {
      this.#blame(place, { code: "EVIDENCE_CHAIN_BROKEN", what: problem ?? "" });
      return [];
    }
    return this.#judgePlace(read) ? [read] : [];
  }

  /**
   * Names a record that does not hold where it stands: where its seal says, or where it claims. What nobody vouches
   * for fills no place in a chain unless it is the one that is due there.
   */
  #skip(read: ReadRecord | UnreadRecord, misread: Misread, sealed?: RecordPlace): [] {
    // What another seal names does not say where it stands here.
    const claimed = read.isElsewhere ? undefined : placeOf(read);
    const isWellFormed = !("problem" in read);
    const place = [sealed, claimed].find(
      (each) =>
        each !== undefined && this.#ledger.isPlausible(each, each === sealed || isWellFormed),
    );
    if (place !== undefined) {
      this.#settle(place);
      this.#blame(place, misread);
    } else if (isWellFormed && sealed === undefined && claimed !== undefined) {
      this.#defects.add({ verdict: "tampered", ...misread, ...claimed });
    } else {
      this.#unplaced.push({ ...misread, claimed });
      if (this.#unplaced.length > MOST_UNPLACED) this.#giveUpOldest();
    }
    return [];
  }

  #giveUpOldest(): void {
    const [oldest] = this.#unplaced.splice(0, 1);
    const place = this.#ledger.due(1, undefined) ?? NOWHERE;
    if (oldest !== undefined) {
      this.#defects.add({ verdict: "tampered", code: oldest.code, what: oldest.what, ...place });
    }
  }

  /** Gives the records that could not say it their places, now that the next one is known. */
  #settle(next: RecordPlace | undefined): void {
    for (const [index, { claimed, ...misread }] of this.#unplaced.entries()) {
      const place = this.#ledger.due(this.#unplaced.length - index, next) ?? claimed ?? NOWHERE;
      const isBehind = place.chainId === next?.chainId && place.seq >= next.seq;
      if (isBehind) this.#defects.add({ verdict: "tampered", ...misread, ...place });
      else this.#blame(place, misread);
    }
    this.#unplaced = [];
  }

  #blame(place: RecordPlace, misread: Misread): void {
    this.#ledger.skip(place);
    this.#defects.add({ verdict: "tampered", ...misread, ...place });
  }

  /** @returns whether it stands there for the first time: a second time, nobody is told of it again. */
  #judgePlace({ record, hash }: ReadRecord): boolean {
    const { chain, event, plane } = record;
    const isFirst = !this.#ledger.isPassed({ chainId: chain.id, seq: chain.seq });
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
    const misplaced = this.#ledger.follow(record, hash);
    if (misplaced !== undefined) {
      this.#defects.add(misplaced);
      return isFirst;
    }
    if (this.#eventIds.has(event.id)) broken(`has the event id of another record, ${event.id}`);
    this.#eventIds.add(event.id);
    return true;
  }
}

const also = (read: ReadRecord | UnreadRecord): string =>
  "problem" in read ? `, and ${read.problem}` : "";

/** What a record says about its place, against the seal that names it: a seal of other words is none of this record. */
function placeProblem({ record }: ReadRecord, seal: ReadSeal, index: number): string | undefined {
  const { plane, chain, at } = seal.statement.predicate;
  if (record.plane !== plane) return `belongs to ${record.plane}, and its seal to ${plane}`;
  if (record.chain.id !== chain.id || record.chain.seq !== chain.first + index) {
    return `calls itself ${record.chain.id} record ${record.chain.seq}, and its seal calls it otherwise`;
  }
  if (record.event.at !== at) return `is of ${record.event.at}, and its seal of ${at}`;
  return index === 0 && record.chain.prev !== chain.prev
    ? "links to another record than its seal"
    : undefined;
}
