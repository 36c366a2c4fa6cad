import { callsOf, type Step } from "../contract/step.ts";
import { boundsNarrow } from "../contract/step-narrows.ts";

/** What is left of one entry of a boundary while steps are charged to it, first come, first served. */
class Budget {
  readonly entry: Step;
  readonly charged: Step[] = [];
  #calls: number;
  readonly #totals: Map<string, number>;

  constructor(entry: Step) {
    this.entry = entry;
    this.#calls = callsOf(entry);
    this.#totals = new Map(Object.entries(entry.limits?.totals ?? {}));
  }

  /** Charges a step if it narrows the entry and there is enough left; else nothing changes. */
  charge(step: Step): boolean {
    const ownTotals = step.limits?.totals ?? {};
    const fits = [...this.#totals].every(([name, left]) => (ownTotals[name] ?? 0) <= left);
    if (!fits || callsOf(step) > this.#calls || !boundsNarrow(step, this.entry).narrows)
      return false;
    this.#calls -= callsOf(step);
    for (const [name, left] of this.#totals) this.#totals.set(name, left - (ownTotals[name] ?? 0));
    this.charged.push(step);
    return true;
  }
}

/** Which step leaves the boundary, and how: it is wider, or it lost the order that was decided. */
export interface Beyond {
  readonly index: number;
  readonly member?: "after";
}

/**
 * Whether the steps of a contract lie within a boundary (DTF-02, PROTOCOL.md §2): each is charged to the first entry that it
 * narrows and that has room, so that a contract of many steps cannot multiply what was decided once. What an entry comes
 * behind, its steps come behind: every step that is charged to the entries before, and of each there is one; otherwise
 * an order that was decided would be lost by leaving it out, or by leaving out what comes first.
 */
export function beyondBoundary(
  steps: readonly Step[],
  entries: readonly Step[],
): Beyond | undefined {
  const budgets = entries.map((entry) => new Budget(entry));
  const wider = steps.findIndex((step) => !budgets.some((budget) => budget.charge(step)));
  if (wider >= 0) return { index: wider };
  const unordered = new Set(budgets.flatMap((budget) => unorderedSteps(budget, budgets)));
  const index = steps.findIndex((step) => unordered.has(step));
  return index < 0 ? undefined : { index, member: "after" };
}

function unorderedSteps({ entry, charged }: Budget, budgets: readonly Budget[]): Step[] {
  const before = (entry.after ?? []).map(
    (id) => budgets.find((budget) => budget.entry.id === id)?.charged ?? [],
  );
  return charged.filter(
    ({ after = [] }) =>
      !before.every((steps) => steps.length > 0 && steps.every(({ id }) => after.includes(id))),
  );
}
