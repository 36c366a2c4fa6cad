import { CUT_ACTION } from "../authority/cut-action.ts";
import { type AssumeRoleInput, IDENTITY_TAG, SESSION_SECONDS } from "../issuance/assume-role.ts";

/** Tag of a session that can do nothing but ask whether IAM denies another one (PROTOCOL.md §9 and §10, point `session`). */
export const PROBE_TAG = "vai-probe";

/** Name and source identity of such a session; as its identity: that of nobody, which nothing denies. */
export const PROBE_SESSION = "vai-probe";

const policy = (Effect: "Allow" | "Deny", Action: string): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect, Action, Resource: "*" }] });

/**
 * What it asks for, by the one call that IAM judges and that changes nothing, not even what the caller may do: credentials
 * that end in a second and may do nothing. Both are refused to whom IAM denies the call.
 */
export const PROBE_QUESTION = { Policy: policy("Deny", "*"), DurationSeconds: 1 } as const;

/** A session that IAM denies exactly if it denies the one with that name: by the tag, which is all that they share. */
export const probeRequest = (role: string, session: string): AssumeRoleInput => ({
  RoleArn: role,
  RoleSessionName: PROBE_SESSION,
  SourceIdentity: PROBE_SESSION,
  DurationSeconds: SESSION_SECONDS,
  Policy: policy("Allow", CUT_ACTION),
  Tags: [
    { Key: IDENTITY_TAG, Value: session },
    { Key: PROBE_TAG, Value: "true" },
  ],
});
