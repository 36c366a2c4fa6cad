import { setTimeout } from "node:timers/promises";
import {
  type AttributeValue,
  BatchGetItemCommand,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { marshall, NumberValueImpl, unmarshall } from "@aws-sdk/util-dynamodb";
import { Fault, type FaultCode } from "../../refusal.ts";
import { orFault } from "./faults.ts";

/** One item by its whole key. */
export interface ItemKey {
  readonly table: string;
  readonly key: Readonly<Record<string, string | number>>;
}

export type Item = Readonly<Record<string, unknown>>;

/**
 * One item as DynamoDB sends it. Never throws: a writer of one item would otherwise stop whatever reads a page of many. A
 * number that JavaScript cannot hold, of which a table takes 38 digits, is no number to whoever looks at it; it is written
 * back digit for digit, so that a condition that is bound to it holds.
 */
export const readItem = (raw: Record<string, AttributeValue>): Item =>
  unmarshall(raw, { wrapNumbers });

/**
 * What was read is written back as it was, and never throws either: `marshall` takes an object with a member `constructor`
 * for an instance of a class, and whoever writes such a member would keep a head from ever moving again.
 */
export const writeItem = (item: Item): Record<string, AttributeValue> =>
  marshall(item, { convertClassInstanceToMap: true });

function wrapNumbers(digits: string): unknown {
  const number = Number(digits);
  return String(number) === digits ? number : NumberValueImpl.from(digits);
}

/** Rounds of asking for what a batch left unprocessed. */
const ROUNDS = 4;
/** Milliseconds before the second round, doubled for each later one: what is throttled needs a moment. */
const WAIT = 25;

/**
 * Reads items by key in one strongly consistent batch, in the order asked; `undefined` for one that is not there. A key
 * that the batch leaves unprocessed is not absent: it is asked for again (PROTOCOL.md §6; AWS's page of BatchGetItem).
 * @throws {Fault} `code`, also when keys stay unprocessed.
 */
export async function readItems(
  client: DynamoDBClient,
  wanted: readonly ItemKey[],
  code: FaultCode = "DEPENDENCY_UNAVAILABLE",
): Promise<(Item | undefined)[]> {
  const found = new Map<string, Item>();
  let left = [...new Map(wanted.map((each) => [nameOf(each), each])).values()];
  for (let round = 1; left.length > 0; round++) {
    if (round > ROUNDS) throw new Fault(code, "dynamodb:BatchGetItem left keys unprocessed");
    if (round > 1) await setTimeout(WAIT * 2 ** (round - 2));
    const unprocessed = await readBatch(client, left, found, code);
    left = left.filter((each) => unprocessed.has(nameOf(each)));
  }
  return wanted.map((each) => found.get(nameOf(each)));
}

/** One call; puts what was found into `found`. @returns the names of the keys that were not processed. */
function readBatch(
  client: DynamoDBClient,
  wanted: readonly ItemKey[],
  found: Map<string, Item>,
  code: FaultCode,
): Promise<ReadonlySet<string>> {
  return orFault(code, "dynamodb:BatchGetItem", async () => {
    const { Responses = {}, UnprocessedKeys = {} } = await client.send(
      new BatchGetItemCommand({ RequestItems: requestOf(wanted) }),
    );
    for (const { table, key } of wanted) {
      for (const raw of Responses[table] ?? []) {
        const item = readItem(raw);
        const isIt = Object.entries(key).every(([name, value]) => item[name] === value);
        if (isIt) found.set(nameOf({ table, key }), item);
      }
    }
    return new Set(
      Object.entries(UnprocessedKeys).flatMap(([table, { Keys = [] }]) =>
        Keys.map((key) => nameOf({ table, key: readItem(key) as ItemKey["key"] })),
      ),
    );
  });
}

function requestOf(wanted: readonly ItemKey[]) {
  const request: Record<string, { ConsistentRead: true; Keys: Record<string, AttributeValue>[] }> =
    {};
  for (const { table, key } of wanted) {
    request[table] ??= { ConsistentRead: true, Keys: [] };
    request[table].Keys.push(marshall(key));
  }
  return request;
}

/** One text for a key, whatever the order of its attributes. */
const nameOf = ({ table, key }: ItemKey): string =>
  JSON.stringify([table, ...Object.entries(key).sort(([one], [other]) => (one < other ? -1 : 1))]);
