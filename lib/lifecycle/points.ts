import { toSeconds } from "../clock.ts";
import { holdsSession, lastEnd } from "../evidence/held-session.ts";
import type { IdentityView } from "../evidence/intent-state.ts";
import type { Revoked } from "./revocation-policy.ts";

/** Sessions to be denied, by execution role. */
export type Denials = ReadonlyMap<string, readonly Revoked[]>;

/** A denial that has to reach IAM at one role, and to be seen there (PROTOCOL.md §10, Points); what one command ended there is one. */
export interface IamPoint {
  readonly role: string;
  /** RFC 3339. */
  readonly requestedAt: string;
  readonly sessions: readonly Revoked[];
  /** Whether IAM's acceptance is on record: then only point `session` is open. */
  readonly isAccepted: boolean;
  /** Whether the failure of point `iam` is on record. */
  readonly hasFailed: boolean;
  /** Whether the failure of point `session` is. */
  readonly isUnseen: boolean;
}

/** The session of an identity, as far as one was recorded. */
function sessionOf(identity: IdentityView): Revoked[] {
  const end = lastEnd(identity);
  if (end === undefined) return [];
  // The end of a session that ends within a second is that second's.
  return [{ session: identity.sessionName, until: Math.ceil(Date.parse(end) / 1000) }];
}

/** Sessions that somebody may hold now, of identities that are about to be ended; `now` in milliseconds. */
export function heldSessions(identities: readonly IdentityView[], now: number): Denials {
  const held = identities.filter((identity) => holdsSession(identity, now));
  return byRole(held);
}

/** Denials that have not come to IAM yet, or were not seen there; one that failed is tried until its sessions are over. */
export function openPoints(identities: readonly IdentityView[], now: number): IamPoint[] {
  const open = identities.filter((identity) => {
    const { denied } = identity;
    if (denied === undefined) return false;
    const isAlive = Date.parse(lastEnd(identity) ?? "") > now;
    if (denied.acknowledgedAt === undefined) return denied.hasFailed !== true || isAlive;
    return denied.awaits === true && denied.seenAt === undefined && isAlive;
  });
  const asked = Map.groupBy(open, ({ denied }) => denied?.requestedAt ?? "");
  return [...asked].flatMap(([requestedAt, ended]) =>
    [...byRole(ended)].map(([role, sessions]) => {
      const [denied] = ended.flatMap((each) => (each.roleArn === role ? (each.denied ?? []) : []));
      return {
        ...{ role, requestedAt, sessions },
        isAccepted: denied?.acknowledgedAt !== undefined,
        hasFailed: denied?.hasFailed === true,
        isUnseen: denied?.isUnseen === true,
      };
    }),
  );
}

const byRole = (identities: readonly IdentityView[]): Denials =>
  gathered(
    identities.flatMap((identity): Denial[] =>
      identity.roleArn === undefined ? [] : [[identity.roleArn, sessionOf(identity)]],
    ),
  );

/** The sessions of all points, by role. */
export const denialsOf = (points: readonly IamPoint[]): Denials =>
  gathered(points.map(({ role, sessions }): Denial => [role, sessions]));

/** Both. */
export const joined = (one: Denials, other: Denials): Denials => gathered([...one, ...other]);

type Denial = readonly [role: string, sessions: readonly Revoked[]];

function gathered(denials: readonly Denial[]): Denials {
  const roles = Map.groupBy(denials, ([role]) => role);
  return new Map([...roles].map(([role, all]) => [role, all.flatMap(([, sessions]) => sessions)]));
}

/** Seconds after which a denial that IAM has not accepted counts as failed. */
const PATIENCE = 120;

/** Whether a denial has been outstanding for too long; `now` in milliseconds. */
export const isOverdue = ({ requestedAt }: Pick<IamPoint, "requestedAt">, now: number): boolean =>
  toSeconds(now - Date.parse(requestedAt)) >= PATIENCE;
