import { parseArgs } from "node:util";
import { type AttributeValue, DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";

// `aws dynamodb query` for machines without the AWS CLI: the options that our page uses, and any other is refused. Like
// the CLI it reads all pages and prints their items.

const text = { type: "string" } as const;
const { values, positionals } = parseArgs({
  options: {
    "table-name": text,
    "index-name": text,
    "key-condition-expression": text,
    "filter-expression": text,
    "expression-attribute-names": text,
    "expression-attribute-values": text,
    "consistent-read": { type: "boolean" },
  },
  allowPositionals: true,
  strict: true,
});
if (positionals.join(" ") !== "dynamodb query") throw new Error(`not known: ${positionals}`);

const parsed = (json: string | undefined) => (json === undefined ? undefined : JSON.parse(json));
const client = new DynamoDBClient({ endpoint: process.env["AWS_ENDPOINT_URL"] ?? "" });
const Items: Record<string, AttributeValue>[] = [];
let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
do {
  const page = await client.send(
    new QueryCommand({
      TableName: values["table-name"],
      IndexName: values["index-name"],
      KeyConditionExpression: values["key-condition-expression"],
      FilterExpression: values["filter-expression"],
      ExpressionAttributeNames: parsed(values["expression-attribute-names"]),
      ExpressionAttributeValues: parsed(values["expression-attribute-values"]),
      ConsistentRead: values["consistent-read"],
      ...(ExclusiveStartKey !== undefined && { ExclusiveStartKey }),
    }),
  );
  Items.push(...(page.Items ?? []));
  ExclusiveStartKey = page.LastEvaluatedKey;
} while (ExclusiveStartKey !== undefined);
process.stdout.write(JSON.stringify({ Items, Count: Items.length }));
