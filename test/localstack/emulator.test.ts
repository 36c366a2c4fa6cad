import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  BatchGetItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  ExecuteStatementCommand,
  GetItemCommand,
  PutItemCommand,
  PutResourcePolicyCommand,
  QueryCommand,
  type QueryCommandInput,
  type ReturnValue,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import { CreateKeyCommand, GetPublicKeyCommand, SignCommand } from "@aws-sdk/client-kms";
import {
  actingWith,
  allow,
  assume,
  denied,
  document,
  makeRole,
  type RunningEmulator,
  startEmulator,
} from "./support/emulator.ts";

const ACCOUNT = "000000000000";
const tableArn = (name: string) => `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/${name}`;
const item = (pk: string, rest = {}) => ({ pk: { S: pk }, ...rest });

let emulator: RunningEmulator;

before(async () => {
  emulator = await startEmulator();
  await Promise.all(["settings", "ledger", "other"].map(createTable));
  for (const pk of ["a", "b"]) {
    const Item = item(pk, { owner: { S: pk }, colour: { S: "red" }, weight: { N: "1" } });
    await emulator.deployer.dynamoDb.send(new PutItemCommand({ TableName: "settings", Item }));
  }
});

after(() => emulator?.stop());

async function createTable(TableName: string): Promise<void> {
  const command = new CreateTableCommand({
    ...{ TableName, BillingMode: "PAY_PER_REQUEST" },
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" },
      { AttributeName: "owner", AttributeType: "S" },
    ],
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    GlobalSecondaryIndexes: [
      {
        IndexName: "byOwner",
        KeySchema: [{ AttributeName: "owner", KeyType: "HASH" }],
        Projection: { ProjectionType: "ALL" },
      },
    ],
  });
  await emulator.deployer.dynamoDb.send(command);
}

const onlyValues = (key: string, values: string[]) => ({
  "ForAllValues:StringEquals": { [key]: values },
  Null: { [key]: "false" },
});

test("dynamodb:Attributes: every top-level name that a request touches, placeholders resolved", async () => {
  const only = onlyValues("dynamodb:Attributes", ["pk", "colour", "begins_with"]);
  const actions = ["dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:GetItem"];
  const { dynamoDb } = await actingWith(emulator, allow(actions, tableArn("settings"), only));
  const v = { ":v": { S: "blue" } };
  const update = (input: Partial<UpdateItemCommandInput>) =>
    dynamoDb.send(new UpdateItemCommand({ TableName: "settings", Key: item("a"), ...input }));
  const set = (UpdateExpression: string, more: Partial<UpdateItemCommandInput> = {}) =>
    update({ UpdateExpression, ExpressionAttributeValues: v, ...more });

  await set("SET colour = :v");
  await set("SET #c = if_not_exists(colour, :v)", { ExpressionAttributeNames: { "#c": "colour" } });
  await set("SET begins_with = :v", {
    ConditionExpression: "attribute_exists(pk) AND NOT begins_with(pk, :v)",
  });
  await update({ UpdateExpression: "REMOVE begins_with" });
  await dynamoDb.send(
    new PutItemCommand({ TableName: "settings", Item: item("c", { colour: { S: "x" } }) }),
  );
  const read = { TableName: "settings", Key: item("a"), ProjectionExpression: "colour, pk" };
  await dynamoDb.send(new GetItemCommand(read));

  await denied(set("SET weight = :v"), "another attribute");
  await denied(set("SET colour = :v, weight = :v"), "one more attribute");
  await denied(
    set("SET #c = :v", { ExpressionAttributeNames: { "#c": "weight" } }),
    "by placeholder",
  );
  await denied(set("SET colour = weight"), "read on the right side");
  await denied(set("SET colour = :v REMOVE weight"), "removed");
  await denied(set("SET colour = :v", { ConditionExpression: "weight = :v" }), "in the condition");
  await denied(set("SET remove = :v"), "an attribute with the name of a clause");
  await denied(set("SET size.colour = :v"), "the head of a path counts");
  const Item = item("c", { colour: { S: "x" }, weight: { N: "1" } });
  await denied(dynamoDb.send(new PutItemCommand({ TableName: "settings", Item })), "in an item");
  await denied(dynamoDb.send(new GetItemCommand({ ...read, ProjectionExpression: "weight" })));
});

test("dynamodb:ReturnValues: NONE unless the request says otherwise", async () => {
  const condition = { StringEquals: { "dynamodb:ReturnValues": ["NONE", "UPDATED_NEW"] } };
  const { dynamoDb } = await actingWith(
    emulator,
    allow("dynamodb:UpdateItem", tableArn("settings"), condition),
  );
  const update = (ReturnValues?: ReturnValue) =>
    dynamoDb.send(
      new UpdateItemCommand({
        ...{ TableName: "settings", Key: item("a") },
        UpdateExpression: "SET colour = :v",
        ExpressionAttributeValues: { ":v": { S: "green" } },
        ...(ReturnValues ? { ReturnValues } : {}),
      }),
    );
  await update();
  await update("NONE");
  await update("UPDATED_NEW");
  await denied(update("ALL_OLD"));
  await denied(update("ALL_NEW"));
});

test("dynamodb:LeadingKeys: all partition keys of a request, absent where there is none", async () => {
  const { dynamoDb } = await actingWith(
    emulator,
    allow(
      [
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
      ],
      [tableArn("settings"), `${tableArn("settings")}/index/*`],
      onlyValues("dynamodb:LeadingKeys", ["a"]),
    ),
  );
  const TableName = "settings";
  const get = (pk: string) => dynamoDb.send(new GetItemCommand({ TableName, Key: item(pk) }));
  const query = (pk: string, more: Partial<QueryCommandInput> = {}) => {
    const ExpressionAttributeValues = { ":k": { S: pk } };
    const KeyConditionExpression = "pk = :k";
    const input = { TableName, KeyConditionExpression, ExpressionAttributeValues, ...more };
    return dynamoDb.send(new QueryCommand(input));
  };
  const batch = (...keys: string[]) => {
    const RequestItems = { [TableName]: { Keys: keys.map((pk) => item(pk)) } };
    return dynamoDb.send(new BatchGetItemCommand({ RequestItems }));
  };
  const transact = (...keys: string[]) => {
    const TransactItems = keys.map((pk) => ({ Put: { TableName, Item: item(pk) } }));
    return dynamoDb.send(new TransactWriteItemsCommand({ TransactItems }));
  };
  const byOwner = { IndexName: "byOwner", KeyConditionExpression: "#o = :k" };
  const names = { ExpressionAttributeNames: { "#o": "owner" } };

  await get("a");
  await query("a");
  await query("a", { ...byOwner, ...names });
  await batch("a");
  await transact("a");
  await denied(get("b"));
  await denied(query("b"));
  await denied(query("b", { ...byOwner, ...names }), "the index has its own partition key");
  await denied(dynamoDb.send(new ScanCommand({ TableName })), "a scan names no key");
  await denied(batch("a", "b"));
  await denied(transact("a", "b"));
});

test("dynamodb:EnclosingOperation: a put is allowed in a transaction and nowhere else", async () => {
  const operation = { "dynamodb:EnclosingOperation": "TransactWriteItems" };
  const inside = { "ForAnyValue:StringEquals": operation };
  const { dynamoDb } = await actingWith(
    emulator,
    allow("dynamodb:PutItem", tableArn("settings"), inside),
  );
  const Put = { TableName: "settings", Item: item("t") };
  await dynamoDb.send(new TransactWriteItemsCommand({ TransactItems: [{ Put }] }));
  await denied(dynamoDb.send(new PutItemCommand(Put)));
  const Statement = `INSERT INTO "settings" VALUE {'pk': 'u'}`;
  await denied(dynamoDb.send(new ExecuteStatementCommand({ Statement })));
});

test("PartiQL is authorized by what its statement does, on the table that it names", async () => {
  const { dynamoDb } = await actingWith(
    emulator,
    allow("dynamodb:PartiQLSelect", tableArn("settings")),
  );
  const run = (Statement: string) => dynamoDb.send(new ExecuteStatementCommand({ Statement }));
  const { Items } = await run(`SELECT pk FROM "settings" WHERE pk = 'b'`);
  assert.deepEqual(Items, [item("b")]);
  await denied(run(`SELECT pk FROM "other" WHERE pk = 'b'`));
  await denied(run(`INSERT INTO "settings" VALUE {'pk': 'z'}`));
  await denied(run(`DELETE FROM "settings" WHERE pk = 'b'`));
});

test("a table's resource policy holds against an administrator, by role ARN, on writes of every kind", async () => {
  const writer = await makeRole(emulator, [allow("dynamodb:*", "*")]);
  const deny = (Action: string[], Condition = {}) => ({
    ...{ Effect: "Deny", Principal: "*", Resource: tableArn("ledger"), Action, Condition },
  });
  const Policy = document(
    deny([
      "dynamodb:UpdateItem",
      "dynamodb:DeleteItem",
      "dynamodb:BatchWriteItem",
      "dynamodb:PartiQLInsert",
    ]),
    deny(["dynamodb:PutItem"], { ArnNotEquals: { "aws:PrincipalArn": [writer.arn] } }),
  );
  const admin = emulator.deployer.dynamoDb;
  await admin.send(new PutResourcePolicyCommand({ ResourceArn: tableArn("ledger"), Policy }));
  const put = new PutItemCommand({ TableName: "ledger", Item: item("1") });
  const { dynamoDb } = (await assume(emulator, writer.arn)).clients;
  await dynamoDb.send(put);
  await denied(admin.send(put), "an administrator is not the writer");
  await admin.send(new GetItemCommand({ TableName: "ledger", Key: item("1") }));
  const gone = { TableName: "ledger", Key: item("1") };
  await denied(dynamoDb.send(new DeleteItemCommand(gone)));
  await denied(dynamoDb.send(new TransactWriteItemsCommand({ TransactItems: [{ Delete: gone }] })));
  const Statement = `INSERT INTO "ledger" VALUE {'pk': 'q'}`;
  await denied(dynamoDb.send(new ExecuteStatementCommand({ Statement })));
  await admin.send(new DeleteItemCommand({ ...gone, TableName: "other" }));
});

test("kms:SigningAlgorithm and kms:MessageType, with plain StringEquals in a key policy", async () => {
  const signer = await makeRole(emulator, []);
  const other = await makeRole(emulator, [allow("kms:*", "*")]);
  const root = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
  const Policy = document(
    {
      ...{ Effect: "Allow", Principal: { AWS: signer.arn }, Action: "kms:Sign", Resource: "*" },
      Condition: {
        StringEquals: { "kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST" },
      },
    },
    {
      Effect: "Allow",
      Principal: root,
      Action: ["kms:GetPublicKey", "kms:DescribeKey"],
      Resource: "*",
    },
  );
  const { KeyMetadata } = await emulator.deployer.kms.send(
    new CreateKeyCommand({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY", Policy }),
  );
  const KeyId = KeyMetadata?.KeyId;
  const sign = (MessageType?: "DIGEST" | "RAW") =>
    new SignCommand({
      ...{ KeyId, Message: new Uint8Array(32), SigningAlgorithm: "ECDSA_SHA_256" },
      ...(MessageType ? { MessageType } : {}),
    });
  const { kms } = (await assume(emulator, signer.arn)).clients;
  const others = (await assume(emulator, other.arn)).clients.kms;
  await kms.send(sign("DIGEST"));
  await denied(kms.send(sign("RAW")));
  await denied(kms.send(sign()), "RAW is what KMS takes when nothing is said");
  await denied(others.send(sign("DIGEST")), "kms:* in IAM is not enough");
  await denied(emulator.deployer.kms.send(sign("DIGEST")), "nor are administrator rights");
  await others.send(new GetPublicKeyCommand({ KeyId }));
  await denied(
    kms.send(new GetPublicKeyCommand({ KeyId })),
    "the account's statement needs IAM too",
  );
});
