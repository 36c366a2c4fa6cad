import type { Revoked } from "../../lifecycle/revocation-policy.ts";
import type { RoleResult } from "./deny-at-role.ts";

/** What IAM was seen to deny; `at` in milliseconds. */
interface SeenAtRole {
  readonly sessions: ReadonlySet<string>;
  readonly at: number;
}

/** A role whose policy IAM has taken; `seen` is absent where nobody can look. */
export type AcceptedRole = Extract<RoleResult, { readonly state: "accepted" }> & {
  readonly seen?: SeenAtRole;
};

/** What came of a denial at one role. */
export type ReachedRole = AcceptedRole | Exclude<RoleResult, { readonly state: "accepted" }>;

/** Names of sessions; what denies a whole role names none. */
export const namesOf = (revoked: readonly Revoked[]): string[] =>
  revoked.flatMap(({ session }) => session ?? []);

/**
 * Point `session` of some sessions of a role: when all of them were seen denied, in milliseconds. None for what nobody can
 * look at, and for what the denial of the whole role covers: a probe is younger than that.
 */
export function seenAt(
  { named, seen }: AcceptedRole,
  sessions: readonly string[],
): number | "outstanding" | undefined {
  const own = sessions.filter((each) => named.has(each));
  if (seen === undefined || own.length === 0) return undefined;
  return own.every((each) => seen.sessions.has(each)) ? seen.at : "outstanding";
}
