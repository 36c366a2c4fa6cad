import type { Ending } from "../../support/local-iam.ts";
import type { LocalPlane } from "../../support/local-plane.ts";
import type { Clients } from "../../../localstack/clients.ts";
import type { Scope } from "../../support/local-sessions.ts";

/** A call that a session may not make, though it is sound: somebody else can make it. */
export interface Beyond {
  readonly call: (as: Clients) => Promise<unknown>;
  /** Where it is made; default: where the contract lives. */
  readonly region?: string;
  /**
   * What a role that may do everything gets for it: the twin that shows that IAM, and only the
   * session policy, stands in the way. Default `allowed`; else AWS's error from behind IAM.
   */
  readonly alone?: string;
}

/** One scope, the call that it is for, and the ways around it. */
export interface Wall {
  readonly scope: Scope;
  readonly bounded: (as: Clients) => Promise<unknown>;
  /** By what is tried. Made in this order, each by every session. */
  readonly beyond: Readonly<Record<string, Beyond>>;
}

/** Makes the targets of a wall and what lies beside them; everything is gone after the test. */
export type Build = (t: Ending, plane: LocalPlane) => Promise<Wall>;

/** A region in which nothing is deployed. */
export const ABROAD = "eu-west-1";
