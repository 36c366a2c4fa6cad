import { longestRise } from "./longest-rise.ts";
import type { Position, SealsAhead } from "./seals-ahead.ts";
import { type HashedText, Texts } from "./texts.ts";

/** Records that are looked at before one is believed to stand behind transactions that are gone. */
const MOST_WAITING = 256;
const LARGEST_WAITING = 4 * 1024 * 1024;

/** A record, and where a seal names it; without a position it stands under no seal here. */
export interface Aligned {
  readonly text: HashedText;
  readonly position: Position | undefined;
}

/**
 * Finds for records in their order where the seals name them. One that is named far ahead says either that all before
 * it is gone, or that it is out of place: a copied line must not cost the genuine ones their seals. Which of the two,
 * the records behind it tell: the most of them that stand in order are in their places.
 */
export class Lookahead {
  readonly #ahead: SealsAhead;
  readonly #waiting = new Texts();
  /** Of the first ones that wait: where they stand, or that they do not. One that is not in it was not judged. */
  readonly #judged = new Map<HashedText, Position | undefined>();
  #isComplete = false;

  constructor(ahead: SealsAhead) {
    this.#ahead = ahead;
  }

  push(text: HashedText): void {
    this.#waiting.push(text);
  }

  /** No more records come. */
  end(): void {
    this.#isComplete = true;
  }

  /** The next record; `undefined` while more of them must be seen first. */
  next(): Aligned | undefined {
    const { first } = this.#waiting;
    if (first === undefined) return undefined;
    const positions = this.#ahead.find(first.hash);
    if (positions.length === 0) return this.#pass(first, undefined);
    const { next } = this.#ahead;
    if (positions.includes(next)) return this.#pass(first, next);
    if (!this.#judged.has(first)) {
      if (!this.#isComplete && !this.#isFull) return undefined;
      this.#judge();
    }
    const position = this.#judged.get(first);
    return position !== undefined && positions.includes(position)
      ? this.#pass(first, position)
      : this.#pass({ ...first, isElsewhere: true }, undefined);
  }

  get #isFull(): boolean {
    return this.#waiting.length >= MOST_WAITING || this.#waiting.size >= LARGEST_WAITING;
  }

  #pass(text: HashedText, position: Position | undefined): Aligned {
    for (const each of this.#waiting.shift(1)) this.#judged.delete(each);
    return { text, position };
  }

  /** Judges the first half: of the others, too little of what stands behind them has been seen. */
  #judge(): void {
    const waiting = this.#waiting.all();
    const choices = waiting.map(({ hash }) => this.#ahead.find(hash));
    const rise = longestRise(choices);
    const end = this.#isComplete ? waiting.length : Math.ceil(waiting.length / 2);
    for (const [index, each] of waiting.slice(0, end).entries()) {
      // Seals beyond the window may yet name what none in it does.
      if (choices[index]?.length !== 0) this.#judged.set(each, rise[index]);
    }
  }
}
