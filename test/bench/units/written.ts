import { GetItemCommand, paginateQuery, paginateScan } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { CloudTrailEvent } from "../../../localstack/machine/control.ts";
import { nameOf } from "../../support/local/faults.ts";
import type { LocalPlane } from "../../support/local/plane.ts";
import type { Item } from "./item-size.ts";
import type { TableShape, Write } from "./write-units.ts";

/** Items by table, by their keys as text. */
type Contents = ReadonlyMap<string, ReadonlyMap<string, Item>>;

/** An update outside of a transaction, where it is called `Update`. */
const SINGLE = "UpdateItem";

/** One write as the feed tells it: of a put it has the names of the attributes, of all others the key. */
interface Told {
  readonly operation: string;
  readonly tableName: string;
  readonly items?: readonly string[];
  readonly key?: Readonly<Record<string, unknown>>;
}

/** Everything in the plane's tables but the chains of other intents. */
export async function contentsOf(
  plane: LocalPlane,
  shapes: readonly TableShape[],
  chainId?: string,
): Promise<Contents> {
  const read = shapes.map(async (shape): Promise<[string, ReadonlyMap<string, Item>]> => {
    const isEvidence = shape.name === plane.outputs.tables.evidence;
    const items = isEvidence ? chain(plane, shape, chainId) : scan(plane, shape);
    return [shape.name, new Map((await items).map((item) => [keyText(shape, item), item]))];
  });
  return new Map(await Promise.all(read));
}

/** What these calls have written: puts are found among the items that are new, the others by the key that the feed has. */
export async function writesOf(
  plane: LocalPlane,
  shapes: readonly TableShape[],
  calls: readonly CloudTrailEvent[],
  [before, after]: readonly [Contents, Contents],
): Promise<Write[]> {
  const told = calls.filter(({ errorCode }) => errorCode === undefined).flatMap(toldBy);
  const writes = shapes.map(async (table): Promise<Write[]> => {
    const here = told.filter(({ tableName }) => tableName === table.name);
    const keyed = here.flatMap(({ key, operation }) =>
      key === undefined ? [] : [{ key, isTransactional: operation !== SINGLE }],
    );
    const changed = keyed.map(async ({ key, isTransactional }) => {
      return { table, item: await itemAt(plane, table.name, key), isTransactional };
    });
    const fresh = [...(after.get(table.name) ?? [])]
      .filter(([key]) => before.get(table.name)?.has(key) !== true)
      .map(([, item]) => item);
    const put = putItems(here, fresh).map((item) => ({ table, item, isTransactional: true }));
    return [...put, ...(await Promise.all(changed))];
  });
  return (await Promise.all(writes)).flat();
}

/**
 * The item of each put: of the new ones one that has just its attributes, each once, and again where it was put again.
 * @throws when there is none
 */
function putItems(told: readonly Told[], fresh: readonly Item[]): Item[] {
  const left = new Set(fresh);
  return told.flatMap(({ operation, items, tableName }) => {
    if (operation !== "Put") return [];
    const names = [...(items ?? [])].sort().join();
    const alike = (item: Item): boolean => Object.keys(item).sort().join() === names;
    const found = [...left].find(alike) ?? fresh.find(alike);
    if (found === undefined)
      throw new Error(`${tableName}: nothing new has the attributes ${names}`);
    left.delete(found);
    return [found];
  });
}

/** The writes of one call. */
function toldBy(event: CloudTrailEvent): Told[] {
  const parameters = event.requestParameters ?? {};
  switch (nameOf(event)) {
    case "dynamodb TransactWriteItems":
      return (parameters["requestItems"] ?? []) as Told[];
    case "dynamodb UpdateItem":
      return [{ operation: SINGLE, ...parameters } as unknown as Told];
    default:
      return [];
  }
}

const keyText = ({ partitionKey, sortKey }: TableShape, item: Item): string =>
  JSON.stringify([item[partitionKey], item[sortKey]]);

async function itemAt(
  { deployer }: LocalPlane,
  TableName: string,
  key: Readonly<Record<string, unknown>>,
): Promise<Item> {
  const asked = { TableName, Key: marshall(key), ConsistentRead: true };
  const { Item: found = {} } = await deployer.dynamoDb.send(new GetItemCommand(asked));
  return found;
}

async function scan({ deployer }: LocalPlane, { name }: TableShape): Promise<Item[]> {
  const items: Item[] = [];
  const pages = paginateScan({ client: deployer.dynamoDb }, { TableName: name });
  for await (const { Items = [] } of pages) items.push(...Items);
  return items;
}

async function chain(
  { deployer }: LocalPlane,
  { name, partitionKey }: TableShape,
  chainId: string | undefined,
): Promise<Item[]> {
  if (chainId === undefined) return [];
  const asked = {
    TableName: name,
    KeyConditionExpression: "#chain = :chain",
    ExpressionAttributeNames: { "#chain": partitionKey },
    ExpressionAttributeValues: marshall({ ":chain": chainId }),
  };
  const items: Item[] = [];
  for await (const { Items = [] } of paginateQuery({ client: deployer.dynamoDb }, asked)) {
    items.push(...Items);
  }
  return items;
}
