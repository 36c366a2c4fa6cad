import {
  GetItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import {
  CreateAccessKeyCommand,
  GetRoleCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { GetPublicKeyCommand, ListKeysCommand } from "@aws-sdk/client-kms";
import { GetFunctionCommand, UpdateAliasCommand } from "@aws-sdk/client-lambda";
import { asThePlaneAsks, document, type Ending, temporaryRole } from "../../support/local-iam.ts";
import type { LocalPlane } from "../../support/local-plane.ts";
import type { Beyond } from "./wall.ts";

/** What no governed session may do, whatever it is for: to the plane itself, and to IAM. */
export async function planeWall(
  t: Ending,
  plane: LocalPlane,
): Promise<Readonly<Record<string, Beyond>>> {
  const { account, evidenceKeyId: KeyId, functions, tables } = plane.outputs;
  const anybody = { AWS: `arn:aws:iam::${account}:root` };
  const Action = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
  const trust = document({ Effect: "Allow", Principal: anybody, Action });
  const all = document({ Effect: "Allow", Action: "*", Resource: "*" });
  const open = await temporaryRole(t, plane, trust, all);
  const RoleName = open.slice(open.indexOf("/") + 1);
  const row = { pk: { S: "head" }, sk: { S: "head" } };
  const changed = {
    ...{ Key: row, UpdateExpression: "SET pwned = :x", ConditionExpression: "pwned = :x" },
    ExpressionAttributeValues: { ":x": { S: "x" } },
  };
  const asked = { KeyConditionExpression: "chainId = :x" };
  const registryChain = { ":x": { S: "plane/registry" } };
  return {
    "a second AssumeRole": { call: ({ sts }) => sts.send(asThePlaneAsks(open)) },
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
      alone: "NoSuchEntityException",
    },
    "the plane's State, read": {
      call: ({ dynamoDb }) => dynamoDb.send(new ScanCommand({ TableName: tables.state })),
    },
    "the plane's State, changed": {
      call: ({ dynamoDb }) =>
        dynamoDb.send(new UpdateItemCommand({ TableName: tables.state, ...changed })),
      alone: "ConditionalCheckFailedException",
    },
    "the plane's Registry, read": {
      call: ({ dynamoDb }) =>
        dynamoDb.send(new GetItemCommand({ TableName: tables.registry, Key: row })),
    },
    "the plane's Registry, changed": {
      call: ({ dynamoDb }) =>
        dynamoDb.send(new UpdateItemCommand({ TableName: tables.registry, ...changed })),
      alone: "ConditionalCheckFailedException",
    },
    "the plane's Evidence, read": {
      call: ({ dynamoDb }) =>
        dynamoDb.send(
          new QueryCommand({
            ...{ TableName: tables.evidence, ...asked },
            ExpressionAttributeValues: registryChain,
          }),
        ),
    },
    "the plane's evidence key": {
      call: ({ kms }) => kms.send(new GetPublicKeyCommand({ KeyId })),
    },
    "all keys": { call: ({ kms }) => kms.send(new ListKeysCommand({})) },
    "the plane's function, read": {
      call: ({ lambda }) => lambda.send(new GetFunctionCommand({ FunctionName: functions.issue })),
    },
    "the plane's function, changed": {
      call: ({ lambda }) =>
        lambda.send(new UpdateAliasCommand({ FunctionName: functions.issue, Name: "none" })),
      alone: "ResourceNotFoundException",
    },
  };
}
