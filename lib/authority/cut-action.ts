/** The call of STS by which a session is cut (AWS STS API reference, GetScopedCredentials). */
export const CUT_ACTION = "sts:GetScopedCredentials";
