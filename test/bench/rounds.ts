import { setTimeout as sleep } from "node:timers/promises";
import { newPlane } from "../support/plane.ts";
import type { Line } from "./measure.ts";

/** Milliseconds that every call to a dependency takes here: long beside what happens between calls. */
const CALL = 10;

interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Sequential AWS round trips of one governed action in a process that served one before: every call to a
 * dependency takes the same time, and the longest row of calls that wait for one another is counted.
 */
export async function measureRounds(): Promise<Line> {
  const plane = await newPlane();
  await plane.grant();
  const spans: Span[] = [];
  const through = plane.faults.through.bind(plane.faults);
  plane.faults.through = async (at, effect) => {
    const start = performance.now();
    try {
      await sleep(CALL);
      return await through(at, effect);
    } finally {
      spans.push({ start, end: performance.now() });
    }
  };
  await plane.grant();
  const rounds = longestRow(spans);
  return {
    name: "sequential AWS round trips of one governed action, delivery execute",
    value: `${rounds} (${spans.length} calls in all)`,
    goal: "≤ 10",
    met: rounds <= 10,
    how: `in memory, the real enforcement and stores; each call to a dependency takes ${CALL} ms`,
  };
}

/** The most spans of which each begins after the one before has ended. */
function longestRow(spans: readonly Span[]): number {
  let [count, free] = [0, Number.NEGATIVE_INFINITY];
  for (const { start, end } of spans.toSorted((left, right) => left.end - right.end)) {
    if (start < free) continue;
    count += 1;
    free = end;
  }
  return count;
}
