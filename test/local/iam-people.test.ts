import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BatchGetItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { ListRolesCommand } from "@aws-sdk/client-iam";
import { GetPublicKeyCommand, SignCommand } from "@aws-sdk/client-kms";
import {
  GetFunctionCommand,
  InvokeCommand,
  ListFunctionsCommand,
  UpdateAliasCommand,
} from "@aws-sdk/client-lambda";
import { allDenied, denied } from "../support/local/iam.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { functionRole } from "../support/local/roles.ts";

const signCommand = (
  { outputs }: Pick<LocalPlane, "outputs">,
  MessageType: "DIGEST" | "RAW" = "DIGEST",
) =>
  new SignCommand({
    ...{ KeyId: outputs.evidenceKeyId, MessageType, SigningAlgorithm: "ECDSA_SHA_256" },
    Message: new Uint8Array(32),
  });

test("USR-11 ADV-44 the agent's user may call the plane and nothing else", async () => {
  const { agent, outputs } = await localPlane();
  const { functions, samples, tables } = outputs;
  const invoking = (FunctionName: string) => agent.lambda.send(new InvokeCommand({ FunctionName }));
  const item = { TableName: samples.table, Key: { pk: { S: "svc-a" } } };
  const first = { chainId: { S: "plane/registry" }, seq: { N: "1" } };
  const alias = { FunctionName: samples.function, Name: "live", FunctionVersion: "2" };
  const attempts: Record<string, Promise<unknown>> = {
    "invoke govern": invoking(functions.govern),
    "invoke another function": invoking(samples.function),
    "list functions": agent.lambda.send(new ListFunctionsCommand({})),
    "read a function": agent.lambda.send(new GetFunctionCommand({ FunctionName: functions.issue })),
    "shift traffic": agent.lambda.send(new UpdateAliasCommand(alias)),
    "change an item": agent.dynamoDb.send(new UpdateItemCommand(item)),
    "read an item": agent.dynamoDb.send(new GetItemCommand(item)),
    "read evidence": agent.dynamoDb.send(
      new GetItemCommand({ TableName: tables.evidence, Key: first }),
    ),
    "read state": agent.dynamoDb.send(new ScanCommand({ TableName: tables.state })),
    sign: agent.kms.send(signCommand({ outputs })),
    "list roles": agent.iam.send(new ListRolesCommand({})),
  };
  await allDenied(attempts);
});

test("USR-13 the auditor's user reads Evidence and the key that verifies it, and nothing else", async () => {
  const { auditor, outputs } = await localPlane();
  const { functions, samples, tables, evidenceKeyId } = outputs;
  const TableName = tables.evidence;
  const Key = { chainId: { S: "plane/registry" }, seq: { N: "1" } };
  const byType = {
    ...{ TableName, IndexName: "byEventType", KeyConditionExpression: "eventType = :type" },
    ExpressionAttributeValues: { ":type": { S: "TrustPolicyPublished" } },
  };
  assert.ok((await auditor.dynamoDb.send(new GetItemCommand({ TableName, Key }))).Item);
  // Other tests publish too: how many there are is nobody's matter here.
  const { Items = [] } = await auditor.dynamoDb.send(new QueryCommand(byType));
  assert.notEqual(Items.length, 0);
  await auditor.kms.send(new GetPublicKeyCommand({ KeyId: evidenceKeyId }));

  const { dynamoDb } = auditor;
  const attempts: Record<string, Promise<unknown>> = {
    "put evidence": dynamoDb.send(new PutItemCommand({ TableName, Item: Key })),
    "scan evidence": dynamoDb.send(new ScanCommand({ TableName, Limit: 1 })),
    "delete evidence": dynamoDb.send(new DeleteItemCommand({ TableName, Key })),
    "read state": dynamoDb.send(new ScanCommand({ TableName: tables.state })),
    "read the registry": dynamoDb.send(new ScanCommand({ TableName: tables.registry })),
    "read a target": dynamoDb.send(new ScanCommand({ TableName: samples.table })),
    sign: auditor.kms.send(signCommand({ outputs })),
    "invoke issue": auditor.lambda.send(new InvokeCommand({ FunctionName: functions.issue })),
    "list roles": auditor.iam.send(new ListRolesCommand({})),
  };
  await allDenied(attempts);
});

test("VAI-15 VAI-129 the operator's user sends commands and reads what the views need, and nothing else", async () => {
  const plane = await localPlane();
  const { outputs } = plane;
  const { functions, samples, tables } = outputs;
  const { dynamoDb, lambda, kms, iam } = plane.as(outputs.credentials.operator);
  const invoking = (FunctionName: string) => lambda.send(new InvokeCommand({ FunctionName }));
  const query = (TableName: string, name: string, IndexName?: string) =>
    dynamoDb.send(
      new QueryCommand({
        ...{ TableName, IndexName, KeyConditionExpression: "#name = :value" },
        ExpressionAttributeNames: { "#name": name },
        ExpressionAttributeValues: { ":value": { S: "plane/registry" } },
      }),
    );
  const record = { chainId: { S: "plane/registry" }, seq: { N: "1" } };
  const head = { pk: { S: "chain#plane/registry" }, sk: { S: "head" } };
  for (const name of [functions.govern, functions.revoke]) await invoking(name);
  await query(tables.state, "view", "byDue");
  await query(tables.evidence, "negativeDay", "byNegativeDay");
  const RequestItems = {
    [tables.evidence]: { Keys: [record] },
    [tables.state]: { Keys: [head] },
    [tables.registry]: { Keys: [{ pk: { S: "registry" }, sk: { S: "head" } }] },
  };
  const { Responses = {} } = await dynamoDb.send(new BatchGetItemCommand({ RequestItems }));
  for (const name of Object.keys(RequestItems)) assert.equal(Responses[name]?.length, 1, name);

  const put = (TableName: string, Item: typeof record | typeof head) =>
    dynamoDb.send(new PutItemCommand({ TableName, Item }));
  await allDenied({
    "invoke issue": invoking(functions.issue),
    "invoke sweep": invoking(functions.sweep),
    "read a chain": query(tables.evidence, "chainId"),
    "find by identity": query(tables.evidence, "identityId", "byIdentity"),
    "find by type": query(tables.evidence, "eventType", "byEventType"),
    "scan state": dynamoDb.send(new ScanCommand({ TableName: tables.state })),
    "scan the registry": dynamoDb.send(new ScanCommand({ TableName: tables.registry })),
    "write a mark": dynamoDb.send(new UpdateItemCommand({ TableName: tables.state, Key: head })),
    "put state": put(tables.state, head),
    "put evidence": put(tables.evidence, record),
    "read a target": dynamoDb.send(new ScanCommand({ TableName: samples.table })),
    sign: kms.send(signCommand({ outputs })),
    "list roles": iam.send(new ListRolesCommand({})),
  });
});

test("OKG-25 an administrator cannot sign evidence, and the plane's functions sign only digests", async (t) => {
  const plane = await localPlane();
  await denied("the deployer signs", plane.deployer.kms.send(signCommand(plane)));
  const issue = plane.as(await functionRole(t, plane, "vai-local-issue"));
  await issue.kms.send(signCommand(plane));
  await denied("the functions sign a text", issue.kms.send(signCommand(plane, "RAW")));
});
