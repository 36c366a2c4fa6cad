/** Groups that are kept apart; agents name actions and governance names steps, so that there is no end of names. */
const MOST = 1_000;

/** How many of each. */
export type Counts<Name extends string> = Readonly<Record<Name, number>>;

/** Counts by group, in bounded memory: groups beyond the first thousand are counted as one. */
export class Tally<Group extends object, Name extends string> {
  readonly #names: readonly Name[];
  readonly #groups = new Map<
    string,
    { readonly group: Group; readonly counts: Record<Name, number> }
  >();
  readonly #others: Record<Name, number>;

  constructor(names: readonly Name[]) {
    this.#names = names;
    this.#others = this.#none();
  }

  add(group: Group, name: Name): void {
    this.#countsOf(group)[name] += 1;
  }

  #none(): Record<Name, number> {
    return Object.fromEntries(this.#names.map((name) => [name, 0])) as Record<Name, number>;
  }

  #countsOf(group: Group): Record<Name, number> {
    const key = JSON.stringify(group);
    const known = this.#groups.get(key);
    if (known !== undefined) return known.counts;
    if (this.#groups.size >= MOST) return this.#others;
    const counts = this.#none();
    this.#groups.set(key, { group, counts });
    return counts;
  }

  /** Every group with its counts, the one with most of `by` first; equal ones by name. */
  list(by: Name): readonly (Group & Counts<Name>)[] {
    return [...this.#groups]
      .sort(([one, a], [other, b]) => b.counts[by] - a.counts[by] || (one < other ? -1 : 1))
      .map(([, { group, counts }]) => ({ ...group, ...counts }));
  }

  /** What is of no group that is kept apart. */
  get others(): Counts<Name> {
    return { ...this.#others };
  }

  /** Of all groups together. */
  get total(): Counts<Name> {
    const total = this.#none();
    for (const counts of [...[...this.#groups.values()].map((each) => each.counts), this.#others]) {
      for (const name of this.#names) total[name] += counts[name];
    }
    return total;
  }
}

/** A part of a whole, from 0 to 1; none of nothing. */
export const shareOf = (part: number, whole: number): number | null =>
  whole === 0 ? null : part / whole;
