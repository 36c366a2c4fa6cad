import { MOST_RECORDS } from "../evidence/seal-shape.ts";
import { type ReadSeal, readSeal, type UnreadSeal } from "./read-seal.ts";

/** How far ahead of the records seals are read: so many transactions in a row may have lost all their records. */
const WINDOW = 1000;

/** Seals of a window that may name one record: only copies of a seal do, and a flood of them must not cost more. */
const MOST_NAMINGS = 4;

/**
 * Where a record is named: {@link MOST_RECORDS} times the number of the seal among all seals, plus that of the subject.
 * Positions rise as records do.
 */
export type Position = number;

const positionOf = (seal: number, index: number): Position => seal * MOST_RECORDS + index;

/** A window on the seals of an export, in their order, and which records they name. */
export class SealsAhead {
  readonly #source: AsyncIterator<unknown> | Iterator<unknown>;
  readonly #seals: (ReadSeal | UnreadSeal)[] = [];
  readonly #named = new Map<string, Position[]>();
  /** How many seals stand before the window. */
  #passed = 0;
  /** Subjects of the first seal up to and with the last one that was taken. */
  #taken = 0;

  private constructor(source: AsyncIterator<unknown> | Iterator<unknown>) {
    this.#source = source;
  }

  static async open(seals: AsyncIterable<unknown> | Iterable<unknown>): Promise<SealsAhead> {
    const source =
      Symbol.asyncIterator in seals ? seals[Symbol.asyncIterator]() : seals[Symbol.iterator]();
    const ahead = new SealsAhead(source);
    while (ahead.#seals.length < WINDOW && (await ahead.#read())) {}
    return ahead;
  }

  get isEmpty(): boolean {
    return this.#seals.length === 0;
  }

  /** Where the next record is named if none is missing. */
  get next(): Position {
    return (this.#rest ?? 0) > 0
      ? positionOf(this.#passed, this.#taken)
      : positionOf(this.#passed + 1, 0);
  }

  /** Where a record is named behind the last one that was taken; ascending. */
  find(hash: string | undefined): readonly Position[] {
    const named = hash === undefined ? undefined : this.#named.get(hash);
    if (named === undefined) return [];
    const first = positionOf(this.#passed, this.#taken);
    return (named[0] ?? 0) >= first ? named : named.filter((position) => position >= first);
  }

  /** Takes note that a record of the first seal was found. */
  take(position: Position): void {
    this.#taken = (position % MOST_RECORDS) + 1;
  }

  /**
   * Divides records that no seal names among the seals that they stand before: for each seal before the one that
   * names the next record, how many. A seal takes as many as it misses; one that cannot be read, what the others leave.
   * @param to where the next record is named; `undefined` at the end of all records.
   */
  *shares(loose: number, to: Position | undefined): Generator<number> {
    const count =
      to === undefined ? this.#seals.length : Math.floor(to / MOST_RECORDS) - this.#passed;
    if (count === 0) return;
    const missed = this.#seals
      .slice(0, count)
      .map((seal, position) => (position === 0 ? this.#rest : countOf(seal)));
    let later = missed.reduce<number>((sum, each) => sum + (each ?? 0), (to ?? 0) % MOST_RECORDS);
    let left = loose;
    for (const each of missed) {
      later -= each ?? 0;
      const share = each === undefined ? Math.max(0, left - later) : Math.min(each, left);
      left -= share;
      yield share;
    }
  }

  /** Removes the first seal. */
  async shift(): Promise<ReadSeal | UnreadSeal> {
    const seal = this.#seals.shift();
    if (seal === undefined) throw new TypeError("there is no seal ahead");
    this.#passed++;
    this.#taken = 0;
    const first = positionOf(this.#passed, 0);
    for (const hash of hashesOf(seal)) {
      const later = this.#named.get(hash)?.filter((position) => position >= first) ?? [];
      if (later.length > 0) this.#named.set(hash, later);
      else this.#named.delete(hash);
    }
    await this.#read();
    return seal;
  }

  /** Subjects of the first seal behind the last one that was taken; `undefined` when it cannot be read. */
  get #rest(): number | undefined {
    const count = countOf(this.#seals[0]);
    return count === undefined ? undefined : count - this.#taken;
  }

  async #read(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    const seal = readSeal(next.value);
    const number = this.#passed + this.#seals.length;
    this.#seals.push(seal);
    for (const [index, hash] of hashesOf(seal).entries()) {
      const named = this.#named.get(hash);
      if (named === undefined) this.#named.set(hash, [positionOf(number, index)]);
      else if (named.length < MOST_NAMINGS) named.push(positionOf(number, index));
    }
    return true;
  }
}

const hashesOf = (seal: ReadSeal | UnreadSeal): string[] =>
  "problem" in seal ? [] : seal.statement.subject.map(({ digest }) => `sha256:${digest.sha256}`);

const countOf = (seal: ReadSeal | UnreadSeal | undefined): number | undefined =>
  seal === undefined || "problem" in seal ? undefined : seal.statement.subject.length;
