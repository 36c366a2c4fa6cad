/** Whom a limit holds for: all planes of an account and region together, one plane, or one actor's actions. */
type Scope = "account" | "plane" | "actor";

/** A limit of AWS, or of the stack's own settings, and how much of it one action takes. */
export interface Limit {
  readonly name: string;
  readonly scope: Scope;
  /** In a second. */
  readonly limit: number;
  readonly perAction: number;
  /** How it is raised; absent where AWS raises it for nobody. */
  readonly raise?: string;
  /** It goes away by itself as the table is used, or by asking for it beforehand. */
  readonly isWarmUp?: boolean;
}

/** How many actions a second a limit lets through. */
export const rateOf = ({ limit, perAction }: Limit): number => limit / perAction;

/** The lowest first; what an action does not use limits nothing. */
export const ordered = (limits: readonly Limit[]): Limit[] =>
  limits
    .filter(({ perAction }) => perAction > 0)
    .toSorted((left, right) => rateOf(left) - rateOf(right));

/** What ends one plane of many actors: as it is deployed, once its tables are warm, once all that can be raised is. */
export function endings(limits: readonly Limit[]) {
  const ofPlane = ordered(limits).filter(({ scope }) => scope !== "actor");
  return {
    fresh: ofPlane[0],
    warm: ofPlane.find(({ isWarmUp }) => isWarmUp !== true),
    raised: ofPlane.find(({ raise }) => raise === undefined),
  };
}

/** How many planes it takes for so many actions a second, and what their accounts must then allow. */
export function planesFor(actions: number, limits: readonly Limit[]) {
  const { warm, raised } = endings(limits);
  const planes = (limit: Limit | undefined) =>
    limit === undefined ? 1 : Math.ceil(actions / rateOf(limit));
  const accountLimits = ordered(limits).filter(({ scope }) => scope === "account");
  return {
    /** Each in an account or region of its own, with AWS's default quotas and warm tables. */
    byDefault: planes(warm),
    /** In one account and region, with everything raised that can be. */
    raised: planes(raised),
    /** What all of them together then take of the account's quotas in a second. */
    needed: accountLimits.map(({ name, perAction }) => ({ name, needed: actions * perAction })),
  };
}
