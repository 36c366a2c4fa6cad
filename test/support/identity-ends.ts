import { isTerminal } from "../../lib/evidence/events.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";

/** How identities ended, by records alone. */
export interface IdentityEnds {
  readonly issued: number;
  /** Ids of those without a terminal record, with several, and of those that end without having been issued. */
  readonly open: readonly string[];
  readonly twice: readonly string[];
  readonly unissued: readonly string[];
}

/** Counts terminal records by identity (VAI-07); whole chains, in any order. */
export function identityEnds(records: Iterable<EvidenceRecord>): IdentityEnds {
  const issued = new Set<string>();
  const ends = new Map<string, number>();
  for (const { event, identity } of records) {
    if (identity === undefined) continue;
    if (event.type === "IdentityIssued") issued.add(identity.id);
    if (isTerminal(event.type)) ends.set(identity.id, (ends.get(identity.id) ?? 0) + 1);
  }
  return {
    issued: issued.size,
    open: [...issued].filter((id) => !ends.has(id)),
    twice: [...ends].flatMap(([id, count]) => (count > 1 ? [id] : [])),
    unissued: [...ends.keys()].filter((id) => !issued.has(id)),
  };
}
