import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { DescribeTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  GetPolicyCommand,
  GetRoleCommand,
  IAMClient,
  SimulatePrincipalPolicyCommand,
} from "@aws-sdk/client-iam";
import { DescribeKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import {
  GetAccountSettingsCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
} from "@aws-sdk/client-lambda";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { type ClientPlace, dependencyOptions } from "../ports/clients.ts";
import { type Caller, readCaller } from "./caller.ts";
import { look, type Seen } from "./look.ts";
import { readStack, type StackFacts } from "./stack.ts";

/** Concurrent executions of an account and region. */
interface Concurrency {
  readonly all: number;
  /** What no function has reserved. */
  readonly unreserved: number;
}

/** A kind of thing whose name must be free before the stack makes one. */
export type NamedKind = "function" | "table" | "role" | "managed policy" | "key alias";

/** Reads of an account in which nothing is deployed yet; nothing is ever changed. */
export interface Ground {
  readonly region: string;
  caller(): Promise<Caller>;
  concurrency(): Promise<Seen<Concurrency>>;
  /** Value of an SSM parameter. */
  parameter(name: string): Promise<Seen<string>>;
  stack(name: string): Promise<Seen<StackFacts>>;
  /** ARN of what has a name already; a managed policy, and a key, by its ARN. */
  named(kind: NamedKind, name: string): Promise<Seen<string>>;
  /** Those of the actions that a user or role may not call on a resource. */
  denied(
    principalArn: string,
    actions: readonly string[],
    resource: string,
  ): Promise<Seen<readonly string[]>>;
}

export function groundOf(place: ClientPlace): Ground {
  const options = dependencyOptions(place);
  const iam = new IAMClient(options);
  const lambda = new LambdaClient(options);
  const dynamo = new DynamoDBClient(options);
  const kms = new KMSClient(options);
  const ssm = new SSMClient(options);
  const cloudFormation = new CloudFormationClient(options);
  const named: Readonly<Record<NamedKind, (name: string) => Promise<Seen<string>>>> = {
    function: (FunctionName) =>
      look("lambda:GetFunctionConfiguration", async () => {
        const command = new GetFunctionConfigurationCommand({ FunctionName });
        return (await lambda.send(command)).FunctionArn;
      }),
    table: (TableName) =>
      look("dynamodb:DescribeTable", async () => {
        return (await dynamo.send(new DescribeTableCommand({ TableName }))).Table?.TableArn;
      }),
    role: (RoleName) =>
      look("iam:GetRole", async () => {
        return (await iam.send(new GetRoleCommand({ RoleName }))).Role?.Arn;
      }),
    "managed policy": (PolicyArn) =>
      look("iam:GetPolicy", async () => {
        return (await iam.send(new GetPolicyCommand({ PolicyArn }))).Policy?.Arn;
      }),
    "key alias": (KeyId) =>
      look("kms:DescribeKey", async () => {
        return (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.Arn;
      }),
  };
  return {
    region: place.region,
    caller: () => readCaller(options),
    concurrency: () =>
      look("lambda:GetAccountSettings", async () => {
        const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
        const { ConcurrentExecutions: all, UnreservedConcurrentExecutions: unreserved } =
          AccountLimit ?? {};
        return all === undefined || unreserved === undefined ? undefined : { all, unreserved };
      }),
    parameter: (Name) =>
      look(
        "ssm:GetParameter",
        async () => {
          return (await ssm.send(new GetParameterCommand({ Name }))).Parameter?.Value;
        },
        isNoParameter,
      ),
    stack: (name) => readStack(cloudFormation, name),
    named: (kind, name) => named[kind](name),
    denied: (PolicySourceArn, actions, resource) =>
      look("iam:SimulatePrincipalPolicy", async () => {
        const { EvaluationResults = [] } = await iam.send(
          new SimulatePrincipalPolicyCommand({
            ...{ PolicySourceArn, ActionNames: [...actions], ResourceArns: [resource] },
          }),
        );
        const allowed = EvaluationResults.filter(({ EvalDecision }) => EvalDecision === "allowed");
        const names = new Set(allowed.map(({ EvalActionName }) => EvalActionName));
        return actions.filter((action) => !names.has(action));
      }),
  };
}

const isNoParameter = (error: unknown): boolean =>
  error instanceof Error && error.name === "ParameterNotFound";
