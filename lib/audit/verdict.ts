/**
 * What evidence is found to be (PROTOCOL.md §5), worst first. `unanchored` is the best that this version can say: every
 * record that is there holds, but no checkpoint covers the tails.
 */
const VERDICTS = ["tampered", "truncated", "gap", "unanchored", "complete"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Codes of the ledger, appendix E that only a verifier gives; stable, for machines. */
export type DefectCode =
  | "EVIDENCE_CHAIN_BROKEN"
  | "EVIDENCE_SIGNATURE_INVALID"
  | "EVIDENCE_HASH_MISMATCH"
  | "EVIDENCE_MISSING"
  | "EVIDENCE_TRUNCATED";

/** One thing that does not hold, and where. */
export interface Defect {
  readonly verdict: Exclude<Verdict, "unanchored" | "complete">;
  readonly code: DefectCode;
  readonly chainId: string;
  /** Number of the record in its chain, from 1; of an unreadable record the number that was due there. */
  readonly seq: number;
  /** What is wrong, a predicate whose subject is the record: "is signed by …". */
  readonly what: string;
}

/** How many defects are kept; the first of each verdict always is. */
const KEPT = 100;

/** Collects defects of a whole export. A flood of them must not fill the memory of who looks. */
export class Defects {
  readonly #kept: Defect[] = [];
  readonly #first = new Map<Verdict, Defect>();
  #count = 0;

  add(defect: Defect): void {
    this.#count++;
    if (!this.#first.has(defect.verdict)) this.#first.set(defect.verdict, defect);
    if (this.#kept.length < KEPT) this.#kept.push(defect);
  }

  get verdict(): Verdict {
    return VERDICTS.find((verdict) => this.#first.has(verdict)) ?? "unanchored";
  }

  /** The first of the worst kind, in the order of the records. */
  get first(): Defect | undefined {
    return this.#first.get(this.verdict);
  }

  /** How many there were, kept or not. */
  get count(): number {
    return this.#count;
  }

  get list(): readonly Defect[] {
    return this.#kept;
  }
}
