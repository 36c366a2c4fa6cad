import { inspect } from "node:util";
import type { AwsCredentials } from "../actions/client-settings.ts";
import { Fault } from "../refusal.ts";

/** What is known of a session that was cut from another one. */
export interface Cut {
  /** STS's id of it. */
  readonly scopedSessionId: string;
  /** RFC 3339: when the session that it was cut from ends, which never leaves the function. */
  readonly sessionExpiry: string;
}

/**
 * The session that STS issued for one identity. It prints as `[redacted]` in every form, so that no log, error
 * or evidence can carry it by accident (USR-16).
 */
export class IssuedSession {
  readonly #credentials: AwsCredentials;
  /** RFC 3339: when STS itself ends the session, whatever the contract says. */
  readonly hardExpiry: string;
  readonly cut: Cut | undefined;

  constructor(credentials: AwsCredentials, hardExpiry: string, cut?: Cut) {
    this.#credentials = credentials;
    this.hardExpiry = hardExpiry;
    this.cut = cut;
  }

  /** For the client of the bounded call alone. */
  reveal(): AwsCredentials {
    return this.#credentials;
  }

  /** The access key id with its middle masked: enough to find the session in a trail, useless to sign with. */
  get maskedAccessKeyId(): string {
    const { accessKeyId } = this.#credentials;
    return `${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)}`;
  }

  toString(): string {
    return "[redacted]";
  }

  toJSON(): string {
    return "[redacted]";
  }

  [inspect.custom](): string {
    return "[redacted]";
  }
}

/** The credentials of a session, or a fault: an SDK client without them would use the function's own role (VAI-76). */
export function credentialsOf(session: IssuedSession | undefined): AwsCredentials {
  if (session === undefined)
    throw new Fault("CREDENTIALS_MISSING", "no issued session for the bounded call");
  return session.reveal();
}
