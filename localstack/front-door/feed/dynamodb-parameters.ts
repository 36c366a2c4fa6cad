import { HIDDEN, lowerFirst } from "./recorded-form.ts";

type Inputs = Readonly<Record<string, unknown>>;

/**
 * Members of an operation on one table that hold no values of attributes. Expressions name values
 * by placeholders only; the values themselves (`ExpressionAttributeValues`) are left out.
 */
const PLAIN = [
  ...["TableName", "IndexName", "ConditionExpression", "UpdateExpression"],
  ...["ProjectionExpression", "FilterExpression", "KeyConditionExpression"],
  ...["ExpressionAttributeNames", "ReturnValues", "ConsistentRead", "Select"],
];

/**
 * What CloudTrail records of a DynamoDB request: tables, keys, expressions and the names of the
 * attributes that are written, never a value that is no key (DynamoDB developer guide,
 * "Understanding DynamoDB log file entries").
 */
export function dynamoParameters(operation: string, inputs: Inputs): Record<string, unknown> {
  if (/Statement|ExecuteTransaction/.test(operation)) return { statement: HIDDEN };
  const { TransactItems, RequestItems } = inputs;
  if (Array.isArray(TransactItems)) return { requestItems: TransactItems.flatMap(transacted) };
  if (typeof RequestItems === "object" && RequestItems !== null) {
    return { requestItems: Object.keys(RequestItems).map((tableName) => ({ tableName })) };
  }
  return onTable(inputs);
}

/** CloudTrail writes the names as `items` here, as `item` elsewhere. */
const transacted = (item: unknown): object[] =>
  Object.entries((item ?? {}) as Record<string, Inputs>).map(([operation, inputs]) => {
    const { item: items, ...plain } = onTable(inputs);
    return { operation, ...plain, ...(items !== undefined && { items }) };
  });

function onTable(inputs: Inputs): Record<string, unknown> {
  const { Item, Key } = inputs;
  return {
    ...Object.fromEntries(
      PLAIN.filter((name) => inputs[name] !== undefined).map((name) => [
        lowerFirst(name),
        inputs[name],
      ]),
    ),
    ...(isRecord(Key) ? { key: plainKey(Key) } : keyIn(Item)),
    ...(isRecord(Item) && { item: Object.keys(Item) }),
  };
}

/**
 * Which attributes of an item are its key, only its table knows; of records of Evidence it is known here too, so that the
 * feed tells which call made which record durable.
 */
function keyIn(item: unknown): { readonly key?: Record<string, unknown> } {
  if (!isRecord(item)) return {};
  const { chainId, seq } = item;
  return chainId === undefined || seq === undefined ? {} : { key: plainKey({ chainId, seq }) };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** `{pk: {S: "x"}}` → `{pk: "x"}`. */
const plainKey = (key: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(key).map(([name, typed]) => [
      name,
      isRecord(typed) ? Object.values(typed)[0] : typed,
    ]),
  );
