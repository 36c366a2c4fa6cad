import {
  type AttributeValue,
  type BatchGetItemCommandInput,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  type QueryCommandInput,
  TransactionCanceledException,
  type TransactWriteItemsCommandInput,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Tables } from "../../lib/aws/ports/transaction.ts";
import { viewKey } from "../../lib/lifecycle/view.ts";
import { holds, type Item, NotUnderstood, TypeMismatch, updated } from "./dynamo-expressions.ts";
import type { Dependency, Faults } from "./faults.ts";
import type { Touch } from "./schedule/touch.ts";

export const TABLES: Tables = { evidence: "evidence", state: "state", registry: "registry" };

/** DynamoDB's limits: bytes of an item, items and bytes of a transaction. */
const MAX_ITEM = 400 * 1024;
const MAX_TRANSACTION_ITEMS = 100;
const MAX_TRANSACTION = 4 * 1024 * 1024;

type Command = { readonly input: unknown; readonly constructor: { readonly name: string } };
type Values = Record<string, AttributeValue>;
/** What the two kinds of writes of a transaction have in common. */
interface Write {
  readonly TableName?: string | undefined;
  readonly Item?: Values | undefined;
  readonly Key?: Values | undefined;
  readonly UpdateExpression?: string | undefined;
  readonly ConditionExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Record<string, string> | undefined;
  readonly ExpressionAttributeValues?: Values | undefined;
}

/**
 * The plane's tables in memory, behind the real stores of `lib/aws`: conditions are evaluated as written, a
 * transaction happens wholly or not at all, and DynamoDB's limits hold.
 */
export class MemoryDynamo {
  readonly tables = new Map<string, Map<string, Item>>(
    Object.values(TABLES).map((name: string) => [name, new Map()]),
  );
  /** Items of a page: few, so that every long chain is read in several. */
  page = 25;
  /** How many of the next keys a batch leaves unprocessed. */
  unprocessed = 0;
  /** Values that an index does not find the next time. */
  readonly unindexed = new Set<string>();
  readonly #faults: Faults;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** The client that the stores are given; a member that nobody prepared throws when touched. */
  client(): DynamoDBClient {
    const send = (command: Command): Promise<unknown> => this.#send(command);
    return onlyMembers<DynamoDBClient>("DynamoDBClient", { send });
  }

  /** Everything as it is now, to be put back. */
  saved(): () => void {
    const kept = [...this.tables].map(([name, items]) => [name, structuredClone(items)] as const);
    return () => {
      for (const [name, items] of kept) this.tables.set(name, structuredClone(items));
    };
  }

  table(name: string): Map<string, Item> {
    const table = this.tables.get(name);
    if (table === undefined) throw new NotUnderstood(`no table ${name}`);
    return table;
  }

  #send(command: Command): Promise<unknown> {
    const { name } = command.constructor;
    const input = command.input as Record<string, unknown>;
    const at = dependencyOf(name, input);
    const seen = { touches: touchesOf(input), writes: eventTypesIn(input) };
    return this.#faults.through(at, () => understood(() => this.#answer(name, input)), seen);
  }

  #answer(name: string, input: Record<string, unknown>): object {
    if (name === "TransactWriteItemsCommand") return this.#transact(input as never);
    if (name === "QueryCommand") return this.#query(input as never);
    if (name === "BatchGetItemCommand") return this.#batchGet(input as never);
    if (name === "UpdateItemCommand") return this.#update(input as never);
    throw new NotUnderstood(`the fake has no ${name}`);
  }

  #transact({ TransactItems = [] }: TransactWriteItemsCommandInput): object {
    const writes = TransactItems.map(({ Put, Update }) => {
      const write: Write | undefined = Put ?? Update;
      if (write === undefined) throw new NotUnderstood("the fake knows Put and Update alone");
      return write;
    });
    judgeLimits(writes);
    const reasons = writes.map((write) => ({ Code: this.#problemOf(write) ?? "None" }));
    if (reasons.some(({ Code }) => Code !== "None")) {
      throw new TransactionCanceledException({
        message: "cancelled",
        $metadata: {},
        CancellationReasons: reasons,
      });
    }
    for (const write of writes) this.#apply(write);
    return {};
  }

  #query(input: QueryCommandInput): object {
    if (input.IndexName !== undefined) return this.#queryIndex(input);
    if (input.ConsistentRead !== true)
      throw new NotUnderstood("enforcement reads strongly consistently");
    const name = input.TableName ?? "";
    const [hash, range] = keyNames(name);
    const values = unmarshall(input.ExpressionAttributeValues ?? {});
    const { token, floor, ends } = keyCondition(input.KeyConditionExpression, hash, range);
    const sorted = [...this.table(name).values()]
      .filter((item) => item[hash] === values[token])
      .filter((item) => floor === undefined || isBehind(item[range], values[floor]))
      .filter(
        (item) =>
          ends === undefined ||
          isBetween(
            item[range],
            ends.map((each) => values[each]),
          ),
      )
      .sort((left, right) => inOrder(left, right, range));
    if (input.ScanIndexForward === false) sorted.reverse();
    const after = input.ExclusiveStartKey && unmarshall(input.ExclusiveStartKey)[range];
    const begin = after === undefined ? 0 : sorted.findIndex((item) => item[range] === after) + 1;
    const page = sorted.slice(begin, begin + Math.min(input.Limit ?? this.page, this.page));
    const last = page.at(-1);
    const isMore = last !== undefined && begin + page.length < sorted.length;
    return {
      Items: page.map((item) => marshalled(projected(item, input))),
      ...(isMore && { LastEvaluatedKey: marshall({ [hash]: last[hash], [range]: last[range] }) }),
    };
  }

  /** An index by one attribute, which a commit reaches late: what `unindexed` names is not there yet. */
  #queryIndex({ TableName = "", ConsistentRead, ...input }: QueryCommandInput): object {
    if (ConsistentRead === true) throw new NotUnderstood("an index has no consistent reads");
    const condition = /^(#?\w+) = (:\w+)(?: AND (#?\w+) (<=|>=) (:\w+))?$/;
    const [, name, token, ranged, order, bound] =
      condition.exec(input.KeyConditionExpression ?? "") ?? [];
    if (name === undefined || token === undefined) {
      throw new NotUnderstood("an unknown key condition");
    }
    const values = unmarshall(input.ExpressionAttributeValues ?? {});
    const named = (each: string): string => input.ExpressionAttributeNames?.[each] ?? each;
    const wanted = values[token];
    const isIn = (item: Item): boolean => {
      if (ranged === undefined) return true;
      const [value, limit] = [String(item[named(ranged)]), String(values[bound ?? ""])];
      return order === "<=" ? value <= limit : value >= limit;
    };
    const found = [...this.table(TableName).values()]
      .filter((item) => item[named(name)] === wanted)
      .filter(isIn);
    const range = input.IndexName === "byDue" ? "due" : "at";
    found.sort((left, right) => inOrder(left, right, range));
    if (input.ScanIndexForward === false) found.reverse();
    const isLate = this.unindexed.delete(String(wanted));
    if (isLate) return { Items: [] };
    const begin = Number(input.ExclusiveStartKey?.["behind"]?.N ?? 0);
    const end = begin + Math.min(input.Limit ?? this.page, this.page);
    return {
      Items: found
        .slice(begin, end)
        .map((item) => marshalled(projected(item, { TableName, ...input }))),
      ...(end < found.length && { LastEvaluatedKey: marshall({ behind: end }) }),
    };
  }

  /** Leaves what `unprocessed` says for another call, as DynamoDB does under load. */
  #batchGet({ RequestItems = {} }: BatchGetItemCommandInput): object {
    const [found, left]: [Record<string, Values[]>, Record<string, object>] = [{}, {}];
    for (const [table, { Keys = [], ConsistentRead }] of Object.entries(RequestItems)) {
      if (ConsistentRead !== true)
        throw new NotUnderstood("enforcement reads strongly consistently");
      // A key with anything beside it is a ValidationException (API reference, BatchGetItem).
      if (Keys.some((key) => Object.keys(key).length !== 2))
        throw new NotUnderstood("a key is its two attributes and nothing else");
      const names = Keys.map((key) => keyOf(table, key));
      if (new Set(names).size !== names.length) throw new NotUnderstood("a key twice in a batch");
      const late = Keys.filter(() => this.unprocessed-- > 0);
      const due = Keys.filter((key) => !late.includes(key));
      const items = due.map((key) => this.table(table).get(keyOf(table, key)));
      found[table] = items.filter((item) => item !== undefined).map(marshalled);
      if (late.length > 0) left[table] = { Keys: late, ConsistentRead };
    }
    this.unprocessed = Math.max(0, this.unprocessed);
    return { Responses: found, UnprocessedKeys: left };
  }

  #update(input: UpdateItemCommandInput): object {
    if (!this.#holds(input)) {
      throw new ConditionalCheckFailedException({ message: "failed", $metadata: {} });
    }
    return { Attributes: marshalled(this.#apply(input)) };
  }

  /** Why an item of a transaction cannot be written, as DynamoDB codes it. */
  #problemOf(write: Write): string | undefined {
    if (!this.#holds(write)) return "ConditionalCheckFailed";
    try {
      this.#written(write);
      return undefined;
    } catch (error) {
      if (error instanceof TypeMismatch) return "ValidationError";
      throw error;
    }
  }

  #holds(write: Write): boolean {
    const { ConditionExpression: condition, TableName = "" } = write;
    const item = this.table(TableName).get(keyOf(TableName, write.Item ?? write.Key));
    return condition === undefined || holds(condition, item, placeholdersOf(write));
  }

  #apply(write: Write): Item {
    const { TableName = "", Item: put, Key: key } = write;
    const item = this.#written(write);
    this.table(TableName).set(keyOf(TableName, put ?? key), item);
    return item;
  }

  #written(write: Write): Item {
    const { TableName = "", Item: put, Key: key, UpdateExpression: update } = write;
    if (put !== undefined) return unmarshall(put);
    const before = this.table(TableName).get(keyOf(TableName, key)) ?? unmarshall(key ?? {});
    return updated(update ?? "", before, placeholdersOf(write));
  }
}

/** Fails the running test for what the fake does not know, also where the code under test would swallow it. */
function understood<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof NotUnderstood) {
      setImmediate(() => {
        throw error;
      });
    }
    throw error;
  }
}

/** A stand-in for a client or port of which only these members exist; any other that is touched throws. */
export function onlyMembers<T extends object>(what: string, members: object): T {
  return new Proxy(members, {
    get(target, name, receiver) {
      // A promise that resolves to it looks for `then`; that is no use of the client.
      if (Reflect.has(target, name) || name === "then") return Reflect.get(target, name, receiver);
      throw new Error(`${what}.${String(name)} was touched, but nobody prepared it`);
    },
  }) as T;
}

function dependencyOf(command: string, input: Record<string, unknown>): Dependency {
  const { TableName, IndexName, TransactItems } = input;
  if (command === "BatchGetItemCommand") return "heads:read";
  if (command === "TransactWriteItemsCommand") {
    // What each writer of a role's policy reads, without a record either.
    if (JSON.stringify(TransactItems).includes('"S":"revoked#')) return "revoked:write";
    // A denial is committed without a record.
    return JSON.stringify(TransactItems).includes(`"TableName":"${TABLES.evidence}"`)
      ? "evidence:write"
      : "denial:write";
  }
  if (IndexName !== undefined) return "index:read";
  if (TableName === TABLES.evidence) return "evidence:read";
  if (command === "QueryCommand" && TableName === TABLES.state) return "revoked:read";
  if (command === "UpdateItemCommand") return "state:write";
  throw new NotUnderstood(`${command} on ${String(TableName)}`);
}

/** Items that a command reads or writes. Of Evidence the chain, of an index its whole table. */
function touchesOf(input: Asked): Touch[] {
  const { TableName: table = "", IndexName, TransactItems, RequestItems } = input;
  if (TransactItems !== undefined) {
    return TransactItems.flatMap(({ Put, Update }) => {
      const write: Write = Put ?? Update ?? {};
      return touchesAt(write.TableName ?? "", write.Item ?? write.Key, true);
    });
  }
  if (RequestItems !== undefined) {
    return Object.entries(RequestItems).flatMap(([name, { Keys = [] }]) =>
      Keys.flatMap((key) => touchesAt(name, key, false)),
    );
  }
  if (input.Key !== undefined) return touchesAt(table, input.Key, true);
  // Which records an index of Evidence finds, each of them may change.
  if (IndexName !== undefined && table !== TABLES.state) return [{ table, isWrite: false }];
  // A query is of one partition; which, its only equality says.
  const [, token = ""] = / = (:\w+)/.exec(input.KeyConditionExpression ?? "") ?? [];
  const pk = String(unmarshall(input.ExpressionAttributeValues ?? {})[token]);
  return [{ table: IndexName === undefined ? table : VIEWS, pk, isWrite: false }];
}

interface Asked {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly Key?: Values;
  readonly KeyConditionExpression?: string;
  readonly ExpressionAttributeValues?: Values;
  readonly TransactItems?: TransactWriteItemsCommandInput["TransactItems"];
  readonly RequestItems?: BatchGetItemCommandInput["RequestItems"];
}

/** The index `byDue`: an intent's head stands in one of its partitions, which follows from the intent's id. */
const VIEWS = "state byDue";
const INTENT_HEAD = /^chain#intent\/(.+)$/;

function touchesAt(table: string, values: Values | undefined, isWrite: boolean): Touch[] {
  const [hash, range] = keyNames(table);
  const item = unmarshall(values ?? {});
  const pk = String(item[hash]);
  if (table === TABLES.evidence) return [{ table, pk, isWrite }];
  const [, intentId] = INTENT_HEAD.exec(pk) ?? [];
  const isSeen = isWrite && intentId !== undefined;
  return [
    { table, pk, sk: String(item[range]), isWrite },
    ...(isSeen ? [{ table: VIEWS, pk: viewKey(intentId), isWrite }] : []),
  ];
}

/** Of the records that a transaction writes. */
function eventTypesIn({ TransactItems }: Asked): string[] {
  return (TransactItems ?? []).flatMap(({ Put }) => Put?.Item?.["eventType"]?.S ?? []);
}

const keyNames = (table: string): readonly [string, string] =>
  table === TABLES.evidence ? ["chainId", "seq"] : ["pk", "sk"];

function keyOf(table: string, values: Values | undefined): string {
  const item = unmarshall(values ?? {});
  return keyNames(table)
    .map((name) => String(item[name]))
    .join("|");
}

const placeholdersOf = (write: Write) => ({
  names: write.ExpressionAttributeNames ?? {},
  values: unmarshall(write.ExpressionAttributeValues ?? {}),
});

/** Whatever a table can hold, a map with a member `constructor` too. */
const marshalled = (item: Item): Values =>
  marshall(item, { removeUndefinedValues: true, convertClassInstanceToMap: true });

function projected(
  item: Item,
  { ProjectionExpression, ExpressionAttributeNames = {} }: QueryCommandInput,
): Item {
  if (ProjectionExpression === undefined) return item;
  const names = ProjectionExpression.split(", ").map(
    (name) => ExpressionAttributeNames[name] ?? name,
  );
  return Object.fromEntries(names.map((name) => [name, item[name]]));
}

/** The placeholders of `hash = :x`, alone or with `AND range > :y` or `AND range BETWEEN :y AND :z`. */
function keyCondition(
  text: string | undefined,
  hash: string,
  range: string,
): {
  readonly token: string;
  readonly floor: string | undefined;
  readonly ends: readonly string[] | undefined;
} {
  const condition = /^(\w+) = (:\w+)(?: AND (\w+) (?:> (:\w+)|BETWEEN (:\w+) AND (:\w+)))?$/;
  const [, attribute, token, ranged = range, floor, first, last] = condition.exec(text ?? "") ?? [];
  if (attribute !== hash || ranged !== range || token === undefined)
    throw new NotUnderstood("an unknown key condition");
  return { token, floor, ends: first && last ? [first, last] : undefined };
}

/** Numbers by value, texts by their bytes, which are ASCII here. */
function isBehind(value: unknown, floor: unknown): boolean {
  if (typeof value !== typeof floor) throw new NotUnderstood("a key of another type");
  return (value as string) > (floor as string);
}

const isBetween = (value: unknown, [first, last]: readonly unknown[]): boolean =>
  !isBehind(first, value) && !isBehind(value, last);

/** What DynamoDB refuses before it looks at a condition. */
function judgeLimits(writes: readonly Write[]): void {
  const invalid = (why: string): never => {
    const error = new Error(why);
    error.name = "ValidationException";
    throw error;
  };
  const keys = writes.map(
    ({ TableName = "", Item: put, Key: key }) => `${TableName}|${keyOf(TableName, put ?? key)}`,
  );
  if (new Set(keys).size !== keys.length) invalid("two operations on one item");
  if (writes.length > MAX_TRANSACTION_ITEMS) invalid("too many items");
  const sizes = writes.map(({ Item: put }) => Buffer.byteLength(JSON.stringify(put ?? {})));
  if (sizes.some((size) => size > MAX_ITEM)) invalid("an item is too large");
  if (sizes.reduce((sum, size) => sum + size, 0) > MAX_TRANSACTION) invalid("too much at once");
}

const inOrder = (left: Item, right: Item, range: string): number =>
  (left[range] as number) < (right[range] as number) ? -1 : 1;
