/** Chance that a seed repeats: mulberry32. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 to `sides` - 1. */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, sides);
  }

  /** Once in `sides` times. */
  hits(sides: number): boolean {
    return this.roll(sides) === 0;
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new TypeError("nothing to pick from");
    return from[this.roll(from.length)] as T;
  }
}
