import {
  type DynamoDBClient,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { present } from "../../encoding/present.ts";
import type { Append, AppendResult, TakenKey } from "../../evidence/ports.ts";
import type { HeadShown } from "../../lifecycle/ports.ts";
import { orFault } from "./faults.ts";
import { writeItem } from "./items.ts";

/** The plane's tables by name. */
export interface Tables {
  readonly evidence: string;
  readonly state: string;
  readonly registry: string;
}

// Conditions as sentences: each names what must still be true for the transaction to happen.
const recordIsNew = "attribute_not_exists(chainId)";
// As `headOf` reads it: an item without a head, or with one that names no record, must not refuse every first append.
const chainIsEmpty = ["attribute_not_exists(seq)", "seq < :one"];
const headIsWhatWasRead = ["seq = :seq AND #hash = :hash"];
// An item that somebody has put where no chain is; an update would else make one.
const itemWithoutChain = chainIsEmpty.map((each) => `pk = :pk AND ${each}`);
const neverMarked = "attribute_not_exists(marked)";
const markedAsRead = "marked = :marked";
const unmarkedSince = (marked: unknown): string =>
  marked === undefined ? neverMarked : markedAsRead;
const keyIsFreeOrOurs = "attribute_not_exists(pk) OR #value = :value";

/** What an item of a transaction guards, in the order of the items. */
type Guard = "chain" | TakenKey;

interface Guarded {
  readonly item: TransactWriteItem;
  readonly guard: Guard;
}

/** The items of one append: records, head, taken keys, settled counter. */
export function appendItems(
  tables: Tables,
  { rows, keys = [], settle, ...move }: Append,
): Guarded[] {
  const records = rows.map((row): Guarded => {
    const Put = {
      TableName: tables.evidence,
      Item: marshall(row),
      ConditionExpression: recordIsNew,
    };
    return { item: { Put }, guard: "chain" };
  });
  const taken = keys.map((key): Guarded => ({ item: takeKey(tables.state, key), guard: key }));
  const settled: Guarded[] =
    settle === undefined
      ? []
      : [{ item: settleCounter(tables.state, settle.scope, settle.count), guard: "chain" }];
  return [{ item: moveHead(tables.state, move), guard: "chain" }, ...records, ...taken, ...settled];
}

export const headKey = (chainId: string): { pk: string; sk: string } => ({
  pk: `chain#${chainId}`,
  sk: "head",
});
export const counterKey = (scope: string): { pk: string; sk: string } => ({
  pk: `refusals#${scope}`,
  sk: "counter",
});

/**
 * An update, not a put: marks that came since stay where they are. None did, by the condition on their counter, if the
 * records of some of them take these away.
 */
function moveHead(
  table: string,
  { chainId, from, marked, to, marksLeft, seen }: Omit<Append, "rows" | "keys" | "settle">,
): TransactWriteItem {
  const isFirst = from.seq === 0;
  const unmoved = isFirst ? chainIsEmpty : headIsWhatWasRead;
  const unmarked = unmarkedSince(marked);
  const { set, remove, values } = besides(marksLeft, seen);
  return {
    Update: {
      TableName: table,
      Key: marshall(headKey(chainId)),
      UpdateExpression: [
        `SET ${["seq = :next", "#hash = :nextHash", ...set].join(", ")}`,
        ...(remove.length > 0 ? [`REMOVE ${remove.join(", ")}`] : []),
      ].join(" "),
      ConditionExpression: unmoved.map((each) => `${each} AND ${unmarked}`).join(" OR "),
      ExpressionAttributeNames: {
        "#hash": "hash",
        ...(seen !== undefined && { "#view": "view", "#open": "open" }),
      },
      ExpressionAttributeValues: writeItem({
        ":next": to.seq,
        ":nextHash": to.hash,
        ...(isFirst ? { ":one": 1 } : { ":seq": from.seq, ":hash": from.hash }),
        ...present({ ":marked": marked }),
        ...values,
      }),
    },
  };
}

/** What operators see of a head, set right without a record: only while it is as it was read, also where no record is. */
export function showHead(
  table: string,
  { chainId, head, marked, seen }: HeadShown,
): UpdateItemCommandInput {
  const { set, remove, values } = viewBeside(seen);
  const unmarked = unmarkedSince(marked);
  const key = headKey(chainId);
  const isEmpty = head.seq === 0;
  const asRead = isEmpty ? itemWithoutChain : headIsWhatWasRead;
  return {
    TableName: table,
    Key: marshall(key),
    UpdateExpression: set.length > 0 ? `SET ${set.join(", ")}` : `REMOVE ${remove.join(", ")}`,
    ConditionExpression: asRead.map((each) => `${each} AND ${unmarked}`).join(" OR "),
    ExpressionAttributeNames: {
      ...(!isEmpty && { "#hash": "hash" }),
      ...{ "#view": "view", "#open": "open" },
    },
    ExpressionAttributeValues: writeItem({
      ...(isEmpty ? { ":pk": key.pk, ":one": 1 } : { ":seq": head.seq, ":hash": head.hash }),
      ...present({ ":marked": marked }),
      ...values,
    }),
  };
}

/** What of the head's other attributes an append sets and removes. */
interface Beside {
  readonly set: readonly string[];
  readonly remove: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}

const NOTHING: Beside = { set: [], remove: [], values: {} };

function besides(marksLeft: Append["marksLeft"], seen: Append["seen"]): Beside {
  const [marks, view] = [marksBeside(marksLeft), viewBeside(seen)];
  return {
    set: [...marks.set, ...view.set],
    remove: [...marks.remove, ...view.remove],
    values: { ...marks.values, ...view.values },
  };
}

function marksBeside(left: Append["marksLeft"]): Beside {
  if (left === undefined) return NOTHING;
  return left.length === 0
    ? { ...NOTHING, remove: ["marks"] }
    : { ...NOTHING, set: ["marks = :left"], values: { ":left": left } };
}

function viewBeside(seen: Append["seen"]): Beside {
  if (seen === undefined) return NOTHING;
  if (seen === null) return { ...NOTHING, remove: ["#view", "due", "#open"] };
  const { view, due, open } = seen;
  return {
    set: ["#view = :view", "due = :due", "#open = :open"],
    remove: [],
    values: { ":view": view, ":due": due, ":open": open },
  };
}

const takeKey = (table: string, { pk, sk, value, ttl }: TakenKey): TransactWriteItem => ({
  Put: {
    TableName: table,
    Item: marshall({ pk, sk, value, ...present({ ttl }) }),
    ConditionExpression: keyIsFreeOrOurs,
    ExpressionAttributeNames: { "#value": "value" },
    ExpressionAttributeValues: marshall({ ":value": value }),
  },
});

const settleCounter = (table: string, scope: string, count: number): TransactWriteItem => ({
  Update: {
    TableName: table,
    Key: marshall(counterKey(scope)),
    UpdateExpression: "ADD unwritten :settled",
    ExpressionAttributeValues: marshall({ ":settled": -count }),
  },
});

/**
 * Sends one transaction. The SDK's retries carry one client token, so a lost answer cannot apply it twice.
 * @throws {Fault} `EVIDENCE_STORE_UNAVAILABLE` for anything but a lost condition.
 */
export function transact(
  client: DynamoDBClient,
  guarded: readonly Guarded[],
): Promise<AppendResult> {
  return orFault("EVIDENCE_STORE_UNAVAILABLE", "dynamodb:TransactWriteItems", async () => {
    try {
      await client.send(
        new TransactWriteItemsCommand({ TransactItems: guarded.map(({ item }) => item) }),
      );
      return "appended";
    } catch (error) {
      const lost =
        error instanceof TransactionCanceledException ? lostTo(error, guarded) : undefined;
      if (lost === undefined) throw error;
      return lost;
    }
  });
}

/** A moved head explains everything else; only with the head in place does a taken key mean something. */
function lostTo(
  error: TransactionCanceledException,
  guarded: readonly Guarded[],
): AppendResult | undefined {
  const reasons = (error.CancellationReasons ?? []).map(({ Code }) => Code ?? "None");
  const failed = guarded.filter((_, index) => reasons[index] === "ConditionalCheckFailed");
  if (reasons.includes("TransactionConflict") || failed.some(({ guard }) => guard === "chain"))
    return "conflict";
  const [first] = failed;
  return first === undefined || first.guard === "chain" ? undefined : { taken: first.guard };
}
