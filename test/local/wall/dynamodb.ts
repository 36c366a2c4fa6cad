import { randomBytes } from "node:crypto";
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteResourcePolicyCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  ExecuteStatementCommand,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import type { Clients } from "../../../localstack/deploy/clients.ts";
import { tableArn } from "../../support/local/contracts.ts";
import type { Ending } from "../../support/local/iam.ts";
import type { LocalPlane } from "../../support/local/plane.ts";
import { seedItem } from "../../support/local/targets.ts";
import { ABROAD, type Beyond, type Build } from "./wall.ts";

/** A table beside the governed one; gone after the test. */
export async function temporaryTable(t: Ending, { deployer }: LocalPlane): Promise<string> {
  const TableName = `production-${randomBytes(4).toString("hex")}`;
  await deployer.dynamoDb.send(
    new CreateTableCommand({
      ...{ TableName, BillingMode: "PAY_PER_REQUEST" },
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    }),
  );
  t.after(() => deployer.dynamoDb.send(new DeleteTableCommand({ TableName })));
  return TableName;
}

const keyOf = (pk: string) => ({ pk: { S: pk } });

/** The update that the adapter makes, with changes. */
const setting = (TableName: string, pk: string, change: Partial<UpdateItemCommandInput> = {}) => ({
  TableName,
  Key: keyOf(pk),
  UpdateExpression: "SET #weight = :weight",
  ConditionExpression: "attribute_exists(#pk)",
  ExpressionAttributeNames: { "#weight": "weight", "#pk": "pk" },
  ExpressionAttributeValues: { ":weight": { N: "10" } },
  ...change,
});

/** The governed update of any item of a table. */
export const update = (as: Clients, TableName: string, pk = "walled"): Promise<unknown> =>
  as.dynamoDb.send(new UpdateItemCommand(setting(TableName, pk)));

/** The same update of several items at once. */
const updates = (
  as: Clients,
  ...items: (readonly [table: string, pk: string])[]
): Promise<unknown> =>
  as.dynamoDb.send(
    new TransactWriteItemsCommand({
      TransactItems: items.map(([table, pk]) => {
        const { UpdateExpression = "", ...rest } = setting(table, pk);
        return { Update: { ...rest, UpdateExpression } };
      }),
    }),
  );

const put = (as: Clients, TableName: string): Promise<unknown> =>
  as.dynamoDb.send(new PutItemCommand({ TableName, Item: keyOf("new") }));

/** Other actions on the very table. */
function otherActions(plane: LocalPlane): Record<string, Beyond> {
  const TableName = plane.outputs.samples.table;
  const Key = keyOf("walled");
  const Statement = `UPDATE "${TableName}" SET weight = 10 WHERE pk = 'walled'`;
  const writes = [{ PutRequest: { Item: keyOf("new") } }];
  const TimeToLiveSpecification = { Enabled: false, AttributeName: "weight" };
  return {
    "another action: GetItem": {
      call: ({ dynamoDb }) => dynamoDb.send(new GetItemCommand({ TableName, Key })),
    },
    "another action: Scan": {
      call: ({ dynamoDb }) => dynamoDb.send(new ScanCommand({ TableName })),
    },
    "another action: DescribeTable": {
      call: ({ dynamoDb }) => dynamoDb.send(new DescribeTableCommand({ TableName })),
    },
    "another action: PutItem": { call: (as) => put(as, TableName) },
    "another action: BatchWriteItem": {
      call: ({ dynamoDb }) =>
        dynamoDb.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: writes } })),
    },
    "another action: DeleteItem": {
      call: ({ dynamoDb }) =>
        dynamoDb.send(new DeleteItemCommand({ TableName, Key: keyOf("new") })),
    },
    "ADV-26 the same write by PartiQL": {
      call: ({ dynamoDb }) => dynamoDb.send(new ExecuteStatementCommand({ Statement })),
    },
    "another action: DeleteResourcePolicy": {
      call: ({ dynamoDb }) =>
        dynamoDb.send(new DeleteResourcePolicyCommand({ ResourceArn: tableArn(plane) })),
    },
    "another action: UpdateTimeToLive": {
      call: ({ dynamoDb }) =>
        dynamoDb.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification })),
    },
  };
}

/** `dynamodb:UpdateItem` on one table, any item. */
export const tableWall: Build = async (t, plane) => {
  const { table } = plane.outputs.samples;
  const production = await temporaryTable(t, plane);
  const items = [table, production].map((name) => seedItem(plane, "walled", name));
  await Promise.all([...items, seedItem(plane, "second")]);
  return {
    scope: { action: "dynamodb:UpdateItem", target: tableArn(plane) },
    bounded: (as) => update(as, table),
    beyond: {
      ...otherActions(plane),
      "VAI-42 another resource: production under a contract for staging": {
        call: (as) => update(as, production),
      },
      "ADV-24 the old item asked for": {
        call: ({ dynamoDb }) =>
          dynamoDb.send(
            new UpdateItemCommand(setting(table, "walled", { ReturnValues: "ALL_OLD" })),
          ),
      },
      "several resources: staging and production in one transaction": {
        call: (as) => updates(as, [table, "walled"], [production, "walled"]),
      },
      "several resources: production first": {
        call: (as) => updates(as, [production, "walled"], [table, "walled"]),
      },
      "another region": {
        ...{ region: ABROAD, outcome: "ResourceNotFoundException" },
        call: (as) => update(as, table),
      },
    },
  };
};

/** `dynamodb:UpdateItem` of one attribute of one item: `dynamodb:LeadingKeys` and its siblings. */
export const itemWall: Build = async (t, plane) => {
  const { table } = plane.outputs.samples;
  const production = await temporaryTable(t, plane);
  await Promise.all([seedItem(plane, "walled"), seedItem(plane, "other")]);
  await seedItem(plane, "walled", production);
  const changed = (change: Partial<UpdateItemCommandInput>): Beyond => ({
    call: ({ dynamoDb }) => dynamoDb.send(new UpdateItemCommand(setting(table, "walled", change))),
  });
  return {
    scope: {
      ...{ action: "dynamodb:UpdateItem", target: tableArn(plane) },
      parameters: { "key/pk": "walled", "set/weight": 10 },
    },
    bounded: (as) => update(as, table),
    beyond: {
      ...otherActions(plane),
      "another item of the table": { call: (as) => update(as, table, "other") },
      "several resources: both items in one transaction": {
        call: (as) => updates(as, [table, "walled"], [table, "other"]),
      },
      "several resources: the other item first": {
        call: (as) => updates(as, [table, "other"], [table, "walled"]),
      },
      "VAI-42 the same item of production": { call: (as) => update(as, production) },
      "ADV-24 one attribute more": changed({
        UpdateExpression: "SET #weight = :weight, #owner = :weight",
        ExpressionAttributeNames: { "#weight": "weight", "#pk": "pk", "#owner": "owner" },
      }),
      "ADV-24 an attribute asked about in the condition": changed({
        ConditionExpression: "attribute_exists(#pk) AND #owner <> :weight",
        ExpressionAttributeNames: { "#weight": "weight", "#pk": "pk", "#owner": "owner" },
        ExpressionAttributeValues: { ":weight": { N: "11" } },
      }),
      "ADV-24 the old item asked for": changed({ ReturnValues: "ALL_OLD" }),
    },
  };
};
