import { Lookahead } from "./lookahead.ts";
import { hashedText, readHashed } from "./read-record.ts";
import { SealsAhead } from "./seals-ahead.ts";
import { type HashedText, sizeOf, Texts } from "./texts.ts";
import type { Transaction } from "./transaction.ts";

/** Records that wait for one behind them to tell under which seal they stand: more than that has none. */
const MOST_LOOSE = 1000;

/** Characters of one transaction's records: DynamoDB writes at most 4 MB in one. */
const LARGEST = 4 * 1024 * 1024;

/** Characters of records without a seal that are handed on, and with it parsed, together. */
const LARGEST_UNSEALED = 1024 * 1024;

/**
 * Puts the records and the seals of an export together again. Both are in order, and a seal names its records by hash:
 * that alone is looked at, and nothing of it is believed, for whatever is paired wrongly does not verify. A record that
 * no seal names (edited, or its seal is gone) goes to the seal that misses one at that place.
 * However long the export is, it holds texts only: up to two transactions of them, those that {@link Lookahead} waits
 * for (4 Mi characters each), and {@link SealsAhead}. Records are parsed when their transaction is handed on.
 */
export async function* pairSeals(
  records: AsyncIterable<unknown> | Iterable<unknown>,
  seals: AsyncIterable<unknown> | Iterable<unknown>,
): AsyncGenerator<Transaction> {
  const pairing = new Pairing(await SealsAhead.open(seals));
  for await (const text of records) {
    pairing.push(hashedText(text));
    yield* pairing.settled();
  }
  pairing.end();
  yield* pairing.settled();
  yield* pairing.rest();
}

class Pairing {
  readonly #ahead: SealsAhead;
  readonly #lookahead: Lookahead;
  /** Records under the first seal so far. */
  readonly #group = new Texts();
  /** Those behind them that no seal names. */
  readonly #loose = new Texts();

  constructor(ahead: SealsAhead) {
    this.#ahead = ahead;
    this.#lookahead = new Lookahead(ahead);
  }

  push(text: HashedText): void {
    this.#lookahead.push(text);
  }

  end(): void {
    this.#lookahead.end();
  }

  /** What can be told of the records so far. */
  async *settled(): AsyncGenerator<Transaction> {
    for (let next = this.#lookahead.next(); next !== undefined; next = this.#lookahead.next()) {
      const { text, position } = next;
      if (position === undefined) yield* this.#wait(text);
      else {
        const shares = this.#ahead.shares(this.#loose.length, position);
        for (const share of shares) yield await this.#sealed(share);
        yield* this.#join(text);
        this.#ahead.take(position);
      }
    }
  }

  /** The seals that are left, and what has none. */
  async *rest(): AsyncGenerator<Transaction> {
    while (!this.#ahead.isEmpty) {
      const { length } = this.#loose;
      const [share = 0] = length === 0 ? [] : this.#ahead.shares(length, undefined);
      yield await this.#sealed(share);
    }
    yield* unsealed(this.#loose.shift());
  }

  async #sealed(share: number): Promise<Transaction> {
    this.#group.push(...this.#loose.shift(share));
    const { size } = this.#group;
    return { records: this.#group.shift().map(readHashed), seal: await this.#ahead.shift(), size };
  }

  *#wait(text: HashedText): Generator<Transaction> {
    this.#loose.push(text);
    if (this.#loose.size > LARGEST) yield* unsealed(this.#loose.shift());
    if (this.#loose.length > MOST_LOOSE) yield* unsealed(this.#loose.shift(MOST_LOOSE / 2));
  }

  *#join(text: HashedText): Generator<Transaction> {
    if (this.#group.size + this.#loose.size > LARGEST) yield* unsealed(this.#loose.shift());
    if (this.#group.size + sizeOf(text) > LARGEST) yield* unsealed([text]);
    else this.#group.push(...this.#loose.shift(), text);
  }
}

const take = (texts: Texts): Transaction => {
  const { size } = texts;
  return { records: texts.shift().map(readHashed), size };
};

/** Records that nothing vouches for, so few at a time that parsing them takes little. */
function* unsealed(texts: readonly HashedText[]): Generator<Transaction> {
  const some = new Texts();
  for (const text of texts) {
    some.push(text);
    if (some.size < LARGEST_UNSEALED) continue;
    yield take(some);
  }
  if (some.length > 0) yield take(some);
}
