import { toInstant } from "../../clock.ts";
import { LONGEST_LIFE } from "../../lifecycle/due.ts";
import { Fault } from "../../refusal.ts";
import type { SweepDeps } from "../deps.ts";
import { inAnyOrder } from "../read/any-order.ts";
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
 * Chains with work by now; those that an earlier run did not come to; behind a change of the Registry, and each hour, every
 * open one, and by their records also those that whoever writes State hides there. One of each in turn, each in an order by
 * chance: who lists more of his own than a run has time for must not be before all others at every run.
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
    isSettling || isHour ? await everyChain(deps, now, isHour) : { lists: [], isPartial: false };
  const isLooked = isHour && !wide.isPartial;
  const lookedAt = isLooked ? now : (swept?.lookedAt ?? 0);
  memory.swept = { recordHash: head.recordHash, since, lookedAt, left: [] };
  const chains = dealt([due, swept?.left ?? [], ...wide.lists], deps.random);
  return { chains, isSettling, isPartial: wide.isPartial };
}

/** No contract lasts longer than an identity: what was bound before has no use left, whatever a view says. */
async function everyChain(
  { open, denials }: SweepDeps,
  now: number,
  isHour: boolean,
): Promise<{ readonly lists: readonly (readonly string[])[]; readonly isPartial: boolean }> {
  const since = toInstant(now - LONGEST_LIFE);
  const asked = await Promise.allSettled([
    open.all(),
    denials.issuedSince(since),
    // A change of the Registry ends identities; a contract without any can wait for the hour.
    ...(isHour ? [denials.boundSince(since)] : []),
  ]);
  const bug = asked.find((each) => each.status === "rejected" && !(each.reason instanceof Fault));
  if (bug?.status === "rejected") throw bug.reason;
  const lists = asked.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  return { lists, isPartial: asked.some(({ status }) => status === "rejected") };
}

/** One of each list in turn, none twice. @param random uniform in [0, 1). */
function dealt(lists: readonly (readonly string[])[], random: () => number): string[] {
  const shuffled = lists.map((list) => inAnyOrder(list, random));
  const longest = Math.max(...shuffled.map(({ length }) => length));
  const chains = new Set<string>();
  for (let turn = 0; turn < longest; turn++) {
    for (const list of shuffled) {
      const chain = list[turn];
      if (chain !== undefined) chains.add(chain);
    }
  }
  return [...chains];
}

/** What could not be recorded of a change keeps it new. */
export function settleLonger({ memory, clock }: SweepDeps): void {
  if (memory.swept !== undefined) memory.swept = { ...memory.swept, since: clock() };
}

/** Chains that are kept for the next run. */
const KEPT = 1_000;

/**
 * What a run did not come to, or failed at, is looked at by the next one, whatever the views say. Where that is more than is
 * kept, the next one looks for identities by their records too: of those nobody who writes State alone can invent one.
 */
export function leaveFor({ memory }: SweepDeps, left: readonly string[]): void {
  const { swept } = memory;
  if (swept === undefined) return;
  const lookedAt = left.length > KEPT ? 0 : swept.lookedAt;
  memory.swept = { ...swept, lookedAt, left: left.slice(0, KEPT) };
}
