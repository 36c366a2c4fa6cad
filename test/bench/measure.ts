import { cpus } from "node:os";
import { performance } from "node:perf_hooks";

/** One line of the report: what was measured, beside what, and the goal that was set for it. */
export interface Line {
  readonly name: string;
  readonly value: string;
  readonly goal?: string;
  readonly met?: boolean;
  readonly how: string;
  /** What the value is made of, a row a line. */
  readonly rows?: readonly string[];
  /** The same as numbers, for machines: only `--json` has it. */
  readonly data?: unknown;
}

/** Milliseconds of one run, the median of several, after as many to warm up. */
export function medianOf(runs: number, run: () => void): number {
  for (let index = 0; index < runs; index++) run();
  const times = Array.from({ length: runs }, () => {
    const started = performance.now();
    run();
    return performance.now() - started;
  });
  return median(times);
}

export const median = (times: readonly number[]): number => percentile(times, 0.5);

/** The smallest value that this share of all values does not exceed (nearest rank): of few values, the largest. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Rounds until both are compiled as far as they will be, and rounds that count. */
const WARM_UP = 15;
const ROUNDS = 15;

/**
 * Two pieces of work measured in turns in one run, so that whatever else the machine does slows both. Milliseconds
 * of one repetition each.
 */
export function besides(
  repetitions: number,
  ours: () => void,
  theirs: () => void,
): { ours: number; theirs: number } {
  const [own, other]: [number[], number[]] = [[], []];
  const repeat = (work: () => void): number => {
    const started = performance.now();
    for (let index = 0; index < repetitions; index++) work();
    return (performance.now() - started) / repetitions;
  };
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const times = [repeat(ours), repeat(theirs)];
    if (round < WARM_UP) continue;
    own.push(times[0] ?? 0);
    other.push(times[1] ?? 0);
  }
  return { ours: median(own), theirs: median(other) };
}

export const machine = (): string =>
  `${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores, Node ${process.version}, ${process.platform} ${process.arch}`;

export const fixed = (value: number, digits = 2): string => value.toFixed(digits);
