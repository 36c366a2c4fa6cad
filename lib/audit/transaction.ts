import { MOST_RECORDS } from "../evidence/seal-shape.ts";
import { inside } from "./plain-text.ts";
import { type ReadRecord, readRecord, type UnreadRecord } from "./read-record.ts";
import { type ReadSeal, readSeal, type UnreadSeal } from "./read-seal.ts";

/** Evidence as the table keeps it: the text of a record, and in the last row of a transaction the text of its seal. */
export interface SealedRow {
  readonly record: string;
  readonly seal?: string | undefined;
}

/** Records that stand before one seal, in their order, as they were read. Without a seal nothing vouches for them. */
export interface Transaction {
  readonly records: readonly (ReadRecord | UnreadRecord)[];
  readonly seal?: ReadSeal | UnreadSeal;
  /** Characters of the records' texts: parsed, they take up to thirty times as much memory. */
  readonly size: number;
}

/**
 * Rows by transaction: each ends with the row that carries a seal. Rows that no seal can reach any more are handed
 * over without one, so that a table whose seals are gone does not fill the memory.
 * @param rows of any shape: what is no row is a defect, not an exception.
 */
export function* transactionsOf(rows: Iterable<unknown>): Generator<Transaction> {
  let records: (ReadRecord | UnreadRecord)[] = [];
  let size = 0;
  for (const row of rows) {
    const text = inside(row, "record");
    records.push(readRecord(text));
    size += typeof text === "string" ? text.length : 0;
    const seal = inside(row, "seal");
    if (seal !== undefined) {
      yield { records, seal: readSeal(seal), size };
      [records, size] = [[], 0];
    } else if (records.length > MOST_RECORDS) {
      yield { records: records.splice(0, 1), size: 0 };
    }
  }
  if (records.length > 0) yield { records, size };
}
