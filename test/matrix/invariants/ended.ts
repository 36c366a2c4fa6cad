import { isTerminal } from "../../../lib/evidence/events.ts";
import type { History } from "../history.ts";
import type { Observation, Violation } from "../observation.ts";

/** Exactly one terminal record an identity. */
export const ended = (_: Observation, { identities }: History): Omit<Violation, "invariant">[] =>
  identities.flatMap(({ id, chainId, records }) => {
    const ends = records.filter(({ record }) => isTerminal(record.event.type));
    return ends.length === 1
      ? []
      : [{ what: `identity ${id} has ${ends.length} terminal records`, chainId }];
  });
