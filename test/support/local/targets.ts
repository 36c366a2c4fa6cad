import { DeleteItemCommand, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { GetAliasCommand, UpdateAliasCommand } from "@aws-sdk/client-lambda";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { LocalPlane } from "./plane.ts";

const alias = ({ outputs }: LocalPlane) => ({
  FunctionName: outputs.samples.function,
  Name: "live",
});

/** Where the alias sends traffic, as the deployer reads it: main version and extra weights. */
export async function routing(plane: LocalPlane) {
  const read = await plane.deployer.lambda.send(new GetAliasCommand(alias(plane)));
  return { main: read.FunctionVersion, extra: read.RoutingConfig?.AdditionalVersionWeights ?? {} };
}

/** All traffic back to version 1. */
export async function resetRouting(plane: LocalPlane): Promise<void> {
  const RoutingConfig = { AdditionalVersionWeights: {} };
  await plane.deployer.lambda.send(
    new UpdateAliasCommand({ ...alias(plane), FunctionVersion: "1", RoutingConfig }),
  );
}

/** Puts an item into a table of the samples, as the deployer. */
export async function seedItem(
  plane: LocalPlane,
  pk: string,
  table = plane.outputs.samples.table,
): Promise<void> {
  const Item = marshall({ pk, weight: 1, owner: "team-a" });
  await plane.deployer.dynamoDb.send(new PutItemCommand({ TableName: table, Item }));
}

/** An item as the deployer reads it. */
export async function readItem(
  plane: LocalPlane,
  pk: string,
  table = plane.outputs.samples.table,
): Promise<Record<string, unknown> | undefined> {
  const { Item } = await plane.deployer.dynamoDb.send(
    new GetItemCommand({ TableName: table, Key: marshall({ pk }), ConsistentRead: true }),
  );
  return Item && unmarshall(Item);
}

/**
 * Resets the count of refusals whose sender is not verified: beyond the first 20 of a minute they
 * are only counted, and a test that looks for the record of one must not depend on the others.
 */
export async function forgetRefusals({ deployer, outputs }: LocalPlane): Promise<void> {
  const Key = marshall({ pk: "refusals#unattributed", sk: "counter" });
  await deployer.dynamoDb.send(new DeleteItemCommand({ TableName: outputs.tables.state, Key }));
}
