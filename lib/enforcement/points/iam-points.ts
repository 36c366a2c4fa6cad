import { toInstant } from "../../clock.ts";
import { present } from "../../encoding/present.ts";
import type { IdentityView } from "../../evidence/intent-state.ts";
import type { Revoked } from "../../lifecycle/revocation-policy.ts";
import { namesOf, type ReachedRole, seenAt } from "./reached.ts";

/** How far a denial has come at one point (PROTOCOL.md §10). Times in RFC 3339. */
export interface PointState {
  readonly point: "adapter" | "iam" | "session";
  /** Of points `iam` and `session`: the execution role. */
  readonly role?: string;
  readonly requestedAt: string;
  /** Absent until then. */
  readonly acknowledgedAt?: string;
}

/** A denial at one role: what it denies, and what is on record of it. */
interface AtRole {
  readonly role: string;
  readonly requestedAt: string;
  readonly sessions: readonly string[];
  readonly denied?: IdentityView["denied"];
}

/** Points `iam` and `session` of a denial at one role, by what is on record and what was just heard of it. */
function pointsAt(
  { role, requestedAt, sessions, denied }: AtRole,
  heard: ReachedRole | undefined,
): PointState[] {
  const accepted = heard?.state === "accepted" ? heard : undefined;
  const seen = accepted && seenAt(accepted, sessions);
  const acknowledgedAt = denied?.acknowledgedAt ?? (accepted && toInstant(accepted.at));
  const isLooked = denied?.awaits === true || seen !== undefined;
  const seenOn = denied?.seenAt ?? (typeof seen === "number" ? toInstant(seen) : undefined);
  return [
    { point: "iam", role, requestedAt, ...present({ acknowledgedAt }) },
    ...(isLooked
      ? [{ point: "session", role, requestedAt, ...present({ acknowledgedAt: seenOn }) } as const]
      : []),
  ];
}

/** Points of a denial that is on no identity's record: a halt's, or one whose record is owed. */
export const rolePoints = (
  results: readonly ReachedRole[],
  requestedAt: string,
  denials: ReadonlyMap<string, readonly Revoked[]>,
): PointState[] =>
  results.flatMap((each) => {
    const { role } = each;
    return pointsAt({ role, requestedAt, sessions: namesOf(denials.get(role) ?? []) }, each);
  });

/** The same for identities that were ended, one a role and request; by what is on record, and what was just heard. */
export function iamPoints(
  identities: readonly IdentityView[],
  results: readonly ReachedRole[],
): PointState[] {
  const ended = identities.flatMap(({ denied, roleArn: role, sessionName }) =>
    denied === undefined || role === undefined ? [] : [{ role, denied, sessionName }],
  );
  const asked = Map.groupBy(ended, ({ role, denied }) => `${role} ${denied.requestedAt}`);
  return [...asked.values()].flatMap((all) => {
    const [first] = all;
    if (first === undefined) return [];
    const { role, denied } = first;
    const heard = results.find((each) => each.role === role);
    const sessions = all.map(({ sessionName }) => sessionName);
    return pointsAt({ role, requestedAt: denied.requestedAt, sessions, denied }, heard);
  });
}

/** Roles that a denial of them did not reach, or was not seen to. */
export function unreachedOf(
  identities: readonly IdentityView[],
  results: readonly ReachedRole[],
): string[] {
  const failed = identities.flatMap(({ denied, roleArn }) => {
    const isRefused = denied?.hasFailed === true && denied.acknowledgedAt === undefined;
    const isUnseen = denied?.isUnseen === true && denied.seenAt === undefined;
    return isRefused || isUnseen ? (roleArn ?? []) : [];
  });
  const refused = results.flatMap(({ role, state }) => (state === "refused" ? role : []));
  return [...new Set([...failed, ...refused])];
}
