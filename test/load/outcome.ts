import type { Said } from "../matrix/functions.ts";

/** What one action was answered, and what must be found of it afterwards. */
export interface Told {
  readonly number: number;
  readonly title: string;
  readonly chainId: string;
  readonly digest: string;
  readonly item: string;
  /** Whether the item was changed: `unknown` where nobody was told. */
  readonly isChanged: boolean | "unknown";
  /** Identities that were issued; `undefined` where nobody was told. */
  readonly issued: number | undefined;
  /** Refusals on this intent's chain, and on those that accuse nobody; `undefined` where nobody was told. */
  readonly refusals: number | undefined;
  readonly unattributed: number;
  /** More of them that may be, where nobody was told. */
  readonly mayBeUnattributed: number;
  /** Commands that ended an identity. */
  readonly denials: number;
  /** The call that was to go wrong came. */
  readonly isHit?: boolean;
  /** An answer that was not the one to expect. */
  readonly surprise?: string;
}

export type Outcome = Pick<Told, "isChanged" | "issued" | "refusals"> &
  Partial<Pick<Told, "unattributed" | "mayBeUnattributed" | "denials" | "isHit" | "surprise">>;

type Granted = Extract<Said, { identity: unknown }>;

export const isGrant = (said: Said): said is Granted =>
  typeof said === "object" && "identity" in said;

/** Whether the bounded call was made and is told. */
export const isDone = (said: Said): boolean =>
  isGrant(said) && said.outcome?.status === "succeeded";

export const unlike = (wanted: string, said: Said) => ({
  surprise: `wanted ${wanted}, was told ${JSON.stringify(said)}`,
});

export const DONE: Outcome = { isChanged: true, issued: 1, refusals: 0 };
