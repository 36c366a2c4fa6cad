import { History } from "./history.ts";
import { denied } from "./invariants/denied.ts";
import { ended } from "./invariants/ended.ts";
import { inOrder } from "./invariants/in-order.ts";
import { kept } from "./invariants/kept.ts";
import { once } from "./invariants/once.ts";
import { over } from "./invariants/over.ts";
import { recorded } from "./invariants/recorded.ts";
import { truthful } from "./invariants/truthful.ts";
import type { Observation, Violation } from "./observation.ts";

type Invariant = (seen: Observation, history: History) => readonly Omit<Violation, "invariant">[];

/** What holds whatever goes wrong, in the words in which it is reported. */
const INVARIANTS: Readonly<Record<string, Invariant>> = {
  "no live authority without a record": recorded,
  "no begin after a committed denial": denied,
  "no bounded call twice": once,
  "no success reported that did not happen": truthful,
  "no record lost or forked": kept,
  "one terminal record an identity": ended,
  "every contract ends": over,
};

/**
 * The same of races: what is under way when its denial is committed may still be answered, by STS too. Only the chain says
 * what came first, since the feed tells when calls ended.
 */
const RACED: typeof INVARIANTS = {
  ...INVARIANTS,
  "no begin after a committed denial": inOrder,
};

/** Everything that does not hold. */
export const violationsOf = (seen: Observation): Violation[] => judged(seen, INVARIANTS);

/** The same, of functions that were under way at once. */
export const racedViolationsOf = (seen: Observation): Violation[] => judged(seen, RACED);

function judged(seen: Observation, invariants: typeof INVARIANTS): Violation[] {
  const history = new History(seen);
  return Object.entries(invariants).flatMap(([invariant, judge]) =>
    judge(seen, history).map((found) => ({ invariant, ...found })),
  );
}
