import { type ReadRecord, readRecord, type UnreadRecord } from "./read-record.ts";
import { SealsAhead } from "./seals-ahead.ts";
import type { Transaction } from "./transaction.ts";

type Read = ReadRecord | UnreadRecord;

/** Records that wait for one behind them to tell under which seal they stand: more than that has none. */
const MOST_LOOSE = 1000;

/**
 * Puts the records and the seals of an export together again. Both are in order, and a seal names its records by hash:
 * that alone is looked at, and nothing of it is believed, for whatever is paired wrongly does not verify. A record that
 * no seal names (edited, or its seal is gone) goes to the seal that misses one at that place.
 * Holds some hundred records and {@link SealsAhead} in memory, however long the export is.
 */
export async function* pairSeals(
  records: AsyncIterable<unknown> | Iterable<unknown>,
  seals: AsyncIterable<unknown> | Iterable<unknown>,
): AsyncGenerator<Transaction> {
  const ahead = await SealsAhead.open(seals);
  let group: Read[] = [];
  let loose: Read[] = [];
  for await (const text of records) {
    const read = readRecord(text);
    const found = ahead.find(read.hash);
    if (found === undefined) {
      loose.push(read);
      if (loose.length > MOST_LOOSE) yield { records: loose.splice(0, MOST_LOOSE / 2) };
      continue;
    }
    for (const shared of ahead.shares(loose.length, found)) {
      yield { records: [...group, ...loose.splice(0, shared)], seal: await ahead.shift() };
      group = [];
    }
    group.push(...loose, read);
    loose = [];
    ahead.take(found);
  }
  while (!ahead.isEmpty) {
    const [shared = 0] = ahead.shares(loose.length, undefined);
    yield { records: [...group, ...loose.splice(0, shared)], seal: await ahead.shift() };
    group = [];
  }
  if (loose.length > 0) yield { records: loose };
}
