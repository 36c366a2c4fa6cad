import { toSeconds } from "../../clock.ts";
import type { InForce } from "../../evidence/details.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { type Quarantined, quarantined } from "../../lifecycle/restrict.ts";
import { Fault, isRefusal } from "../../refusal.ts";
import { settled } from "../barriers/append.ts";
import { appendToRegistry } from "../barriers/append-to-registry.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { roleEscalationDraft, type Unreached, unreachedReason } from "../records/points.ts";

/** Execution roles that a denial did not reach. */
type Path = Pick<Unreached, "role" | "why">;

/**
 * Lets roles serve nothing new until two people lift it: what was denied may go on there (VAI-118).
 * @returns whether all of them are quarantined; if not, `sweep` tries again.
 */
export async function quarantine(
  judgement: Judgement<PlaneDeps>,
  paths: readonly Path[],
): Promise<boolean> {
  try {
    const done = await appendToRegistry<true>(judgement, async ({ restrictions, limits }) => {
      const fresh = paths.filter(({ role }) => !limits.paths.has(role));
      const at = toSeconds(judgement.deps.clock());
      const next = quarantined(
        restrictions,
        fresh.map(({ role }) => role),
        at,
      );
      if (fresh.length === 0 || next.restrictions === restrictions) return settled(true);
      return { ...next, drafts: (inForce) => quarantineDrafts(fresh, next, inForce) };
    });
    return !isRefusal(done);
  } catch (fault) {
    if (fault instanceof Fault) return false;
    throw fault;
  }
}

/** The last record of a transaction names what is in force, as each of them does. */
export const quarantineDrafts = (
  paths: readonly Path[],
  { instead }: Pick<Quarantined, "instead">,
  inForce: InForce,
): RecordDraft[] =>
  paths.flatMap((path): RecordDraft[] => [
    roleEscalationDraft(unreachedReason(path), inForce),
    {
      type: "Quarantined",
      // What denies is found by the index of negative events.
      verdict: { outcome: "DENY" },
      detail: {
        ...inForce,
        ...{ path: path.role, cause: "REVOCATION_FAILED" },
        ...(instead !== undefined && { instead }),
      },
    },
  ]);
