import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  DeleteItemCommand,
  type DynamoDBClient,
  ExecuteStatementCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import {
  DeleteAliasCommand,
  GetAliasCommand,
  InvokeCommand,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { narrowToOperation } from "../../lib/authority/narrow-operation.ts";
import type { ContractDraft, Signing } from "../../lib/client/contract.ts";
import { deriveAuthority, parseContract } from "../../lib/index.ts";
import { isRefusal } from "../../lib/refusal.ts";
import type { Clients } from "../../localstack/clients.ts";
import { settingDraft, shiftDraft, signDraft } from "../support/local-contracts.ts";
import {
  allDenied,
  assume,
  asThePlaneAsks,
  denied,
  deployedRole,
  document,
  publishedPolicy,
  temporaryRole,
  temporaryUser,
} from "../support/local-iam.ts";
import { type LocalPlane, localPlane } from "../support/local-plane.ts";
import { readItem, resetRouting, routing, seedItem } from "../support/local-targets.ts";

// An issued session never leaves the plane, so these tests make one as it does: by the deployed
// trust policy with another caller in it, and with the session policy that the library derives.
// The role itself allows far more, so that what is denied is denied by the session policy.

const WIDE = document({
  ...{ Effect: "Allow", Action: ["dynamodb:*", "lambda:*"], Resource: "*" },
  Condition: { Null: { "aws:PrincipalTag/vai-identity": "false" } },
});

interface Caller {
  readonly user: Awaited<ReturnType<typeof temporaryUser>>;
  readonly roleArn: string;
}

/** A user that the deployed trust policy lets in, and a role with that trust and the permissions. */
async function caller(t: TestContext, plane: LocalPlane, permissions: string): Promise<Caller> {
  const user = await temporaryUser(t, plane);
  const [action] = (await publishedPolicy(plane)).actions;
  const { trust } = await deployedRole(plane, action?.executionRoleArn ?? "");
  const issue = `arn:aws:iam::${plane.outputs.account}:role/vai-local-issue`;
  assert.ok(trust.includes(issue));
  const roleArn = await temporaryRole(t, plane, trust.replaceAll(issue, user.arn), permissions);
  return { user, roleArn };
}

/** The session policy for one operation of a contract, as the plane derives it. */
async function policyFor(
  plane: LocalPlane,
  draft: ContractDraft,
  parameters: Record<string, string | number>,
  change: Partial<Signing> = {},
): Promise<string> {
  const contract = parseContract(signDraft(plane, draft, change).contract);
  assert.ok(!isRefusal(contract));
  const [step] = contract.authorization_details;
  assert.ok(step);
  const [[action = ""], [resource = ""]] = [step.actions, step.resources];
  const narrowed = narrowToOperation(step, { action, resource, parameters });
  const derived = deriveAuthority(contract, narrowed, await publishedPolicy(plane));
  assert.ok(!isRefusal(derived), JSON.stringify(derived));
  return JSON.stringify(derived.sessionPolicy);
}

async function session(
  plane: LocalPlane,
  { user, roleArn }: Caller,
  Policy: string,
  region?: string,
): Promise<Clients> {
  const command = asThePlaneAsks(roleArn, { Policy });
  return plane.as(await assume(plane, user.credentials, command), region);
}

const SET = { "key/pk": "bounded", "set/weight": 10 };

/** The call that the adapter makes, with changes. */
const setting = (plane: LocalPlane, change: Partial<UpdateItemCommandInput> = {}) =>
  new UpdateItemCommand({
    TableName: plane.outputs.samples.table,
    Key: { pk: { S: "bounded" } },
    UpdateExpression: "SET #weight = :weight",
    ConditionExpression: "attribute_exists(#pk)",
    ExpressionAttributeNames: { "#weight": "weight", "#pk": "pk" },
    ExpressionAttributeValues: { ":weight": { N: "10" } },
    ReturnValues: "NONE",
    ...change,
  });

/** Calls beside the one that is bounded, each in a way of its own. */
function beyond(plane: LocalPlane, dynamoDb: DynamoDBClient): Record<string, Promise<unknown>> {
  const TableName = plane.outputs.samples.table;
  const Key = { pk: { S: "bounded" } };
  const update = (change: Partial<UpdateItemCommandInput>) => dynamoDb.send(setting(plane, change));
  return {
    "another action: GetItem": dynamoDb.send(new GetItemCommand({ TableName, Key })),
    "another action: PutItem": dynamoDb.send(new PutItemCommand({ TableName, Item: Key })),
    "another action: DeleteItem": dynamoDb.send(new DeleteItemCommand({ TableName, Key })),
    "ADV-26 the same write by PartiQL": dynamoDb.send(
      new ExecuteStatementCommand({
        Statement: `UPDATE "${TableName}" SET weight = 10 WHERE pk = 'bounded'`,
      }),
    ),
    "another table of the samples": update({ TableName: "sample-production" }),
    "a table of the plane": update({ TableName: plane.outputs.tables.state }),
    "another item": update({ Key: { pk: { S: "other" } } }),
    "ADV-24 an attribute more": update({
      UpdateExpression: "SET #weight = :weight, #owner = :weight",
      ExpressionAttributeNames: { "#weight": "weight", "#pk": "pk", "#owner": "owner" },
    }),
    "ADV-24 asking for the old item": update({ ReturnValues: "ALL_OLD" }),
  };
}

test("VAI-42 VAI-46 IAM allows an issued session the one call on an item, and denies all else", async (t) => {
  const plane = await localPlane();
  await Promise.all([seedItem(plane, "bounded"), seedItem(plane, "other")]);
  const as = await caller(t, plane, WIDE);
  const policy = await policyFor(plane, settingDraft(plane, "bounded"), SET);
  const issued = await session(plane, as, policy);
  await allDenied(beyond(plane, issued.dynamoDb));
  const abroad = await session(plane, as, policy, "eu-west-1");
  await denied("another region", abroad.dynamoDb.send(setting(plane)));
  assert.equal((await readItem(plane, "bounded"))?.["weight"], 1);

  await issued.dynamoDb.send(setting(plane));
  assert.equal((await readItem(plane, "bounded"))?.["weight"], 10);
  const other = { pk: "other", weight: 1, owner: "team-a" };
  assert.deepEqual(await readItem(plane, "other"), other);
});

test("VAI-116 IAM denies an issued session before its window and after it", async (t) => {
  const plane = await localPlane();
  await seedItem(plane, "bounded");
  const as = await caller(t, plane, WIDE);
  const draft = settingDraft(plane, "bounded");
  const windows = { before: Date.now() + 3_600_000, after: Date.now() - 3_600_000 };
  for (const [when, now] of Object.entries(windows)) {
    const policy = await policyFor(plane, draft, SET, { now });
    const issued = await session(plane, as, policy);
    await denied(`${when} the window`, issued.dynamoDb.send(setting(plane)));
  }
  assert.equal((await readItem(plane, "bounded"))?.["weight"], 1);
});

test("VAI-41 IAM allows an issued session to move one alias of one function, and nothing else", async (t) => {
  const plane = await localPlane();
  await resetRouting(plane);
  const as = await caller(t, plane, WIDE);
  const { function: FunctionName, newVersion } = plane.outputs.samples;
  const asked = { alias: "live", version: newVersion, percent: 10 };
  const policy = await policyFor(plane, shiftDraft(plane), asked);
  const { lambda } = await session(plane, as, policy);
  const alias = { FunctionName, Name: "live" };
  const shift = (change: object = {}) =>
    new UpdateAliasCommand({
      ...{ ...alias, FunctionVersion: "1" },
      RoutingConfig: { AdditionalVersionWeights: { [newVersion]: 0.1 } },
      ...change,
    });
  const issue = plane.outputs.functions.issue;
  const settings = { FunctionName, Environment: { Variables: { REVISION: "3" } } };
  await allDenied({
    "reading the alias": lambda.send(new GetAliasCommand(alias)),
    "removing the alias": lambda.send(new DeleteAliasCommand(alias)),
    "changing the function": lambda.send(new UpdateFunctionConfigurationCommand(settings)),
    "calling the function": lambda.send(new InvokeCommand({ FunctionName })),
    "another function": lambda.send(shift({ FunctionName: "sample-billing" })),
    "a function of the plane": lambda.send(shift({ FunctionName: issue })),
  });
  const abroad = await session(plane, as, policy, "eu-west-1");
  await denied("another region", abroad.lambda.send(shift()));
  assert.deepEqual(await routing(plane), { main: "1", extra: {} });
  await lambda.send(shift());
  assert.deepEqual(await routing(plane), { main: "1", extra: { [newVersion]: 0.1 } });
});

test("VAI-45 VAI-46 the deployed trust policy lets in no session without name, tag and source", async (t) => {
  const plane = await localPlane();
  const { user, roleArn } = await caller(t, plane, WIDE);
  const { sts } = plane.as(user.credentials);
  const tag = (Value: string) => [{ Key: "vai-identity", Value }];
  const refusedAsks = {
    "no tag": { Tags: [] },
    "a tag of another form": { Tags: tag("other") },
    "an empty tag": { Tags: tag("") },
    "one tag more": { Tags: [...tag("vai-x"), { Key: "team", Value: "a" }] },
    "no source identity": { SourceIdentity: undefined },
    "a source identity of another form": { SourceIdentity: "other" },
    "another session name": { RoleSessionName: "other" },
  };
  for (const [what, change] of Object.entries(refusedAsks))
    await denied(what, sts.send(asThePlaneAsks(roleArn, change as object)));
  const issued = await session(plane, { user, roleArn }, WIDE);
  const { Arn } = await issued.sts.send(new GetCallerIdentityCommand({}));
  assert.match(Arn ?? "", /:assumed-role\/vai-test-[0-9a-f]+\/vai-0+$/);
});

test("VAI-46 the deployed execution role's permissions are worth nothing without the identity tag", async (t) => {
  const plane = await localPlane();
  await seedItem(plane, "bounded");
  const user = await temporaryUser(t, plane);
  const { actions } = await publishedPolicy(plane);
  const governed = actions.find(({ action }) => action === "dynamodb:UpdateItem");
  const { ceiling } = await deployedRole(plane, governed?.executionRoleArn ?? "");
  // A trust policy that somebody loosened: it demands nothing any more.
  const Action = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
  const open = document({ Effect: "Allow", Principal: { AWS: user.arn }, Action });
  const roleArn = await temporaryRole(t, plane, open, ceiling);
  const untagged = asThePlaneAsks(roleArn, { Tags: [] });
  const bare = plane.as(await assume(plane, user.credentials, untagged));
  await denied("without the tag", bare.dynamoDb.send(setting(plane)));
  const tagged = plane.as(await assume(plane, user.credentials, asThePlaneAsks(roleArn)));
  await tagged.dynamoDb.send(setting(plane));
  assert.equal((await readItem(plane, "bounded"))?.["weight"], 10);
});
