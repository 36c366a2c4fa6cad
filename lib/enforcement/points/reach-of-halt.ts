import { toSeconds } from "../../clock.ts";
import type { InForce } from "../../evidence/details.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import type { Denials } from "../../lifecycle/points.ts";
import { quarantined } from "../../lifecycle/restrict.ts";
import { Fault, isRefusal } from "../../refusal.ts";
import { settled } from "../barriers/append.ts";
import { appendToRegistry } from "../barriers/append-to-registry.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { registryRecords } from "../read/registry-records.ts";
import { failedDraft } from "../records/points.ts";
import { quarantineDrafts } from "./quarantine.ts";
import { reachedDrafts } from "./reach.ts";
import type { ReachedRole } from "./reached.ts";

/**
 * Records on `plane/registry` what came of telling IAM of a halt or a revoked key, and quarantines the roles that refused.
 * What was neither accepted nor refused is left to `sweep`, on the chains whose identities it ends.
 * @returns the number of the last record; nothing when none was written, and none can be now.
 */
export async function recordHaltReached(
  judgement: Judgement<PlaneDeps>,
  requestedAt: string,
  results: readonly ReachedRole[],
  denials: Denials,
): Promise<number | undefined> {
  if (results.every(({ state }) => state === "outstanding")) return undefined;
  try {
    const done = await appendToRegistry<undefined>(judgement, async (trust) => {
      const records = await registryRecords(judgement.deps, trust);
      if (isRefusal(records)) return records;
      const told = new Set(
        records
          .filter(({ detail }) => detail["requestedAt"] === requestedAt)
          .map(({ event, detail }) => `${event.type} ${detail["point"]} ${detail["role"]}`),
      );
      const refused = results.flatMap((each) =>
        each.state === "refused" && !trust.limits.paths.has(each.role) ? [each] : [],
      );
      const paths = refused.map(({ role }) => role);
      const at = toSeconds(judgement.deps.clock());
      const next = quarantined(trust.restrictions, paths, at);
      const drafts = (inForce: InForce): RecordDraft[] => [
        ...acknowledgements(requestedAt, results, denials, inForce).filter(
          ({ type, detail }) =>
            !(
              "point" in detail &&
              "role" in detail &&
              told.has(`${type} ${detail.point} ${detail.role}`)
            ),
        ),
        ...refused.map((each) => failedDraft({ ...each, point: "iam", requestedAt }, inForce)),
        ...quarantineDrafts(refused, next, inForce),
      ];
      const { version, trustPolicyDigest, restrictionsDigest } = trust.head;
      const isNothing = drafts({ version, trustPolicyDigest, restrictionsDigest }).length === 0;
      return isNothing ? settled(undefined) : { restrictions: next.restrictions, drafts };
    });
    return isRefusal(done) || done.kind === "settled" ? undefined : done.seq;
  } catch (fault) {
    if (fault instanceof Fault) return undefined;
    throw fault;
  }
}

const acknowledgements = (
  requestedAt: string,
  results: readonly ReachedRole[],
  denials: Denials,
  inForce: InForce,
): RecordDraft[] =>
  results.flatMap((each) => {
    if (each.state !== "accepted") return [];
    const { role } = each;
    return reachedDrafts({ role, requestedAt, sessions: denials.get(role) ?? [] }, each, inForce);
  });
