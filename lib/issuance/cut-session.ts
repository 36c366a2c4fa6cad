import { toInstant, toSeconds } from "../clock.ts";
import { Fault } from "../refusal.ts";
import type { AssumeRoleAnswer } from "./assume-role.ts";
import { IssuedSession } from "./session.ts";

/** What GetScopedCredentials is asked, with the session that is cut (PROTOCOL.md §9, end). */
export interface CutInput {
  readonly Policy: string;
  readonly DurationSeconds?: number;
  readonly ScopedSessionDescription: string;
}

/** The part of STS's answer that is judged. */
export interface CutAnswer extends AssumeRoleAnswer {
  readonly SessionInfo?:
    | { readonly ScopedSessionId?: string | undefined; readonly Arn?: string | undefined }
    | undefined;
}

/** Cuts a session, once. @throws {Fault} `STS_FAILED` or `SESSION_POLICY_TOO_LARGE`. */
export type CutSession = (session: IssuedSession, input: CutInput) => Promise<CutAnswer>;

/** All that the session may do, but for STS: what was cut must neither be cut again nor become somebody else. */
const ALL_BUT_STS = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Action: "*", Resource: "*" },
    { Effect: "Deny", Action: "sts:*", Resource: "*" },
  ],
});

/**
 * Milliseconds: a session that ends so soon after its identity ends with it; asked for less, STS might find it too long. So
 * does one that was cut: STS counts from when the call reached it, by a clock of its own.
 */
const SOON = 30_000;

/** The session that is to be cut: whose it is, and until when. Instants in milliseconds. */
export interface Uncut {
  readonly session: IssuedSession;
  readonly sessionName: string;
  readonly roleArn: string;
  readonly expiresAt: number;
}

/** The request; pure. Whole seconds until the identity ends, at `now`. */
export function cutRequest({ session, sessionName, expiresAt }: Uncut, now: number): CutInput {
  const isOverSoon = Date.parse(session.hardExpiry) - expiresAt < SOON;
  return {
    Policy: ALL_BUT_STS,
    ...(!isOverSoon && { DurationSeconds: Math.max(1, toSeconds(expiresAt - now)) }),
    ScopedSessionDescription: sessionName,
  };
}

/**
 * Judges STS's answer: the same session, whole, not for longer than it and cut to the identity's end; or none. What it does
 * not say is not taken as said.
 * @throws {Fault} `STS_FAILED`.
 */
export function cutSession(
  { session, sessionName, roleArn, expiresAt }: Uncut,
  { Credentials, SessionInfo }: CutAnswer,
): IssuedSession {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
  const { ScopedSessionId, Arn } = SessionInfo ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration || !ScopedSessionId) {
    throw new Fault("STS_FAILED", "GetScopedCredentials answered without whole credentials");
  }
  if (Arn !== sessionArn(roleArn, sessionName)) {
    throw new Fault("STS_FAILED", "GetScopedCredentials answered for another session");
  }
  // Not NaN either: an end that cannot be read is none.
  if (!(Expiration.getTime() <= Date.parse(session.hardExpiry))) {
    throw new Fault("STS_FAILED", "GetScopedCredentials answered for longer than the session");
  }
  if (Expiration.getTime() >= expiresAt + SOON) {
    throw new Fault("STS_FAILED", "GetScopedCredentials answered a session that was not cut");
  }
  return new IssuedSession(
    { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
    toInstant(Expiration.getTime()),
    { scopedSessionId: ScopedSessionId, sessionExpiry: session.hardExpiry },
  );
}

/** The ARN of a role's session (IAM user guide, "IAM identifiers"): without the path that a role may have. */
const sessionArn = (roleArn: string, sessionName: string): string =>
  `${roleArn.replace(":iam:", ":sts:").replace(/:role\/(?:.*\/)?([^/]+)$/, ":assumed-role/$1")}/${sessionName}`;
