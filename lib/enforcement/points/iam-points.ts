import { toInstant } from "../../clock.ts";
import { present } from "../../encoding/present.ts";
import type { IdentityView } from "../../evidence/fold.ts";
import type { RoleResult } from "./deny-at-role.ts";

/** How far a denial has come at one point (PROTOCOL.md §10). Times in RFC 3339. */
export interface PointState {
  readonly point: "adapter" | "iam" | "session";
  /** Of points `iam` and `session`: the execution role. */
  readonly role?: string;
  readonly requestedAt: string;
  /** Absent until then. */
  readonly acknowledgedAt?: string;
}

/** Point `iam` of one role, by what was just heard of it; `now` in milliseconds. */
export function iamPoint(
  role: string,
  requestedAt: string,
  heard: RoleResult | undefined,
  now: number,
  acknowledgedAt?: string,
): PointState {
  const at = acknowledgedAt ?? (heard?.state === "accepted" ? toInstant(now) : undefined);
  return { point: "iam", role, requestedAt, ...present({ acknowledgedAt: at }) };
}

/** The same for identities that were ended, one a role and request; by what is on record, and what was just heard. */
export function iamPoints(
  identities: readonly IdentityView[],
  results: readonly RoleResult[],
  now: number,
): PointState[] {
  const points = identities.flatMap(({ denied, roleArn: role }) => {
    if (denied === undefined || role === undefined) return [];
    const heard = results.find((each) => each.role === role);
    return [iamPoint(role, denied.requestedAt, heard, now, denied.acknowledgedAt)];
  });
  const byName = new Map(points.map((each) => [`${each.role} ${each.requestedAt}`, each]));
  return [...byName.values()];
}

/** Roles that a denial of them did not reach. */
export function unreachedOf(
  identities: readonly IdentityView[],
  results: readonly RoleResult[],
): string[] {
  const failed = identities.flatMap(({ denied, roleArn }) =>
    denied?.hasFailed === true && denied.acknowledgedAt === undefined ? (roleArn ?? []) : [],
  );
  const refused = results.flatMap(({ role, state }) => (state === "refused" ? role : []));
  return [...new Set([...failed, ...refused])];
}
