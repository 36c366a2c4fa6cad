import {
  GetItemCommand,
  ScanCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import {
  CreateAccessKeyCommand,
  GetRoleCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { GetPublicKeyCommand, SignCommand } from "@aws-sdk/client-kms";
import { GetFunctionCommand, UpdateAliasCommand } from "@aws-sdk/client-lambda";
import {
  asThePlaneAsks,
  document,
  type Ending,
  publishedPolicy,
  temporaryRole,
} from "../../support/local/iam.ts";
import type { LocalPlane } from "../../support/local/plane.ts";
import type { Beyond } from "./wall.ts";

/** What no governed session may do, whatever it is for: to the plane itself, and to IAM. */
export async function planeWall(
  t: Ending,
  plane: LocalPlane,
  action: string,
): Promise<Readonly<Record<string, Beyond>>> {
  const { account, evidenceKeyId, functions, planeKeyId, tables } = plane.outputs;
  const { actions } = await publishedPolicy(plane);
  const own = actions.find((each) => each.action === action)?.executionRoleArn ?? "";
  const anybody = { AWS: `arn:aws:iam::${account}:root` };
  const Action = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
  const trust = document({ Effect: "Allow", Principal: anybody, Action });
  const all = document({ Effect: "Allow", Action: "*", Resource: "*" });
  const open = await temporaryRole(t, plane, trust, all);
  const RoleName = open.slice(open.indexOf("/") + 1);
  const row = { pk: { S: "head" }, sk: { S: "head" } };
  const never = {
    ...{ UpdateExpression: "SET pwned = :x", ConditionExpression: "pwned = :x" },
    ExpressionAttributeValues: { ":x": { S: "x" } },
  };
  const registry = { TableName: tables.registry, Key: row };
  const nowhere = {
    TableName: tables.registry,
    Item: row,
    ConditionExpression: "attribute_exists(pwned)",
  };
  const record = { chainId: { S: "plane/registry" }, seq: { N: "1" } };
  const append = {
    ...{ TableName: tables.evidence, Item: record },
    ConditionExpression: "attribute_not_exists(chainId)",
  };
  const inTransaction = (item: TransactWriteItem) =>
    new TransactWriteItemsCommand({ TransactItems: [item] });
  const sign = (KeyId: string) =>
    new SignCommand({
      ...{ KeyId, MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256" },
      Message: new Uint8Array(32),
    });
  return {
    "a second AssumeRole": { call: ({ sts }) => sts.send(asThePlaneAsks(open)) },
    "a second AssumeRole, of its own role": {
      ...{ call: ({ sts }) => sts.send(asThePlaneAsks(own)), twin: "issue" },
    },
    "IAM: reading a role": { call: ({ iam }) => iam.send(new GetRoleCommand({ RoleName })) },
    "IAM: all roles": { call: ({ iam }) => iam.send(new ListRolesCommand({})) },
    "IAM: widening a role": {
      call: ({ iam }) =>
        iam.send(
          new PutRolePolicyCommand({ RoleName, PolicyName: "permissions", PolicyDocument: all }),
        ),
    },
    "IAM: a standing key": {
      call: ({ iam }) => iam.send(new CreateAccessKeyCommand({ UserName: "nobody" })),
      outcome: "NoSuchEntityException",
    },
    "the plane's State, read": {
      call: ({ dynamoDb }) => dynamoDb.send(new ScanCommand({ TableName: tables.state })),
    },
    "the plane's State, changed": {
      call: ({ dynamoDb }) =>
        dynamoDb.send(new UpdateItemCommand({ TableName: tables.state, Key: row, ...never })),
      ...{ twin: "issue", outcome: "ConditionalCheckFailedException" },
    },
    "the plane's Registry, read": {
      call: ({ dynamoDb }) => dynamoDb.send(new GetItemCommand(registry)),
    },
    "the plane's Registry, changed": {
      call: ({ dynamoDb }) => dynamoDb.send(inTransaction({ Put: nowhere })),
      ...{ twin: "govern", outcome: "TransactionCanceledException" },
    },
    "the plane's Evidence, read": {
      call: ({ dynamoDb }) =>
        dynamoDb.send(new GetItemCommand({ TableName: tables.evidence, Key: record })),
    },
    "the plane's Evidence, appended": {
      call: ({ dynamoDb }) => dynamoDb.send(inTransaction({ Put: append })),
      ...{ twin: "issue", outcome: "TransactionCanceledException" },
    },
    "the plane's keys: evidence signed": {
      ...{ call: ({ kms }) => kms.send(sign(evidenceKeyId)), twin: "issue" },
    },
    "the plane's keys: a handle signed": {
      ...{ call: ({ kms }) => kms.send(sign(planeKeyId)), twin: "issue" },
    },
    "the plane's keys: the public half": {
      call: ({ kms }) => kms.send(new GetPublicKeyCommand({ KeyId: evidenceKeyId })),
    },
    "the plane's function, read": {
      call: ({ lambda }) => lambda.send(new GetFunctionCommand({ FunctionName: functions.issue })),
    },
    "the plane's function, changed": {
      call: ({ lambda }) =>
        lambda.send(new UpdateAliasCommand({ FunctionName: functions.issue, Name: "none" })),
      outcome: "ResourceNotFoundException",
    },
  };
}
