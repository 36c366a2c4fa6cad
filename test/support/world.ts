import { setImmediate as tick } from "node:timers/promises";

/** Milliseconds: 2026-05-05T04:00:12.345Z, the instant at which every plane of these tests begins. */
export const START = Date.UTC(2026, 4, 5, 4, 0, 12, 345);

/** Turns of the event loop between two sleepers: about as long as one transaction takes. */
const TURNS = 6;

/** Whose id requests name, and what they are made with: a plane in memory or a deployed one. */
export interface Addressee {
  readonly id: string;
  /** `now` in milliseconds. */
  readonly world: { readonly now: number; readonly newId: () => string };
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/**
 * Everything that a plane takes from outside, under the test's control. Nobody really waits: sleepers are woken one
 * by one, the one with the shortest wait first, while everybody else goes on, and the clock then says what they
 * slept until. So whoever tries again until the end of its invocation comes to that end.
 */
export class World {
  /** Milliseconds. */
  now = START;
  #ids = 0;
  #seed: number;
  #sleepers: Sleeper[] = [];
  #isPumping = false;

  constructor(seed = 1) {
    this.#seed = seed;
  }

  readonly clock = (): number => this.now;

  /** UUIDs that tell where they came from by their order. */
  readonly newId = (): string => {
    this.#ids += 1;
    return `0198c7d2-0000-7000-8000-${this.#ids.toString(16).padStart(12, "0")}`;
  };

  /** mulberry32: uniform enough for jitter, the same in every run. */
  readonly random = (): number => {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };

  readonly sleep = (milliseconds: number): Promise<void> =>
    new Promise((wake) => {
      this.#sleepers.push({ at: this.now + milliseconds, wake });
      void this.#pump();
    });

  /** Lets time pass. Seconds. */
  pass(seconds: number): void {
    this.now += seconds * 1000;
  }

  /** Everything as it is now, to be put back. */
  saved(): () => void {
    const [now, ids, seed] = [this.now, this.#ids, this.#seed];
    return () => {
      [this.now, this.#ids, this.#seed] = [now, ids, seed];
    };
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#sleepers.length > 0) {
      for (let turn = 0; turn < TURNS; turn++) await tick();
      this.#sleepers.sort((left, right) => left.at - right.at);
      const next = this.#sleepers.shift();
      this.now = Math.max(this.now, Math.ceil(next?.at ?? 0));
      next?.wake();
    }
    this.#isPumping = false;
  }
}
