import { intentChain } from "../../evidence/chain.ts";
import { BREAK_GLASS, spoolOf } from "../../lifecycle/break-glass.ts";
import { Fault } from "../../refusal.ts";
import type { SweepDeps } from "../deps.ts";

/** An intent that has spooled transactions which this process has not seen stored. */
interface Spooling {
  readonly policy: string;
  /** How many transactions there are, stored ones too. */
  readonly count: number;
}

/** Chains of emergencies with work in the spool; nothing where nobody could see. */
export type Spools = ReadonlyMap<string, Spooling>;

/**
 * Looked for in the bucket: what could not be stored is in no table and no view. A process that has just begun looks at every
 * emergency once.
 */
export async function spoolsToSweep(deps: SweepDeps): Promise<Spools | undefined> {
  const { breakGlass, memory } = deps;
  try {
    const policies = await breakGlass.names(BREAK_GLASS);
    const found = new Map<string, Spooling>();
    for (const policy of policies) {
      const under = spoolOf(policy);
      for (const key of await breakGlass.keys(under, "")) {
        const chainId = intentChain(key.slice(under.length, key.lastIndexOf("/")));
        found.set(chainId, { policy, count: (found.get(chainId)?.count ?? 0) + 1 });
      }
    }
    return new Map([...found].filter(([id, { count }]) => memory.spools?.get(id) !== count));
  } catch (fault) {
    if (fault instanceof Fault) return undefined;
    throw fault;
  }
}

/** What was looked at, and is stored as far as it was seen. */
export function haveMerged({ memory }: SweepDeps, spools: Spools, done: readonly string[]): void {
  const merged = new Map(memory.spools);
  for (const chainId of done) {
    const spool = spools.get(chainId);
    if (spool !== undefined) merged.set(chainId, spool.count);
  }
  memory.spools = merged;
}
