/** Tag of a session that can do nothing but ask whether IAM denies another one (PROTOCOL.md §9 and §10, point `session`). */
export const PROBE_TAG = "vai-probe";

/** Name and source identity of such a session; as its identity: that of nobody, which nothing denies. */
export const PROBE_SESSION = "vai-probe";

/** What it asks for: of all calls the one that IAM judges and that changes nothing, not even what the caller may do. */
export const PROBE_ACTION = "sts:GetScopedCredentials";
