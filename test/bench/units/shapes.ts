import { DescribeTableCommand, type KeySchemaElement } from "@aws-sdk/client-dynamodb";
import type { LocalPlane } from "../../support/local/plane.ts";
import type { TableShape } from "./write-units.ts";

/** The deployed tables of the plane with their indexes, as DynamoDB describes them. */
export function shapesOf({ deployer, outputs }: LocalPlane): Promise<TableShape[]> {
  return Promise.all(
    Object.values(outputs.tables).map(async (TableName) => {
      const { Table } = await deployer.dynamoDb.send(new DescribeTableCommand({ TableName }));
      const indexes = (Table?.GlobalSecondaryIndexes ?? []).map((index) => ({
        name: index.IndexName ?? "",
        ...keysOf(index.KeySchema),
        ...(index.Projection?.ProjectionType !== "ALL" && {
          projected: index.Projection?.NonKeyAttributes ?? [],
        }),
      }));
      return { name: TableName, ...keysOf(Table?.KeySchema), indexes };
    }),
  );
}

function keysOf(schema: readonly KeySchemaElement[] = []) {
  const named = (type: string) => schema.find(({ KeyType }) => KeyType === type)?.AttributeName;
  return { partitionKey: named("HASH") ?? "", sortKey: named("RANGE") ?? "" };
}
