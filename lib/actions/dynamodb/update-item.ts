import type { GetItemCommandInput, UpdateItemCommandInput } from "@aws-sdk/client-dynamodb";
import type { Scalar } from "../../contract/constraint.ts";
import {
  CALL_ATTEMPTS,
  type ClientSettings,
  clientOptions,
  deadline,
  readingClient,
} from "../client-settings.ts";
import type {
  CallDescription,
  CallOutcome,
  Operation,
  PreRead,
  ReadBack,
  SeenAction,
} from "../descriptor.ts";
import { made, readFault } from "../outcome.ts";
import type { KeyUse } from "../target-keys.ts";
import { fromAttribute, Placeholders, type PlainAttribute, toAttribute } from "./expression.ts";
import { iamBounds, isCarried, requestKeys } from "./iam.ts";
import { attributesOf, judgeParameters, memberOf } from "./parameters.ts";
import { DESCRIBE_TABLE, isTableUnderKey } from "./table-key.ts";

const TARGET = {
  pattern: /^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table\/[A-Za-z0-9_.-]{3,255}$/,
  example: "arn:aws:dynamodb:us-east-1:111122223333:table/settings",
};

/**
 * DynamoDB decrypts the table's own key as whoever reaches its items, and names the table in the encryption context
 * (DynamoDB guide, "How DynamoDB uses AWS KMS": the user of `Decrypt` is "the principal in your AWS account who is
 * accessing the table"; data keys it generates for itself).
 */
const TABLE_KEY: KeyUse = {
  call: ["kms:Decrypt"],
  reads: ["kms:Decrypt"],
  context: { name: "aws:dynamodb:tableName", valuesOf: (arn) => [arn.split("/")[1] ?? ""] },
  lookAt: isTableUnderKey,
};

const loadSdk = () => import("./sdk.ts");

/**
 * `dynamodb:UpdateItem`: sets attributes of one existing item, optionally only while others still
 * hold expected values (PROTOCOL.md §9). The partition key value, the attribute names and
 * `ReturnValues` are held by IAM; the values set are bounded by the trust plane and the adapter.
 */
export const dynamodbUpdateItem: SeenAction = {
  action: "dynamodb:UpdateItem",
  family: "dynamodb",
  defaultRisk: "MEDIUM",
  target: TARGET,
  ceiling: TARGET,
  accountInArn: true,
  reads: ["dynamodb:GetItem", DESCRIBE_TABLE],
  keyUse: TABLE_KEY,

  knows: (parameter) => memberOf(parameter) !== undefined,
  sensitive: () => false,
  judgeParameters,

  carriesInIam: isCarried,
  iamBounds,
  requestKeys,

  load: loadSdk,
  describeCall,
  call,
  readBack,
};

/** The account is the credentials'; the session policy pins it, and the table, by ARN. */
const tableName = (operation: Operation): string => operation.resource.split("/")[1] ?? "";

const keyOf = (operation: Operation): Record<string, PlainAttribute> =>
  Object.fromEntries(
    attributesOf(operation.parameters, "key").map(([name, value]) => [name, toAttribute(value)]),
  );

function describeCall(operation: Operation): CallDescription {
  const placeholders = new Placeholders();
  const keys = attributesOf(operation.parameters, "key");
  const assignments = attributesOf(operation.parameters, "set").map((each) =>
    placeholders.equation(each),
  );
  const conditions = [
    // Without this an update creates the item: a typing error in a key would make a new one.
    ...keys.map(([name]) => `attribute_exists(${placeholders.name(name)})`),
    ...attributesOf(operation.parameters, "expect").map((each) => placeholders.equation(each)),
  ];
  return {
    api: "dynamodb:UpdateItem",
    input: {
      TableName: tableName(operation),
      Key: keyOf(operation),
      UpdateExpression: `SET ${assignments.join(", ")}`,
      ConditionExpression: conditions.join(" AND "),
      ExpressionAttributeNames: placeholders.names,
      ExpressionAttributeValues: placeholders.values,
      ReturnValues: "NONE",
    },
  };
}

async function call(
  operation: Operation,
  { problem }: PreRead,
  settings: ClientSettings,
): Promise<CallOutcome> {
  const { DynamoDBClient, UpdateItemCommand } = await loadSdk();
  const client = new DynamoDBClient(clientOptions(settings, CALL_ATTEMPTS));
  if (problem !== undefined) return { status: "failed", error: problem };
  const { input } = describeCall(operation);
  return made(() =>
    client.send(
      new UpdateItemCommand(input as unknown as UpdateItemCommandInput),
      deadline(settings),
    ),
  );
}

/**
 * Matches when every attribute set has the value and type asked for, read strongly consistently.
 */
async function readBack(operation: Operation, settings: ClientSettings): Promise<ReadBack> {
  const wanted = attributesOf(operation.parameters, "set");
  const placeholders = new Placeholders();
  const projection = wanted.map(([name]) => placeholders.name(name)).join(", ");
  try {
    const { DynamoDBClient, GetItemCommand } = await loadSdk();
    const client = readingClient("dynamodb", settings, (options) => new DynamoDBClient(options));
    const input = {
      TableName: tableName(operation),
      Key: keyOf(operation),
      ConsistentRead: true,
      ProjectionExpression: projection,
      ExpressionAttributeNames: placeholders.names,
    };
    const command = new GetItemCommand(input as unknown as GetItemCommandInput);
    const { Item: item = {} } = await client.send(command, deadline(settings));
    const observed = wanted.map(([name]): [string, Scalar | null] => [
      name,
      fromAttribute(item[name]),
    ]);
    const matches = wanted.every(([, value], index) => observed[index]?.[1] === value);
    return { matches, observed: Object.fromEntries(observed) };
  } catch (error) {
    throw readFault("dynamodb:GetItem", error);
  }
}
