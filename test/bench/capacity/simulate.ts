import type { Limit } from "./ceiling.ts";

/** Seconds that are played. */
const SECONDS = 30;

/**
 * The share of actions, offered at random at so many a second, of which every limit lets all through. Each limit is a
 * bucket that is filled anew each second and keeps nothing for the next; an action that finds one too empty takes from
 * none. AWS's burst capacity and the functions' repeats, which spread such a second, are not played: at a ceiling
 * nothing else helps for long.
 *
 * @param random of [0, 1), so that a test plays the same twice
 */
export function grantedShare(
  limits: readonly Limit[],
  actionsPerSecond: number,
  random: () => number,
): number {
  let [offered, granted] = [0, 0];
  for (let second = 0; second < SECONDS; second++) {
    const buckets = limits.map(({ limit, perAction }) => ({ left: limit, perAction }));
    for (let left = arrivals(actionsPerSecond, random); left > 0; left--) {
      offered += 1;
      if (buckets.some((bucket) => bucket.left < bucket.perAction)) continue;
      for (const bucket of buckets) bucket.left -= bucket.perAction;
      granted += 1;
    }
  }
  return offered === 0 ? 1 : granted / offered;
}

/** How many arrive in one second when they arrive independently of one another (Poisson). */
function arrivals(rate: number, random: () => number): number {
  let count = 0;
  let at = 0;
  for (;;) {
    at += -Math.log(1 - random()) / rate;
    if (at >= 1) return count;
    count += 1;
  }
}
