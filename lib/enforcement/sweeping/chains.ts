import { toInstant } from "../../clock.ts";
import { LONGEST_LIFE } from "../../lifecycle/due.ts";
import type { SweepDeps } from "../deps.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";

/**
 * Milliseconds behind a change of the Registry in which every open chain is looked at: a barrier may have been committed
 * beside a denial, and an index lags (PROTOCOL.md §10).
 */
const SETTLING = 300_000;

/** Milliseconds: how often identities are looked for by their records, whatever the views say. */
const HOURLY = 3_600_000;

/** Which chains a run looks at. */
export interface Chains {
  readonly chains: readonly string[];
  /** Whether the Registry has moved lately, as this process has seen it; one that has just begun has seen nothing. */
  readonly isSettling: boolean;
}

/**
 * Chains with work by now; behind a change of the Registry, and each hour, every open one, and by their records also those
 * that whoever writes State hides there.
 */
export async function chainsToSweep(
  { open, denials, clock, memory }: SweepDeps,
  { head }: TrustSnapshot,
): Promise<Chains> {
  const now = clock();
  const { swept } = memory;
  const since = swept?.recordHash === head.recordHash ? swept.since : now;
  const isSettling = now - since <= SETTLING;
  const isHour = now - (swept?.lookedAt ?? 0) >= HOURLY;
  const lookedAt = isSettling || isHour ? now : (swept?.lookedAt ?? now);
  memory.swept = { recordHash: head.recordHash, since, lookedAt };
  if (!isSettling && !isHour) return { chains: await open.due(toInstant(now)), isSettling };
  const [listed, issued] = await Promise.all([
    open.all(),
    denials.issuedSince(toInstant(now - LONGEST_LIFE)),
  ]);
  return { chains: [...new Set([...listed, ...issued])], isSettling };
}

/** A chain that failed may be one that a change covers: it is looked for again. */
export function unsettle({ memory, clock }: SweepDeps): void {
  if (memory.swept !== undefined) memory.swept = { ...memory.swept, since: clock() };
}
