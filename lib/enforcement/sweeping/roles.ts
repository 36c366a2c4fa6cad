import type { TrustPolicy } from "../../trust/policy.ts";
import type { SweepDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { denyAtRole } from "../points/deny-at-role.ts";
import { quarantine } from "../points/quarantine.ts";
import { executionRoles } from "../points/unread.ts";

/**
 * Puts what the policy of a role lacks, since a put that was given up may have landed behind a later one, and prunes what
 * is over. @returns the number of roles that lack a denial still.
 */
export async function sweepRoles(
  judgement: Judgement<SweepDeps>,
  published: TrustPolicy,
): Promise<number> {
  const results = await Promise.all(
    executionRoles(published).map((role) => denyAtRole(judgement.deps, role, [])),
  );
  const lacking = results.filter((each) => each.state !== "accepted" && each.isOwed);
  const refused = lacking.flatMap((each) => (each.state === "refused" ? [each] : []));
  if (refused.length > 0) await quarantine(judgement, refused);
  return lacking.length;
}
