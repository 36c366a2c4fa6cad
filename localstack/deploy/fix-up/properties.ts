import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  GetResourcePolicyCommand,
  PutResourcePolicyCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { GetRoleCommand, PutRolePermissionsBoundaryCommand } from "@aws-sdk/client-iam";
import {
  GetFunctionConcurrencyCommand,
  PutFunctionConcurrencyCommand,
} from "@aws-sdk/client-lambda";
import {
  GetObjectLockConfigurationCommand,
  type ObjectLockConfiguration,
  PutObjectLockConfigurationCommand,
} from "@aws-sdk/client-s3";
import { ACCOUNT, REGION } from "../../machine/start-processes.ts";
import type { Clients } from "../clients.ts";
import { isObject, type Json } from "./template.ts";

/** A property that the emulator's CloudFormation drops, and how it is set and read back. */
export interface DroppedProperty {
  /** Resource type and property, as in a template. */
  readonly type: string;
  readonly property: string;
  /** The value that is wanted, reduced to what can be read back; undefined: nothing is wanted. */
  readonly wanted: (value: Json) => Json | undefined;
  readonly set: (clients: Clients, id: string, wanted: Json) => Promise<unknown>;
  readonly read: (clients: Clients, id: string) => Promise<Json | undefined>;
}

const tableArn = (id: string) => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${id}`;
const member = (value: Json, name: string) => (isObject(value) ? value[name] : undefined);

/** All of them; a further one is a row. Found by reading back, see the README. */
export const DROPPED_PROPERTIES: readonly DroppedProperty[] = [
  {
    type: "AWS::IAM::Role",
    property: "PermissionsBoundary",
    wanted: (value) => value,
    set: ({ iam }, RoleName, arn) =>
      iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: `${arn}` })),
    read: async ({ iam }, RoleName) =>
      (await iam.send(new GetRoleCommand({ RoleName }))).Role?.PermissionsBoundary
        ?.PermissionsBoundaryArn,
  },
  {
    type: "AWS::DynamoDB::Table",
    property: "TimeToLiveSpecification",
    wanted: (value) =>
      member(value, "Enabled") === true ? member(value, "AttributeName") : undefined,
    set: ({ dynamoDb }, TableName, name) => {
      const TimeToLiveSpecification = { Enabled: true, AttributeName: `${name}` };
      return dynamoDb.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
    },
    read: async ({ dynamoDb }, TableName) => {
      const answer = await dynamoDb.send(new DescribeTimeToLiveCommand({ TableName }));
      const { TimeToLiveStatus = "", AttributeName } = answer.TimeToLiveDescription ?? {};
      return /^ENABL/.test(TimeToLiveStatus) ? AttributeName : undefined;
    },
  },
  {
    type: "AWS::DynamoDB::Table",
    property: "PointInTimeRecoverySpecification",
    wanted: (value) =>
      member(value, "PointInTimeRecoveryEnabled") === true ? "ENABLED" : undefined,
    set: ({ dynamoDb }, TableName) => {
      const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
      const input = { TableName, PointInTimeRecoverySpecification };
      return dynamoDb.send(new UpdateContinuousBackupsCommand(input));
    },
    read: async ({ dynamoDb }, TableName) =>
      (await dynamoDb.send(new DescribeContinuousBackupsCommand({ TableName })))
        .ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus,
  },
  {
    type: "AWS::DynamoDB::Table",
    property: "SSESpecification",
    wanted: (value) => (member(value, "SSEEnabled") === true ? "ENABLED" : undefined),
    set: ({ dynamoDb }, TableName) =>
      dynamoDb.send(new UpdateTableCommand({ TableName, SSESpecification: { Enabled: true } })),
    read: async ({ dynamoDb }, TableName) =>
      (await dynamoDb.send(new DescribeTableCommand({ TableName }))).Table?.SSEDescription?.Status,
  },
  {
    type: "AWS::DynamoDB::Table",
    property: "ResourcePolicy",
    wanted: (value) => member(value, "PolicyDocument"),
    set: ({ dynamoDb }, id, policy) => {
      const input = { ResourceArn: tableArn(id), Policy: JSON.stringify(policy) };
      return dynamoDb.send(new PutResourcePolicyCommand(input));
    },
    read: async ({ dynamoDb }, id) => {
      const command = new GetResourcePolicyCommand({ ResourceArn: tableArn(id) });
      return JSON.parse((await dynamoDb.send(command)).Policy ?? "null") as Json;
    },
  },
  {
    type: "AWS::S3::Bucket",
    property: "ObjectLockConfiguration",
    wanted: (value) => value,
    set: ({ s3 }, Bucket, wanted) => {
      const ObjectLockConfiguration = wanted as ObjectLockConfiguration;
      return s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));
    },
    read: async ({ s3 }, Bucket) =>
      (await s3.send(new GetObjectLockConfigurationCommand({ Bucket })))
        .ObjectLockConfiguration as Json,
  },
  {
    type: "AWS::Lambda::Function",
    property: "ReservedConcurrentExecutions",
    wanted: (value) => Number(value),
    set: ({ lambda }, FunctionName, count) => {
      const input = { FunctionName, ReservedConcurrentExecutions: Number(count) };
      return lambda.send(new PutFunctionConcurrencyCommand(input));
    },
    read: async ({ lambda }, FunctionName) =>
      (await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName })))
        .ReservedConcurrentExecutions,
  },
];
