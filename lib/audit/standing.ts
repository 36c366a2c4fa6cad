import { longestRise } from "./longest-rise.ts";
import type { ReadRecord, UnreadRecord } from "./read-record.ts";
import type { ReadSeal } from "./read-seal.ts";

/** A record, and where it stands under a seal. */
export interface Standing {
  readonly read: ReadRecord | UnreadRecord;
  /** Number of the subject that it is, or that it stands in the place of; `undefined` for one too many. */
  readonly index: number | undefined;
  /** Whether it is the very record that was sealed there. */
  readonly isSealed: boolean;
}

/**
 * Finds for each record before a seal the subject that it is. A record that is none of them takes the place that the
 * next one that is, or the end, leaves for it: so an edited record is found by where it stands, whatever it says. The
 * most of them that stand in order are in their places: a copied or moved line is named itself, not its neighbours.
 */
export function standingsOf(
  records: readonly (ReadRecord | UnreadRecord)[],
  { statement: { subject } }: ReadSeal,
): readonly Standing[] {
  const named = subject.map(({ digest }) => `sha256:${digest.sha256}`);
  const other = records.findIndex(({ hash }, at) => hash !== named[at]);
  if (other < 0 && records.length === named.length) {
    return records.map((read, index) => ({ read, index, isSealed: true }));
  }
  const indexes = Map.groupBy(named.keys(), (index) => named[index]);
  const choices = records.map(({ hash }) => indexes.get(hash) ?? []);
  const whole = other < 0 ? records.length : other;
  // What stands in its place from the beginning stays there, whatever is like it further on.
  const found = longestRise(
    choices.map((some, at) => (at < whole ? [at] : some.filter((index) => index >= whole))),
  );
  const due = dueIndexes(found, named.length);
  let taken = -1;
  return records.map((read, at) => {
    const [own = -1, open = -1] = [found[at], due[at]];
    const index = own >= 0 ? own : open > taken ? open : undefined;
    taken = Math.max(taken, index ?? -1);
    const isStray = own < 0 && choices[at]?.length !== 0;
    return { read: isStray ? { ...read, isElsewhere: true } : read, index, isSealed: own >= 0 };
  });
}

/** Counted backwards from the next record that was found; from the end, `count` behind the last one. */
function dueIndexes(found: readonly (number | undefined)[], count: number): number[] {
  const due: number[] = [];
  let next = count;
  for (let at = found.length - 1; at >= 0; at--) {
    const own = found[at] ?? -1;
    next = own >= 0 ? own : next - 1;
    due[at] = next;
  }
  return due;
}
