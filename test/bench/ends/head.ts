import { marshall } from "@aws-sdk/util-dynamodb";
import { templateOf } from "../../infra/support/synthesise.ts";
import { Resolved } from "../../infra/support/template.ts";
import { CREDENTIALS, HANDLE } from "../../support/deliveries.ts";
import { TABLES } from "../../support/memory-dynamo.ts";
import { newPlane, type Plane } from "../../support/plane.ts";
import { fixed, type Line } from "../measure.ts";
import type { Item } from "../units/item-size.ts";
import { type TableShape, unitsOf, type Write } from "../units/write-units.ts";

/** What operators see on a chain's head, and nothing else reads. */
const SHOWN = ["view", "due", "open"];

/** A governed action from its request to the end of its identity, by delivery. */
const ACTIONS: Readonly<Record<string, (plane: Plane) => Promise<unknown>>> = {
  execute: (plane) => plane.grant(),
  handle: async (plane) => {
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    return plane.execute(plane.redemption(governed, handle));
  },
  credentials: async (plane) => {
    await plane.grant(CREDENTIALS);
    plane.world.pass(901);
    return plane.sweep();
  },
};

/** Bytes and write units of a governed action, with the head's attributes against the very same writes without them. */
export async function measureHead(): Promise<Line[]> {
  const shapes = deployedShapes();
  const lines: Line[] = [];
  for (const [delivery, act] of Object.entries(ACTIONS)) {
    const writes = await writesOf(shapes, act);
    const [ours, theirs] = [costOf(writes), costOf(writes.map(without))];
    const [bytes, units] = [ours.bytes / theirs.bytes, ours.units / theirs.units];
    lines.push({
      name: `bytes and write units of a governed action with the head's attributes, against without, delivery ${delivery}`,
      value: `${fixed(bytes)} and ${fixed(units)} (${fixed(ours.bytes / 1000, 1)} KB, ${ours.units} units, against ${fixed(theirs.bytes / 1000, 1)} KB, ${theirs.units})`,
      ...{ goal: "≤ 1.3", met: bytes <= 1.3 && units <= 1.3 },
      how: "in memory, to the end of the identity; every write of tables and indexes as DynamoDB bills it, an index's moved entry twice",
    });
  }
  return lines;
}

/** The deployed tables and indexes, by the template, under the names that they have in memory. */
function deployedShapes(): TableShape[] {
  const resolved = new Resolved(templateOf());
  return Object.entries(TABLES).map(([part, name]) => {
    const { Properties } = resolved.one("AWS::DynamoDB::Table", "TableName", `vai-example-${part}`);
    const indexes = (Properties["GlobalSecondaryIndexes"] ?? []) as readonly Described[];
    const { KeySchema } = Properties as unknown as Described;
    return {
      ...{ name, ...keysOf(KeySchema) },
      indexes: indexes.map(({ IndexName = "", KeySchema: keys, Projection }) => ({
        ...{ name: IndexName, ...keysOf(keys), projected: Projection?.NonKeyAttributes ?? [] },
      })),
    };
  });
}

interface Described {
  readonly IndexName?: string;
  readonly KeySchema: readonly { readonly AttributeName: string }[];
  readonly Projection?: { readonly NonKeyAttributes: readonly string[] };
}

const keysOf = ([hash, range]: Described["KeySchema"]) => ({
  partitionKey: hash?.AttributeName ?? "",
  sortKey: range?.AttributeName ?? "",
});

/** Every write of an action, in a plane that has served one before. */
async function writesOf(
  shapes: readonly TableShape[],
  act: (plane: Plane) => Promise<unknown>,
): Promise<Write[]> {
  const plane = await newPlane();
  await act(plane);
  const writes: Write[] = [];
  for (const table of shapes) {
    const items = plane.dynamo.table(table.name);
    const set = items.set.bind(items);
    items.set = (key, item) => {
      const old = items.get(key);
      const before = old === undefined ? undefined : asStored(old);
      writes.push({ table, before, item: asStored(item), isTransactional: true });
      return set(key, item);
    };
  }
  await act(plane);
  return writes;
}

const asStored = (item: object): Item => marshall(item, { removeUndefinedValues: true });

const without = ({ item, before, ...write }: Write): Write => ({
  ...write,
  item: unseen(item),
  before: before === undefined ? undefined : unseen(before),
});

const unseen = (item: Item): Item =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !SHOWN.includes(name)));

function costOf(writes: readonly Write[]) {
  const places = writes.flatMap(unitsOf);
  const sum = (of: "bytes" | "units") => places.reduce((all, each) => all + each[of], 0);
  return { bytes: sum("bytes"), units: sum("units") };
}
