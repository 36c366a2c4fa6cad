import { sessionName } from "../../authority/derive/session-name.ts";
import { toSeconds } from "../../clock.ts";
import { FUNCTION_TIMEOUT_SECONDS } from "../../config.ts";
import { SESSION_SECONDS } from "../../issuance/assume-role.ts";
import type { Denials } from "../../lifecycle/points.ts";
import type { OpenIdentity } from "../../lifecycle/ports.ts";
import type { Revoked } from "../../lifecycle/revocation-policy.ts";
import { Fault } from "../../refusal.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import type { RevokeDeps } from "../deps.ts";

/** The execution roles of a trust policy, each once; also of actions that are only observed, if they name one. */
export const executionRoles = ({ actions }: Pick<TrustPolicy, "actions">): string[] => [
  ...new Set(actions.flatMap(({ executionRoleArn: role }) => (role === undefined ? [] : [role]))),
];

/** What is open by what the heads say; `undefined` where they cannot be read. */
export async function openIdentities({ open }: RevokeDeps): Promise<OpenIdentity[] | undefined> {
  try {
    return await open.identities();
  } catch (fault) {
    if (fault instanceof Fault) return undefined;
    throw fault;
  }
}

/** One whose session may be there already: a handle that nobody redeemed has none. */
export const mayHoldSession = ({ state, delivery }: OpenIdentity): boolean =>
  delivery !== "handle" || state !== "ISSUED";

/**
 * Sessions of identities that nobody vouches for, because a chain cannot be read or is one of many: a session's tag
 * follows from its identity's id, and where its role is not one of the trust policy's it is denied at each of them. What
 * is no text is nobody's id.
 */
export function unreadSessions(
  identities: readonly Pick<OpenIdentity, "id" | "roleArn">[],
  policy: Pick<TrustPolicy, "actions">,
  now: number,
): Denials {
  const roles = executionRoles(policy);
  const until = toSeconds(now) + FUNCTION_TIMEOUT_SECONDS + SESSION_SECONDS;
  const denials = new Map<string, Revoked[]>();
  for (const { id, roleArn } of identities) {
    // A map of State's can have a `toString` that is none: whoever wrote it would keep all the others from IAM.
    if (typeof id !== "string") continue;
    const session = sessionName(id);
    const own = roles.filter((role) => role === roleArn);
    for (const role of own.length > 0 ? own : roles) {
      denials.set(role, [...(denials.get(role) ?? []), { session, until }]);
    }
  }
  return denials;
}
