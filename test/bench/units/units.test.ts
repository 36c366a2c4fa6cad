import assert from "node:assert/strict";
import { test } from "node:test";
import { type Item, itemSize } from "./item-size.ts";
import { readUnitsOf } from "./read-units.ts";
import { type TableShape, unitsOf } from "./write-units.ts";

const SIZES: readonly (readonly [string, Item, number])[] = [
  ["a text by its UTF-8 bytes, its name too", { aé: { S: "€" } }, 3 + 3],
  ["a number by its significant digits, half a byte each, and one", { n: { N: "1200" } }, 1 + 2],
  ["a negative one, one more", { n: { N: "-12.30" } }, 1 + 3 + 1],
  ["a boolean, a null: one", { b: { BOOL: true }, n: { NULL: true } }, 2 + 2],
  ["bytes by their length", { b: { B: new Uint8Array(9) } }, 1 + 9],
  ["a set of texts", { s: { SS: ["ab", "c"] } }, 1 + 3],
  [
    "a list: three, and one for each element",
    { l: { L: [{ S: "ab" }, { BOOL: false }] } },
    1 + 3 + 3 + 2,
  ],
  ["a map: the same with its names", { m: { M: { k: { S: "ab" } } } }, 1 + 3 + 1 + 3],
];
for (const [what, item, bytes] of SIZES) {
  test(`the size of an item: ${what}`, () => assert.equal(itemSize(item), bytes));
}

const table: TableShape = {
  ...{ name: "evidence", partitionKey: "chain", sortKey: "seq" },
  indexes: [
    { name: "byActor", partitionKey: "actor", sortKey: "at", projected: ["code"] },
    { name: "whole", partitionKey: "kind", sortKey: "at" },
  ],
};
const row: Item = {
  ...{ chain: { S: "c" }, seq: { N: "1" }, at: { S: "t" }, actor: { S: "a" } },
  record: { S: "x".repeat(3 * 1024) },
};

test("a write costs twice each begun KB in a transaction, once outside of one", () => {
  const units = (isTransactional: boolean) =>
    unitsOf({ table: { ...table, indexes: [] }, item: row, isTransactional }).map(
      (each) => each.units,
    );
  assert.deepEqual([units(true), units(false)], [[8], [4]]);
  const small = { ...row, record: { S: "" } };
  assert.equal(unitsOf({ table, item: small, isTransactional: true })[0]?.units, 2);
});

test("an index costs one unit a KB of what it has, and only where the item has both of its keys", () => {
  const [own, index, ...none] = unitsOf({ table, item: row, isTransactional: true });
  assert.deepEqual([own?.place, own?.partition, own?.isIndex], ["evidence", "c", false]);
  assert.equal(index?.place, "evidence/byActor");
  assert.deepEqual([index?.partition, index?.units, index?.isIndex], ["a", 1, true]);
  assert.equal(index?.bytes, "chainc".length + "seq".length + 2 + "att".length + "actora".length);
  assert.deepEqual(none, []);
  const kind = { ...row, kind: { S: "k" } };
  assert.equal(unitsOf({ table, item: kind, isTransactional: true }).at(-1)?.units, 4);
});

test("an update costs an index nothing where it changes nothing there, one entry, and two where it moves", () => {
  const shape: TableShape = {
    ...{ name: "state", partitionKey: "pk", sortKey: "sk" },
    indexes: [{ name: "byDue", partitionKey: "view", sortKey: "due", projected: ["open"] }],
  };
  const quiet: Item = { pk: { S: "p" }, sk: { S: "head" }, seq: { N: "1" } };
  const open: Item = { ...quiet, view: { S: "v" }, due: { S: "1" }, open: { S: "o" } };
  const entries = (before: Item | undefined, item: Item) =>
    unitsOf({ table: shape, before, item, isTransactional: true }).filter(({ isIndex }) => isIndex)
      .length;
  assert.equal(entries(undefined, quiet), 0);
  assert.equal(entries(quiet, open), 1);
  assert.equal(entries(open, { ...open, seq: { N: "2" } }), 0);
  assert.equal(entries(open, { ...open, open: { S: "other" } }), 1);
  assert.equal(entries(open, { ...open, due: { S: "2" } }), 2);
  assert.equal(entries(open, quiet), 1);
});

const read = (operation: string, bytes: number, tables: Record<string, number>) => ({
  ...{ name: `dynamodb:${operation}`, distanceMs: 5, from: 0, to: 5, emulatorMs: 5 },
  ...{ bytes, tables },
});

test("a strongly consistent read costs one unit for each begun 4 KB, and one for each key of a batch", () => {
  const calls = [
    read("Query", 9_000, { evidence: 1 }),
    read("GetItem", 2, { state: 1 }),
    read("BatchGetItem", 900, { state: 3, registry: 1 }),
    read("TransactWriteItems", 900, {}),
  ];
  assert.equal(readUnitsOf(calls), 3 + 1 + 4);
  assert.equal(readUnitsOf(calls, "state"), 1 + 3);
  assert.equal(readUnitsOf(calls, "registry"), 1);
  assert.equal(readUnitsOf(calls, "evidence"), 3);
});
