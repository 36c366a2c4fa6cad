import type { Clients } from "../../../localstack/deploy/clients.ts";
import type { Ending } from "../../support/local/iam.ts";
import type { LocalPlane } from "../../support/local/plane.ts";
import type { Scope } from "../../support/local/sessions.ts";

/** A call that a session may not make, though it is sound: somebody else can make it. */
export interface Beyond {
  readonly call: (as: Clients) => Promise<unknown>;
  /** Where it is made; default: where the contract lives. */
  readonly region?: string;
  /**
   * Its positive twin: who can make it. Default: a session of a role that may do everything, so that
   * the session policy alone stands in the way; else the role of one of the plane's functions.
   */
  readonly twin?: "issue" | "govern";
  /** What the twin gets. Default `allowed`; else AWS's error from behind IAM. */
  readonly outcome?: string;
}

/** One scope, the call that it is for, and the ways around it. */
export interface Wall {
  readonly scope: Scope;
  /** The call that the session is for. */
  readonly bounded: (as: Clients) => Promise<unknown>;
  /** What the bounded call gets. Default `allowed`; else AWS's word for it from behind IAM. */
  readonly outcome?: string;
  /** By what is tried. Made in this order, each by every session. */
  readonly beyond: Readonly<Record<string, Beyond>>;
}

/** Makes the targets of a wall and what lies beside them; everything is gone after the test. */
export type Build = (t: Ending, plane: LocalPlane) => Promise<Wall>;

/** A region in which nothing is deployed. */
export const ABROAD = "eu-west-1";
