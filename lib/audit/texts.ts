import type { Digest } from "../encoding/digest.ts";

/** Text of a record with its hash: all that pairing looks at. `text` is no string when the line was none. */
export interface HashedText {
  readonly text: unknown;
  readonly hash: Digest | undefined;
  /** Whether a seal names it that stands elsewhere. */
  readonly isElsewhere?: true;
}

/** Characters of it, which memory is counted in. */
export const sizeOf = ({ text }: HashedText): number =>
  typeof text === "string" ? text.length : 0;

/** Texts that wait, and how much they are. What was parsed takes twenty times the memory of its text, so none is. */
export class Texts {
  #list: HashedText[] = [];
  #size = 0;

  get length(): number {
    return this.#list.length;
  }

  get size(): number {
    return this.#size;
  }

  get first(): HashedText | undefined {
    return this.#list[0];
  }

  push(...texts: readonly HashedText[]): void {
    for (const each of texts) {
      this.#list.push(each);
      this.#size += sizeOf(each);
    }
  }

  /** Removes the first `count`; by default all. */
  shift(count = this.#list.length): HashedText[] {
    const removed = this.#list.splice(0, count);
    for (const each of removed) this.#size -= sizeOf(each);
    return removed;
  }

  all(): readonly HashedText[] {
    return this.#list;
  }
}
