import { toInstant } from "../../clock.ts";
import { LONGEST_LIFE } from "../../lifecycle/due.ts";
import { Fault } from "../../refusal.ts";
import type { SweepDeps } from "../deps.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";

/**
 * Milliseconds behind a change of the Registry in which every open chain is looked at: a barrier may have been committed
 * beside a denial, and an index lags (PROTOCOL.md §10).
 */
const SETTLING = 300_000;

/** Milliseconds: how often identities are looked for by their records, whatever the views say. */
const HOURLY = 3_600_000;

/** Which chains a run looks at, in this order. */
export interface Chains {
  readonly chains: readonly string[];
  /** Whether the Registry has moved lately, as this process has seen it; one that has just begun has seen nothing. */
  readonly isSettling: boolean;
  /** Whether something could not be asked for: it is at the next run. */
  readonly isPartial: boolean;
}

/**
 * Chains with work by now first; then those that an earlier run did not come to; behind a change of the Registry, and each
 * hour, every open one, and by their records also those that whoever writes State hides there.
 */
export async function chainsToSweep(deps: SweepDeps, { head }: TrustSnapshot): Promise<Chains> {
  const { open, clock, memory } = deps;
  const now = clock();
  const { swept } = memory;
  const since = swept?.recordHash === head.recordHash ? swept.since : now;
  const isSettling = now - since <= SETTLING;
  const isHour = now - (swept?.lookedAt ?? 0) >= HOURLY;
  const due = await open.due(toInstant(now));
  const wide =
    isSettling || isHour ? await everyChain(deps, now, isHour) : { chains: [], isPartial: false };
  const isLooked = isHour && !wide.isPartial;
  const lookedAt = isLooked ? now : (swept?.lookedAt ?? 0);
  memory.swept = { recordHash: head.recordHash, since, lookedAt, left: [] };
  const chains = [...new Set([...due, ...(swept?.left ?? []), ...wide.chains])];
  return { chains, isSettling, isPartial: wide.isPartial };
}

/** No contract lasts longer than an identity: what was bound before has no use left, whatever a view says. */
async function everyChain(
  { open, denials }: SweepDeps,
  now: number,
  isHour: boolean,
): Promise<Pick<Chains, "chains" | "isPartial">> {
  const since = toInstant(now - LONGEST_LIFE);
  const asked = await Promise.allSettled([
    open.all(),
    denials.issuedSince(since),
    // A change of the Registry ends identities; a contract without any can wait for the hour.
    ...(isHour ? [denials.boundSince(since)] : []),
  ]);
  const bug = asked.find((each) => each.status === "rejected" && !(each.reason instanceof Fault));
  if (bug?.status === "rejected") throw bug.reason;
  const chains = asked.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
  return { chains, isPartial: asked.some(({ status }) => status === "rejected") };
}

/** What could not be recorded of a change keeps it new. */
export function settleLonger({ memory, clock }: SweepDeps): void {
  if (memory.swept !== undefined) memory.swept = { ...memory.swept, since: clock() };
}

/** Chains that are kept for the next run; beyond these it finds what is due as ever. */
const KEPT = 1_000;

/** What a run did not come to, or failed at, is looked at by the next one, whatever the views say. */
export function leaveFor({ memory }: SweepDeps, left: readonly string[]): void {
  if (memory.swept !== undefined) memory.swept = { ...memory.swept, left: left.slice(0, KEPT) };
}
