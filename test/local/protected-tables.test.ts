import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import {
  type AttributeValue,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DeleteResourcePolicyCommand,
  DescribeTableCommand,
  ExecuteStatementCommand,
  ExecuteTransactionCommand,
  PutItemCommand,
  PutResourcePolicyCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateContinuousBackupsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import {
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DetachUserPolicyCommand,
} from "@aws-sdk/client-iam";
import {
  CreateGrantCommand,
  GetKeyPolicyCommand,
  PutKeyPolicyCommand,
  RevokeGrantCommand,
  SignCommand,
} from "@aws-sdk/client-kms";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { Clients } from "../../localstack/deploy/clients.ts";
import { ADMINISTRATOR, makeIdentity } from "../../localstack/deploy/identities.ts";
import {
  allDenied,
  denied,
  type Ending,
  permissionOf,
  publishedPolicy,
} from "../support/local/iam.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { type ProbedCall, roleProbe } from "../support/local/probe.ts";

/** Somebody with all rights that IAM can give, but whom the deployment names nowhere. */
async function anotherAdministrator(t: Ending, plane: LocalPlane): Promise<Clients> {
  const { iam } = plane.deployer;
  const UserName = `vai-test-${randomBytes(4).toString("hex")}`;
  const credentials = await makeIdentity(iam, UserName, ADMINISTRATOR);
  t.after(async () => {
    await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: credentials.accessKeyId }));
    await iam.send(new DetachUserPolicyCommand({ UserName, PolicyArn: ADMINISTRATOR }));
    await iam.send(new DeleteUserCommand({ UserName }));
  });
  return plane.as(credentials);
}

type Key = Record<string, AttributeValue>;
const record: Key = { chainId: { S: "intent/forged" }, seq: { N: "1" } };

/** Every way in which an item can be written, changed or removed. */
const writes = (TableName: string, Key: Key) => {
  const where = Object.keys(Key).map((name) => `"${name}" = ?`);
  const Parameters = Object.values(Key);
  const fields = Object.keys(Key).map((name) => `'${name}': ?`);
  const update = { TableName, Key, UpdateExpression: "SET x = :x" };
  const values = { ExpressionAttributeValues: { ":x": { S: "y" } } };
  const remove = {
    Statement: `DELETE FROM "${TableName}" WHERE ${where.join(" AND ")}`,
    Parameters,
  };
  return {
    put: new PutItemCommand({ TableName, Item: Key }),
    "put in a transaction": new TransactWriteItemsCommand({
      TransactItems: [{ Put: { TableName, Item: Key } }],
    }),
    update: new UpdateItemCommand({ ...update, ...values }),
    delete: new DeleteItemCommand({ TableName, Key }),
    "delete in a transaction": new TransactWriteItemsCommand({
      TransactItems: [{ Delete: { TableName, Key } }],
    }),
    "batch put": new BatchWriteItemCommand({
      RequestItems: { [TableName]: [{ PutRequest: { Item: Key } }] },
    }),
    "batch delete": new BatchWriteItemCommand({
      RequestItems: { [TableName]: [{ DeleteRequest: { Key } }] },
    }),
    "PartiQL insert": new ExecuteStatementCommand({
      ...{ Statement: `INSERT INTO "${TableName}" VALUE {${fields.join(", ")}}`, Parameters },
    }),
    "PartiQL delete": new ExecuteStatementCommand(remove),
    "PartiQL delete in a transaction": new ExecuteTransactionCommand({
      TransactStatements: [remove],
    }),
  };
};

/** What changes a table around its items, and its policy. */
const configures = (TableName: string, ResourceArn: string) => ({
  "turns off deletion protection": new UpdateTableCommand({
    ...{ TableName, DeletionProtectionEnabled: false },
  }),
  "turns off recovery": new UpdateContinuousBackupsCommand({
    TableName,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
  }),
  "replaces the policy": new PutResourcePolicyCommand({
    ResourceArn,
    Policy: JSON.stringify({ Version: "2012-10-17", Statement: [] }),
  }),
  "removes the policy": new DeleteResourcePolicyCommand({ ResourceArn }),
  "lets items expire": new UpdateTimeToLiveCommand({
    TableName,
    TimeToLiveSpecification: { AttributeName: "at", Enabled: true },
  }),
});

type Commands = ReturnType<typeof writes> | ReturnType<typeof configures>;

/** The commands as calls of one person. */
function callsOf(clients: Clients, commands: Commands): Record<string, Promise<unknown>> {
  const send = clients.dynamoDb.send.bind(clients.dynamoDb) as (
    command: unknown,
  ) => Promise<unknown>;
  return Object.fromEntries(Object.entries(commands).map(([what, each]) => [what, send(each)]));
}

test("VAI-91 ADV-20 no administrator writes, changes or removes a record, whoever deployed", async (t) => {
  const plane = await localPlane();
  const { evidence } = plane.outputs.tables;
  const commands = writes(evidence, record);
  await allDenied(callsOf(plane.deployer, commands));
  await allDenied(callsOf(await anotherAdministrator(t, plane), commands));
  // The twin that is allowed: anybody with IAM's permission reads.
  const { Items } = await plane.deployer.dynamoDb.send(
    new QueryCommand({
      TableName: evidence,
      KeyConditionExpression: "chainId = :chain",
      ExpressionAttributeValues: { ":chain": { S: "plane/registry" } },
    }),
  );
  assert.ok((Items?.length ?? 0) > 0);
});

test("VAI-91 only whom the deployment names may change what protects a table", async (t) => {
  const plane = await localPlane();
  const other = await anotherAdministrator(t, plane);
  for (const table of Object.values(plane.outputs.tables)) {
    const read = new DescribeTableCommand({ TableName: table });
    const { TableArn = "" } = (await other.dynamoDb.send(read)).Table ?? {};
    await allDenied(callsOf(other, configures(table, TableArn)));
  }
  const { evidence, registry } = plane.outputs.tables;
  const expiry = { AttributeName: "at", Enabled: true };
  await denied(
    "not even the deployer lets records expire",
    plane.deployer.dynamoDb.send(
      new UpdateTimeToLiveCommand({ TableName: evidence, TimeToLiveSpecification: expiry }),
    ),
  );
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
  const same = { TableName: registry, PointInTimeRecoverySpecification };
  await plane.deployer.dynamoDb.send(new UpdateContinuousBackupsCommand(same));
});

test("VAI-91 another administrator changes nothing in State and Registry either", async (t) => {
  const plane = await localPlane();
  const other = await anotherAdministrator(t, plane);
  const key: Key = { pk: { S: "chain#intent/forged" }, sk: { S: "head" } };
  for (const table of [plane.outputs.tables.state, plane.outputs.tables.registry]) {
    await allDenied(callsOf(other, writes(table, key)));
  }
});

test("VAI-91 a function puts a record inside a transaction only, and never changes one", async (t) => {
  const plane = await localPlane();
  const { evidence } = plane.outputs.tables;
  const call = (command: string, input: object): ProbedCall => ({
    ...{ service: "dynamodb", command, input },
  });
  const probe = await roleProbe(t, plane, "vai-local-execute");
  const update = { TableName: evidence, Key: record, UpdateExpression: "REMOVE x" };
  const impossible = { ConditionExpression: "attribute_exists(chainId)" };
  const put = { TableName: evidence, Item: record, ...impossible };
  const outcomes = await probe([
    call("PutItemCommand", put),
    call("UpdateItemCommand", update),
    call("DeleteItemCommand", { TableName: evidence, Key: record }),
    // Authorised, and then nothing comes of it: its condition does not hold.
    call("TransactWriteItemsCommand", { TransactItems: [{ Put: put }] }),
  ]);
  assert.deepEqual(outcomes, [
    ...["AccessDeniedException", "AccessDeniedException", "AccessDeniedException"],
    "TransactionCanceledException",
  ]);
});

test("VAI-91 VAI-45 issue alone signs with the plane key, and only digests", async (t) => {
  const plane = await localPlane();
  const { planeKeyId, evidenceKeyId } = plane.outputs;
  const signing = (KeyId: string, MessageType: string) => ({
    ...{ KeyId, MessageType, SigningAlgorithm: "ECDSA_SHA_256" },
  });
  const call = (KeyId: string, MessageType = "DIGEST"): ProbedCall => ({
    ...{ service: "kms", command: "SignCommand" },
    input: { ...signing(KeyId, MessageType), text: "x".repeat(32) },
  });
  const outcomes = async (role: string) =>
    (await roleProbe(t, plane, role))([
      ...[call(planeKeyId), call(planeKeyId, "RAW"), call(evidenceKeyId)],
    ]);
  const no = "AccessDeniedException";
  assert.deepEqual(await outcomes("vai-local-issue"), ["allowed", no, "allowed"]);
  assert.deepEqual(await outcomes("vai-local-execute"), [no, no, "allowed"]);
  assert.deepEqual(await outcomes("vai-local-govern"), [no, no, "allowed"]);
  const input = { KeyId: planeKeyId, SigningAlgorithm: "ECDSA_SHA_256" } as const;
  const command = new SignCommand({ ...input, MessageType: "DIGEST", Message: new Uint8Array(32) });
  await denied("an administrator signs a handle", plane.deployer.kms.send(command));
});

test("VAI-45 VAI-91 whoever may pass a function's role to a function of their own is not the plane", async (t) => {
  const plane = await localPlane();
  const { tables, evidenceKeyId } = plane.outputs;
  const { actions } = await publishedPolicy(plane);
  const [{ readerRoleArn = "" } = {}] = actions;
  const calls: ProbedCall[] = [
    {
      ...{ service: "sts", command: "AssumeRoleCommand" },
      input: { RoleArn: readerRoleArn, RoleSessionName: "vai-reader" },
    },
    // The key's own policy names the role: without a Deny, no policy of the role is asked.
    {
      ...{ service: "kms", command: "SignCommand" },
      input: {
        ...{ KeyId: evidenceKeyId, MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256" },
        text: "x".repeat(32),
      },
    },
    {
      ...{ service: "dynamodb", command: "BatchGetItemCommand" },
      input: { RequestItems: { [tables.evidence]: { Keys: [record] } } },
    },
  ];
  for (const role of ["vai-local-issue", "vai-local-execute"]) {
    const own = await roleProbe(t, plane, role);
    assert.deepEqual(await own(calls), ["allowed", "allowed", "allowed"], "as the plane");
    const stranger = await roleProbe(t, plane, role, "stranger");
    assert.deepEqual(
      await stranger(calls),
      ["AccessDenied", "AccessDeniedException", "AccessDeniedException"],
      "the same role elsewhere",
    );
  }
  const governs = calls.slice(1);
  const stranger = await roleProbe(t, plane, "vai-local-govern", "stranger");
  assert.deepEqual(await stranger(governs), ["AccessDeniedException", "AccessDeniedException"]);
});

test("VAI-91 an administrator of the account who is none of the deployment's can neither sign nor pass signing on", async (t) => {
  const plane = await localPlane();
  const { kms } = await anotherAdministrator(t, plane);
  for (const KeyId of [plane.outputs.evidenceKeyId, plane.outputs.planeKeyId]) {
    const { Policy } = await kms.send(new GetKeyPolicyCommand({ KeyId }));
    const grant = { KeyId, GranteePrincipal: `arn:aws:iam::${plane.outputs.account}:user/agent` };
    await allDenied({
      "another policy": kms.send(new PutKeyPolicyCommand({ KeyId, Policy })),
      "a grant": kms.send(new CreateGrantCommand({ ...grant, Operations: ["Sign"] })),
      "an end of a grant": kms.send(new RevokeGrantCommand({ KeyId, GrantId: "0".repeat(64) })),
    });
    // Who deploys is one of the deployment's: CloudFormation can update the key, and a repair plan be run.
    const back = plane.deployer.kms.send(new PutKeyPolicyCommand({ KeyId, Policy }));
    assert.equal(await permissionOf(back), "allowed");
  }
});

test("VAI-15 an agent may call issue and execute", async () => {
  const { agent, outputs } = await localPlane();
  const { issue, execute, govern } = outputs.functions;
  const call = (FunctionName: string) =>
    permissionOf(agent.lambda.send(new InvokeCommand({ FunctionName, Payload: "{}" })));
  assert.deepEqual(
    [await call(issue), await call(execute), await call(govern)],
    ["allowed", "allowed", "denied"],
  );
});
