import type { Digest } from "../encoding/digest.ts";
import { genesisHead } from "../evidence/chain.ts";
import type { EvidenceRecord } from "../evidence/record.ts";
import type { SealStatement } from "../evidence/seal.ts";
import type { RecordPlace } from "./place.ts";
import type { Defect } from "./verdict.ts";

/** How far a chain was followed. Without a hash its last record was defective, so the next link cannot be judged. */
interface Followed {
  readonly seq: number;
  readonly hash: Digest | undefined;
}

/** The last record of a chain. */
export interface Head {
  readonly id: string;
  readonly seq: number;
  readonly hash: Digest;
}

const missing = (chainId: string, from: number, to: number): Defect => ({
  verdict: "gap",
  code: "EVIDENCE_MISSING",
  chainId,
  seq: from,
  what: from === to ? "is missing" : `is missing, and every record up to ${to}`,
});

/** Follows every chain of an export from its genesis: numbers, links, seals, and ends. */
export class ChainLedger {
  readonly #chains = new Map<string, Followed>();
  /** The last record that a good seal names, by chain. */
  readonly #sealed = new Map<string, number>();
  /** The same of seals without records that stand before their turn; they count when nothing overtakes them. */
  readonly #early = new Map<string, { readonly firsts: Set<number>; last: number }>();
  readonly #noted: readonly Head[];
  /** Which of the noted chains is which: asked for each record that does not hold, and there may be as many. */
  readonly #order: ReadonlyMap<string, number>;
  readonly #isListed: boolean;
  #current: string | undefined;

  /** `noted`: heads that somebody noted elsewhere, of all chains and in their order. */
  constructor(noted?: readonly Head[]) {
    this.#noted = noted ?? [];
    // The first of two of one name: set last.
    this.#order = new Map(this.#noted.map(({ id }, index) => [id, index] as const).reverse());
    this.#isListed = noted !== undefined;
  }

  /**
   * Whether a record that does not hold can be believed about where it stands, for nothing vouches for what it says:
   * it is the next of its chain, or begins a new one that is noted or at least well formed.
   */
  isPlausible(place: RecordPlace, isWellFormed: boolean): boolean {
    const { chainId, seq } = place;
    if (chainId === this.#current) return this.isNext(place);
    if (seq !== 1 || this.#chains.has(chainId)) return false;
    return this.#noted.length === 0 ? isWellFormed : this.#order.has(chainId);
  }

  /** Whether it goes on with the chain that is followed. */
  isNext({ chainId, seq }: RecordPlace): boolean {
    return chainId === this.#current && seq === this.#next(chainId);
  }

  /** Whether it goes on with what was followed, there or in the chain that is noted behind it. */
  isDue(place: RecordPlace): boolean {
    const due = this.due(1, undefined);
    return this.isNext(place) || (due?.chainId === place.chainId && due.seq === place.seq);
  }

  /**
   * Where a record stands that cannot say it itself: before `next`, the one that can say it `distance` records later,
   * or behind what was followed last, unless that chain is known to be whole.
   */
  due(distance: number, next: RecordPlace | undefined): RecordPlace | undefined {
    const current = this.#current ?? this.#noted[0]?.id;
    const before = next === undefined ? 0 : next.seq - distance;
    if (next !== undefined && next.chainId === current && before >= this.#next(current)) {
      return { chainId: current, seq: before };
    }
    const index = this.#order.get(current ?? "") ?? -1;
    const following = index < 0 ? undefined : this.#noted[index + 1];
    if (following !== undefined && this.#next(current) > (this.#noted[index]?.seq ?? 0)) {
      return { chainId: following.id, seq: 1 };
    }
    if (index < 0 && next !== undefined && next.chainId !== current && before > 0) {
      return { chainId: next.chainId, seq: before };
    }
    return current === undefined ? undefined : { chainId: current, seq: this.#next(current) };
  }

  #next(chainId: string | undefined): number {
    return (this.#chains.get(chainId ?? "")?.seq ?? 0) + 1;
  }

  /** Takes note of a record that does not hold: its place is filled, its hash is worth nothing. */
  skip({ chainId, seq }: RecordPlace): void {
    this.#current = chainId;
    const before = this.#chains.get(chainId)?.seq ?? 0;
    this.#chains.set(chainId, { seq: Math.max(seq, before), hash: undefined });
  }

  /**
   * Takes note of a seal that holds. Seals of a chain cover its records one after another, each once: a second one
   * over the same records would be a second history of them.
   * @param isEmpty whether none of its records stands before it. A copied line may be such a seal: then it must not put
   * the genuine ones that it overtakes in the wrong.
   */
  seal({ chain }: SealStatement["predicate"], isEmpty: boolean): Defect | undefined {
    const { id, first, last } = chain;
    const before = this.#sealed.get(id) ?? 0;
    const again = {
      verdict: "tampered",
      code: "EVIDENCE_CHAIN_BROKEN",
      chainId: id,
      seq: first,
      what: `is under a seal that stands a second time or behind a later one, which went up to ${Math.max(before, last)}`,
    } as const;
    const early = this.#early.get(id);
    const isAgain = first <= before || early?.firsts.has(first) === true;
    if (isEmpty && first > before + 1) {
      const { firsts, last: end } = early ?? { firsts: new Set(), last: 0 };
      this.#early.set(id, { firsts: firsts.add(first), last: Math.max(last, end) });
    } else {
      this.#sealed.set(id, Math.max(before, last));
    }
    return isAgain ? again : undefined;
  }

  /** Whether the chain was followed up to that place or beyond. */
  isPassed({ chainId, seq }: RecordPlace): boolean {
    return seq <= (this.#chains.get(chainId)?.seq ?? 0);
  }

  /** Puts a verified record behind its chain; what does not fit there is a defect. */
  follow({ plane, chain, event }: EvidenceRecord, hash: Digest): Defect | undefined {
    const before = this.#chains.get(chain.id) ?? genesisHead(plane, chain.id);
    this.#current = chain.id;
    const broken = (what: string): Defect => ({
      verdict: "tampered",
      code: "EVIDENCE_CHAIN_BROKEN",
      chainId: chain.id,
      seq: chain.seq,
      what,
    });
    if (chain.seq <= before.seq)
      return broken(`(${event.type}) stands a second time or behind a later record`);
    this.#chains.set(chain.id, { seq: chain.seq, hash });
    if (chain.seq > before.seq + 1) return missing(chain.id, before.seq + 1, chain.seq - 1);
    return before.hash === undefined || before.hash === chain.prev
      ? undefined
      : broken(`(${event.type}) does not link to the record before it`);
  }

  /** Chains with the records that were found, in the order in which they were met. */
  heads(): Head[] {
    return [...this.#chains].flatMap(([id, { seq, hash }]) =>
      hash === undefined ? [] : [{ id, seq, hash }],
    );
  }

  get size(): number {
    return this.#chains.size;
  }

  /**
   * Compares the ends of chains with what the seals name, and with the noted ones: a tail that was cut off together
   * with its seals shows only so (ADV-21, ADV-22).
   */
  *ends(): Generator<Defect> {
    const noted = new Map(this.#noted.map((head) => [head.id, head.seq]));
    for (const [chainId, sealed] of this.#lastSealed()) {
      const last = this.#chains.get(chainId)?.seq ?? 0;
      if (last >= sealed || (noted.get(chainId) ?? 0) >= sealed) continue;
      const what = `is missing: the chain ends at ${last}, its last seal names ${sealed}`;
      yield { verdict: "truncated", code: "EVIDENCE_TRUNCATED", chainId, seq: last + 1, what };
    }
    for (const head of this.#noted) {
      const problem = endProblem(head, this.#chains.get(head.id));
      if (problem !== undefined) yield { ...problem, chainId: head.id };
    }
    for (const chainId of this.#isListed ? this.#chains.keys() : []) {
      if (noted.has(chainId)) continue;
      const what = "belongs to a chain that the manifest does not list";
      yield { verdict: "tampered", code: "EVIDENCE_CHAIN_BROKEN", chainId, seq: 1, what };
    }
  }

  /** The last record that a good seal names, by chain, early ones too. */
  *#lastSealed(): Generator<[chainId: string, seq: number]> {
    for (const chainId of new Set([...this.#sealed.keys(), ...this.#early.keys()])) {
      const [sealed, early] = [this.#sealed.get(chainId), this.#early.get(chainId)];
      yield [chainId, Math.max(sealed ?? 0, early?.last ?? 0)];
    }
  }
}

function endProblem(head: Head, found: Followed | undefined): Omit<Defect, "chainId"> | undefined {
  const last = found?.seq ?? 0;
  if (last < head.seq) {
    const what = `is missing: the chain ends at ${last}, the manifest says at ${head.seq}`;
    return { verdict: "truncated", code: "EVIDENCE_TRUNCATED", seq: last + 1, what };
  }
  const isHead = last === head.seq && (found?.hash === undefined || found.hash === head.hash);
  if (isHead) return undefined;
  const what = `is not the head that the manifest names: ${head.seq} ${head.hash}`;
  return { verdict: "tampered", code: "EVIDENCE_CHAIN_BROKEN", seq: last, what };
}
