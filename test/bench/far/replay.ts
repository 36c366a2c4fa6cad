import type { HeldCall } from "../../../localstack/front-door/faults/distance.ts";

type Span = Pick<HeldCall, "from" | "to" | "distanceMs">;

/**
 * Milliseconds by which the last of these calls would have ended earlier had none taken longer than its distance: the
 * emulator's share of the time, on the path on which calls wait for one another.
 *
 * The calls are played again. Each begins as long after the end of those that had ended before it as it did, so it is
 * taken to have waited for all of them, and whatever happened between calls keeps its time; only what a call took
 * beyond its distance goes. Where a call did not wait for an earlier one this gives too little, never too much.
 */
export function beyondDistance(calls: readonly Span[]): number {
  const played: { readonly to: number; readonly end: number }[] = [];
  for (const { from, to, distanceMs } of calls.toSorted((left, right) => left.from - right.from)) {
    const before = played.filter((earlier) => earlier.to <= from);
    const waited = from - latest(before.map((earlier) => earlier.to));
    const start = before.length === 0 ? from : latest(before.map(({ end }) => end)) + waited;
    played.push({ to, end: start + Math.min(to - from, distanceMs) });
  }
  if (played.length === 0) return 0;
  return latest(played.map(({ to }) => to)) - latest(played.map(({ end }) => end));
}

const latest = (times: readonly number[]): number => Math.max(...times);
