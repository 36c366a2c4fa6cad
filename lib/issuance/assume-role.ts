import { toInstant } from "../clock.ts";
import { Fault } from "../refusal.ts";
import { IssuedSession } from "./session.ts";

/** Seconds: STS's minimum; the contract's end is in the session policy (VAI-116, VAI-151). */
export const SESSION_SECONDS = 900;
export const IDENTITY_TAG = "vai-identity";

/** What AssumeRole is asked, always all of it (PROTOCOL.md §9, end). */
export interface AssumeRoleInput {
  readonly RoleArn: string;
  readonly RoleSessionName: string;
  readonly SourceIdentity: string;
  readonly DurationSeconds: number;
  readonly Policy: string;
  readonly Tags: readonly { readonly Key: string; readonly Value: string }[];
}

/** The part of STS's answer that is judged. */
export interface AssumeRoleAnswer {
  readonly Credentials?:
    | {
        readonly AccessKeyId?: string | undefined;
        readonly SecretAccessKey?: string | undefined;
        readonly SessionToken?: string | undefined;
        readonly Expiration?: Date | undefined;
      }
    | undefined;
}

/** Sends one AssumeRole, once. @throws {Fault} `STS_FAILED` or `SESSION_POLICY_TOO_LARGE`. */
export type AssumeRole = (input: AssumeRoleInput) => Promise<AssumeRoleAnswer>;

/** The request for an execution role; pure. `sessionName` is the digest of the identity id (VAI-150). */
export const executionRoleRequest = (
  roleArn: string,
  sessionName: string,
  sessionPolicy: object,
): AssumeRoleInput => ({
  RoleArn: roleArn,
  RoleSessionName: sessionName,
  SourceIdentity: sessionName,
  DurationSeconds: SESSION_SECONDS,
  Policy: JSON.stringify(sessionPolicy),
  Tags: [{ Key: IDENTITY_TAG, Value: sessionName }],
});

/** Judges STS's answer: a session is whole or it is none. @throws {Fault} `STS_FAILED`. */
export function issuedSession({ Credentials }: AssumeRoleAnswer): IssuedSession {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || Expiration === undefined) {
    throw new Fault("STS_FAILED", "AssumeRole answered without whole credentials");
  }
  return new IssuedSession(
    { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
    toInstant(Expiration.getTime()),
  );
}
