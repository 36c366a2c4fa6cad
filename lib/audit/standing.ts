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
 * next one that is, or the end, leaves for it: so an edited record is found by where it stands, whatever it says.
 */
export function standingsOf(
  records: readonly (ReadRecord | UnreadRecord)[],
  { statement: { subject } }: ReadSeal,
): readonly Standing[] {
  const named = subject.map(({ digest }) => `sha256:${digest.sha256}`);
  if (records.length === named.length && records.every(({ hash }, at) => hash === named[at])) {
    return records.map((read, index) => ({ read, index, isSealed: true }));
  }
  const found = records.map(({ hash }) => named.indexOf(hash ?? ""));
  const due = dueIndexes(found, named.length);
  let taken = -1;
  return records.map((read, at) => {
    const [own = -1, open = -1] = [found[at], due[at]];
    const index = own >= 0 ? own : open > taken ? open : undefined;
    taken = Math.max(taken, index ?? -1);
    return { read, index, isSealed: own >= 0 };
  });
}

/** Counted backwards from the next record that was found; from the end, `count` behind the last one. */
function dueIndexes(found: readonly number[], count: number): number[] {
  const due: number[] = [];
  let next = count;
  for (let at = found.length - 1; at >= 0; at--) {
    const own = found[at] ?? -1;
    next = own >= 0 ? own : next - 1;
    due[at] = next;
  }
  return due;
}
