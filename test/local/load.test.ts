import assert from "node:assert/strict";
import { test } from "node:test";
import { DeleteItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { judge } from "../load/judge.ts";
import { PEOPLE_KINDS } from "../load/kinds.ts";
import type { Told } from "../load/outcome.ts";
import { runLoad } from "../load/run.ts";
import { undoDenials } from "../matrix/undo-denials.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import { localPlane } from "../support/local/plane.ts";
import { readRow } from "../support/local/tables.ts";

/** An answer that was not so in any way, and how each is told. */
const LIE: Partial<Told> = {
  ...{ isChanged: false, refusals: 1, issued: 2, denials: 1, surprise: "another answer" },
};
const TOLD = [
  /the item's weight is 10/,
  /1 refusals were answered, 0 are counted/,
  /2 identities were granted, 1 are on record/,
  /1 denials: 0 on record/,
  /another answer/,
  /refusals accuse nobody/,
  /State has another contract#/,
] as const;

// The whole is `npm run load`.
test("VAI-07 VAI-98 X-17 60 governed actions of every kind: evidence, State, counters and targets agree", async (t) => {
  const plane = await localPlane();
  t.after(() => undoDenials(plane));
  const { report, played } = await runLoad(t, plane, { actions: 60, seed: 1, isAlone: false });
  assert.deepEqual(report.problems, []);
  assert.deepEqual(report.kinds, {
    ...{ granted: 18, refused: 12, revoked: 3, faulted: 3 },
    ...Object.fromEntries(PEOPLE_KINDS.map((kind) => [kind, 3])),
  });
  assert.deepEqual(report.missed, [], "a fault that hits nothing shows nothing");

  // What it must see: an answer that was not so, and a State that its records do not say.
  const good = played.told.find(({ title }) => title === "granted execute");
  assert.ok(good);
  const before = played.before + 100;
  await withoutContract(plane, good, async () => {
    const lied = { ...played, before, told: [{ ...good, ...LIE }] };
    const { problems } = await judge(plane, lied);
    for (const told of TOLD) assert.match(problems.join("\n"), told);
  });
});

/** While somebody has deleted a contract's row from State. */
async function withoutContract(
  plane: LocalPlane,
  { digest }: Told,
  work: () => Promise<void>,
): Promise<void> {
  const TableName = plane.outputs.tables.state;
  const [pk, sk] = [`contract#${digest}`, "chain"];
  const Item = await readRow(plane, "state", pk, sk);
  const Key = marshall({ pk, sk });
  await plane.deployer.dynamoDb.send(new DeleteItemCommand({ TableName, Key }));
  try {
    await work();
  } finally {
    await plane.deployer.dynamoDb.send(new PutItemCommand({ TableName, Item }));
  }
}
