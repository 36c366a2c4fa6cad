import { type ReadSeal, readSeal, type UnreadSeal } from "./read-seal.ts";

/** How far ahead of the records seals are read: so many transactions in a row may have lost all their records. */
const WINDOW = 1000;

/** Where a record is named: under the `seal`-th of all seals, as its subject number `index`. */
interface Named {
  readonly hash: string;
  readonly seal: number;
  readonly index: number;
}

/** A window on the seals of an export, in their order, and which records they name. */
export class SealsAhead {
  readonly #source: AsyncIterator<unknown> | Iterator<unknown>;
  readonly #seals: (ReadSeal | UnreadSeal)[] = [];
  readonly #named = new Map<string, Named>();
  /** How many seals stand before the window. */
  #passed = 0;
  /** Subjects of the first seal behind the last one that was found; `undefined` when it cannot be read. */
  #rest: number | undefined;

  private constructor(source: AsyncIterator<unknown> | Iterator<unknown>) {
    this.#source = source;
  }

  static async open(seals: AsyncIterable<unknown> | Iterable<unknown>): Promise<SealsAhead> {
    const source =
      Symbol.asyncIterator in seals ? seals[Symbol.asyncIterator]() : seals[Symbol.iterator]();
    const ahead = new SealsAhead(source);
    while (ahead.#seals.length < WINDOW && (await ahead.#read())) {}
    ahead.#rest = countOf(ahead.#seals[0]);
    return ahead;
  }

  get isEmpty(): boolean {
    return this.#seals.length === 0;
  }

  find(hash: string | undefined): Named | undefined {
    return hash === undefined ? undefined : this.#named.get(hash);
  }

  /** Takes note that a record of the first seal was found. Found twice, it is one that no seal waits for. */
  take({ hash, index }: Named): void {
    this.#named.delete(hash);
    this.#rest = (countOf(this.#seals[0]) ?? 0) - 1 - index;
  }

  /**
   * Divides records that no seal names among the seals that they stand before: for each seal before the one that
   * names the next record, how many. A seal takes as many as it misses; one that cannot be read, what the others leave.
   * @param to `undefined` at the end of all records.
   */
  *shares(loose: number, to: Named | undefined): Generator<number> {
    const count = to === undefined ? this.#seals.length : to.seal - this.#passed;
    const missed = this.#seals
      .slice(0, count)
      .map((seal, position) => (position === 0 ? this.#rest : countOf(seal)));
    let later = missed.reduce<number>((sum, each) => sum + (each ?? 0), to?.index ?? 0);
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
    for (const hash of hashesOf(seal)) {
      if (this.#named.get(hash)?.seal === this.#passed - 1) this.#named.delete(hash);
    }
    await this.#read();
    this.#rest = countOf(this.#seals[0]);
    return seal;
  }

  async #read(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    const seal = readSeal(next.value);
    const position = this.#passed + this.#seals.length;
    this.#seals.push(seal);
    for (const [index, hash] of hashesOf(seal).entries()) {
      if (!this.#named.has(hash)) this.#named.set(hash, { hash, seal: position, index });
    }
    return true;
  }
}

const hashesOf = (seal: ReadSeal | UnreadSeal): string[] =>
  "problem" in seal ? [] : seal.statement.subject.map(({ digest }) => `sha256:${digest.sha256}`);

const countOf = (seal: ReadSeal | UnreadSeal | undefined): number | undefined =>
  seal === undefined || "problem" in seal ? undefined : seal.statement.subject.length;
