import assert from "node:assert/strict";
import { test } from "node:test";
import {
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
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { allDenied, asThePlaneAsks, denied, publishedPolicy } from "../support/local-iam.ts";
import { type LocalPlane, localPlane } from "../support/local-plane.ts";
import { roleProbe } from "../support/local-probe.ts";

const PEOPLE = ["deployer", "agent", "auditor"] as const;

const signCommand = ({ outputs }: LocalPlane) =>
  new SignCommand({
    ...{ KeyId: outputs.evidenceKeyId, MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256" },
    Message: new Uint8Array(32),
  });

test("VAI-45 ADV-44 nobody but the plane obtains a session of an execution or reader role", async () => {
  const plane = await localPlane();
  const { actions } = await publishedPolicy(plane);
  assert.deepEqual(
    actions.map(({ action }) => action).sort(),
    CATALOGUE.map(({ action }) => action).sort(),
  );
  for (const { executionRoleArn, readerRoleArn } of actions) {
    for (const person of PEOPLE) {
      const { sts } = plane[person];
      await denied(`${person} ${executionRoleArn}`, sts.send(asThePlaneAsks(executionRoleArn)));
      const RoleSessionName = "vai-reader";
      const asReader = new AssumeRoleCommand({ RoleArn: readerRoleArn, RoleSessionName });
      await denied(`${person} ${readerRoleArn}`, sts.send(asReader));
    }
  }
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
    sign: agent.kms.send(signCommand({ outputs } as LocalPlane)),
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
  assert.equal((await auditor.dynamoDb.send(new QueryCommand(byType))).Items?.length, 1);
  await auditor.kms.send(new GetPublicKeyCommand({ KeyId: evidenceKeyId }));

  const { dynamoDb } = auditor;
  const attempts: Record<string, Promise<unknown>> = {
    "put evidence": dynamoDb.send(new PutItemCommand({ TableName, Item: Key })),
    "scan evidence": dynamoDb.send(new ScanCommand({ TableName, Limit: 1 })),
    "delete evidence": dynamoDb.send(new DeleteItemCommand({ TableName, Key })),
    "read state": dynamoDb.send(new ScanCommand({ TableName: tables.state })),
    "read the registry": dynamoDb.send(new ScanCommand({ TableName: tables.registry })),
    "read a target": dynamoDb.send(new ScanCommand({ TableName: samples.table })),
    sign: auditor.kms.send(signCommand({ outputs } as LocalPlane)),
    "invoke issue": auditor.lambda.send(new InvokeCommand({ FunctionName: functions.issue })),
    "list roles": auditor.iam.send(new ListRolesCommand({})),
  };
  await allDenied(attempts);
});

test("OKG-25 an administrator cannot sign evidence, and the plane's functions sign only digests", async (t) => {
  const plane = await localPlane();
  await denied("the deployer signs", plane.deployer.kms.send(signCommand(plane)));
  const probe = await roleProbe(t, plane, "vai-local-issue");
  const KeyId = plane.outputs.evidenceKeyId;
  const sign = (MessageType: string) => ({
    ...{ service: "kms", command: "SignCommand" },
    input: { KeyId, MessageType, SigningAlgorithm: "ECDSA_SHA_256", text: "0".repeat(32) },
  });
  const [digest, raw] = await probe([sign("DIGEST"), sign("RAW")]);
  assert.deepEqual([digest, raw], ["allowed", "AccessDeniedException"]);
});

test("VAI-45 VAI-76 the functions' own roles touch no target: only issued sessions do", async (t) => {
  const plane = await localPlane();
  const { samples, tables } = plane.outputs;
  const item = { TableName: samples.table, Key: { pk: { S: "svc-a" } } };
  const alias = { FunctionName: samples.function, Name: "live" };
  const record = { chainId: { S: "x" }, seq: { N: "1" } };
  const evidence = { TableName: tables.evidence, Key: record };
  const { actions } = await publishedPolicy(plane);
  const RoleArn = actions[0]?.executionRoleArn;
  const untagged = { RoleArn, RoleSessionName: "vai-x" };
  const calls = [
    { service: "dynamodb", command: "UpdateItemCommand", input: item },
    { service: "dynamodb", command: "GetItemCommand", input: item },
    { service: "lambda", command: "UpdateAliasCommand", input: { ...alias, FunctionVersion: "2" } },
    { service: "lambda", command: "GetAliasCommand", input: alias },
    { service: "dynamodb", command: "DeleteItemCommand", input: evidence },
    {
      ...{ service: "dynamodb", command: "PutItemCommand" },
      input: { TableName: tables.evidence, Item: record },
    },
    { service: "sts", command: "AssumeRoleCommand", input: untagged },
  ];
  for (const role of ["vai-local-issue", "vai-local-govern"]) {
    const probe = await roleProbe(t, plane, role);
    const outcomes = await probe(calls);
    for (const [index, outcome] of outcomes.entries())
      assert.match(outcome, /^AccessDenied/, `${role} ${calls[index]?.command}: ${outcome}`);
    const [reads] = await probe([
      { service: "dynamodb", command: "GetItemCommand", input: evidence },
    ]);
    assert.equal(reads, "allowed", "the probe itself works");
  }
});
