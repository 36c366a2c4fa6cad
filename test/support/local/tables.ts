import assert from "node:assert/strict";
import { type AttributeValue, GetItemCommand } from "@aws-sdk/client-dynamodb";
import type { LocalPlane } from "./plane.ts";

/** An item as DynamoDB has it. */
export type Row = Record<string, AttributeValue>;

/** One row of State or Registry as the deployer reads it. Fails when there is none. */
export async function readRow(
  { deployer, outputs }: LocalPlane,
  table: "state" | "registry",
  pk: string,
  sk: string,
): Promise<Row> {
  const { Item } = await deployer.dynamoDb.send(
    new GetItemCommand({
      TableName: outputs.tables[table],
      Key: { pk: { S: pk }, sk: { S: sk } },
      ConsistentRead: true,
    }),
  );
  assert.ok(Item, `${table} has no ${pk} ${sk}`);
  return Item;
}
