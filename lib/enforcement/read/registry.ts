import { isRefusal, type Refusal } from "../../refusal.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Heads, HeadsWanted } from "./registry-port.ts";
import { areOf, openRegistry, type TrustSnapshot } from "./trust-snapshot.ts";

/** Reads of heads and documents that disagree, before it counts: a change may be in flight (PROTOCOL.md §6). */
const READS = 3;

/** What was read in the one batch, and the trust that it names; that may have expired. */
export interface TrustRead {
  readonly heads: Heads;
  readonly trust: TrustSnapshot | Refusal;
}

/**
 * The trust policy and restrictions that are published now. While the Registry is unchanged this is one batch of small
 * items; documents and the registry's chain are read and verified only when its heads moved.
 */
export async function readTrust(
  deps: PlaneDeps,
  also: Omit<HeadsWanted, "known"> = {},
): Promise<TrustRead> {
  for (let read = 1; ; read++) {
    const known = deps.memory.trust;
    const heads = await deps.registry.readHeads({ ...also, known: known?.head.seq ?? 0 });
    if (known !== undefined && areOf(heads, known)) {
      remember(deps, known);
      return { heads, trust: known };
    }
    const documents = await deps.registry.readDocuments(heads.registry);
    const trust = openRegistry(heads, documents, deps.plane, deps.anchors, known);
    if (!isRefusal(trust)) remember(deps, trust);
    if (!isRefusal(trust) || read === READS) return { heads, trust };
  }
}

/** Never back: of two courses in one process the slower one must not make the other's newer policy forgotten. */
function remember({ memory, clock }: PlaneDeps, trust: TrustSnapshot): void {
  if (memory.trust !== undefined && memory.trust.head.seq > trust.head.seq) return;
  memory.trust = trust;
  memory.trustSeenAt = clock();
}

/** Milliseconds: less than a published end of a key lies ahead, by more than a function lives (PROTOCOL.md §6). */
const RECENT = 60_000;

/**
 * What was in force a moment ago, for records of refusals while the Registry says nothing that holds: no key that it names can have
 * come to its end since.
 */
export function recentTrust({ memory, clock }: PlaneDeps): TrustSnapshot | undefined {
  const { trust, trustSeenAt = Number.NEGATIVE_INFINITY } = memory;
  return clock() - trustSeenAt < RECENT ? trust : undefined;
}
