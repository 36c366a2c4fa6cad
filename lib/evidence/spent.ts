/** What grants have used up of a contract, or of a block of one. Counters only grow. */
export interface Spent {
  /** Issuances per step. */
  readonly uses: ReadonlyMap<string, number>;
  /** Sums reserved, by step and parameter. */
  readonly totals: ReadonlyMap<string, number>;
}

export const NOTHING_SPENT: Spent = { uses: new Map(), totals: new Map() };

/** One name for a step's totalled parameter. */
export const totalKey = (step: string, parameter: string): string => `${step} ${parameter}`;

/** One grant more. A sum that is no increase gives nothing back. */
export function spend(
  { uses, totals }: Spent,
  {
    step,
    totals: own,
  }: { readonly step: string; readonly totals: Readonly<Record<string, number>> },
): Spent {
  const sums = new Map(totals);
  for (const [parameter, amount] of Object.entries(own)) {
    const key = totalKey(step, parameter);
    sums.set(key, (sums.get(key) ?? 0) + Math.max(0, amount));
  }
  return { uses: new Map(uses).set(step, (uses.get(step) ?? 0) + 1), totals: sums };
}
