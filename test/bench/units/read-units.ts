import type { HeldCall } from "../../../localstack/front-door/faults/distance.ts";

const READS = /^dynamodb:(Query|GetItem|BatchGetItem|Scan)$/;
const KB4 = 4096;

/**
 * Read request units of strongly consistent reads: 1 for each begun 4 KB, of each key that a batch names at least 1. The
 * size is that of the answer, whose JSON is a little longer than what DynamoDB counts.
 *
 * @param table counts only reads of this one; a batch over several counts its keys there
 */
export function readUnitsOf(calls: readonly HeldCall[], table?: string): number {
  const reads = calls.filter(({ name }) => READS.test(name));
  return reads.reduce((sum, { bytes, tables }) => {
    const isOnlyOne = Object.keys(tables).length === 1;
    const keys = sumOf(table === undefined ? Object.values(tables) : [tables[table] ?? 0]);
    if (keys === 0) return sum;
    const bySize = table === undefined || isOnlyOne ? Math.ceil(bytes / KB4) : 0;
    return sum + Math.max(keys, bySize);
  }, 0);
}

const sumOf = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
