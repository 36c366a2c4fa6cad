import { type Delegation, delegationNarrows } from "../contract/delegation.ts";
import { firstOf, loosened, NARROWS, type Narrowing, within } from "../contract/narrowing.ts";
import type { Step } from "../contract/step.ts";
import { stepsNarrow } from "../contract/step-narrows.ts";

/** What a block, the request for one, and a contract say of the authority that they hold. */
export interface Held {
  readonly exp: number;
  readonly authorization_details: readonly Step[];
  readonly deliveries: readonly string[];
  readonly delegation: Delegation;
}

/** The same, of what is handed on. */
export interface HandedOn extends Held {
  /** Whether the delegator keeps its own authority. */
  readonly retain: boolean;
}

/**
 * Whether what is handed on is no more than what is held (PROTOCOL.md §8): window, steps, deliveries, `delegation`, and
 * `retain` only where it is allowed. `pointer` into what is handed on.
 */
export const handedOnNarrows = (child: HandedOn, parent: Held): Narrowing =>
  firstOf(HELD, child, parent);

const HELD: readonly ((child: HandedOn, parent: Held) => Narrowing)[] = [
  // A child that outlives its parent (POC-A24).
  (child, parent) => (child.exp > parent.exp ? loosened("/exp") : NARROWS),
  (child, parent) => stepsNarrow(child.authorization_details, parent.authorization_details),
  deliveriesNarrow,
  (child, parent) => within("/delegation", delegationNarrows(child.delegation, parent.delegation)),
  (child, parent) => (child.retain && !parent.delegation.retain ? loosened("/retain") : NARROWS),
];

function deliveriesNarrow(child: Held, parent: Held): Narrowing {
  const foreign = child.deliveries.findIndex((each) => !parent.deliveries.includes(each));
  return foreign < 0 ? NARROWS : loosened(`/deliveries/${foreign}`);
}
