import { isDeepStrictEqual } from "node:util";
import { type Item, itemSize } from "./item-size.ts";

/** A table or an index: its partition key, and which attributes an item has there. */
interface Place {
  readonly name: string;
  readonly partitionKey: string;
  /** Attributes of an index; absent where all are. */
  readonly projected?: readonly string[];
}

/** A table with its indexes. */
export interface TableShape extends Place {
  readonly sortKey: string;
  readonly indexes: readonly IndexShape[];
}

/** An index has only items with both of its keys. */
interface IndexShape extends Place {
  readonly sortKey: string;
}

/** One item written, with its attributes after the write. */
export interface Write {
  readonly table: TableShape;
  readonly item: Item;
  /** The item that was there before, of an update whose indexes it changes. */
  readonly before?: Item | undefined;
  readonly isTransactional: boolean;
}

/** What a write costs in one place, and in which of its partitions. */
export interface WriteUnits {
  /** Table, or table and index: `vai-local-evidence`, `vai-local-evidence/byActor`. */
  readonly place: string;
  readonly isIndex: boolean;
  readonly partition: string;
  readonly bytes: number;
  /** Write request units. */
  readonly units: number;
}

const KB = 1024;
/** A transaction prepares and commits each item of its tables. */
const TRANSACTIONAL = 2;

/**
 * Write request units of one write: 1 for each begun KB of the item in the table, twice in a transaction, and 1 for each
 * begun KB of what each index is told (developer guide, "DynamoDB read and write operations", "Amazon DynamoDB
 * Transactions", "Using Global Secondary Indexes"). An update is counted by the item after it.
 */
export function unitsOf({ table, item, before, isTransactional }: Write): WriteUnits[] {
  const times = isTransactional ? TRANSACTIONAL : 1;
  const own = costIn(table, item, table.name, times);
  const indexed = table.indexes.flatMap((index) =>
    toldTo(table, index, before, item).map((each) =>
      costIn(index, each, `${table.name}/${index.name}`, 1),
    ),
  );
  return [{ ...own, isIndex: false }, ...indexed.map((each) => ({ ...each, isIndex: true }))];
}

/** What an index writes: nothing where nothing of it changes, and two entries where one of its keys does, the old one's removal first. */
function toldTo(
  table: TableShape,
  index: IndexShape,
  before: Item | undefined,
  after: Item,
): Item[] {
  const entryOf = (item: Item | undefined): Item | undefined =>
    item !== undefined &&
    [index.partitionKey, index.sortKey].every((key) => item[key] !== undefined)
      ? projection(table, index, item)
      : undefined;
  const [old, fresh] = [entryOf(before), entryOf(after)];
  if (isDeepStrictEqual(old, fresh)) return [];
  const isMoved = [index.partitionKey, index.sortKey].some(
    (key) => !isDeepStrictEqual(old?.[key], fresh?.[key]),
  );
  return [isMoved ? old : undefined, fresh].filter((each) => each !== undefined);
}

function costIn({ partitionKey }: Place, item: Item, place: string, times: number) {
  const bytes = itemSize(item);
  const key = item[partitionKey];
  const partition = key?.S ?? key?.N ?? "";
  return { place, partition, bytes, units: times * Math.max(1, Math.ceil(bytes / KB)) };
}

/** An index has its own keys, those of the table, and what is projected. */
function projection(table: TableShape, index: IndexShape, item: Item): Item {
  if (index.projected === undefined) return item;
  const kept = new Set([
    ...[table.partitionKey, table.sortKey, index.partitionKey, index.sortKey],
    ...index.projected,
  ]);
  return Object.fromEntries(Object.entries(item).filter(([name]) => kept.has(name)));
}
