import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import {
  DeleteAliasCommand,
  GetAliasCommand,
  GetFunctionCommand,
  InvokeCommand,
  ListAliasesCommand,
  RemovePermissionCommand,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import type { Clients } from "../../../localstack/deploy/clients.ts";
import { functionArn, paymentsArn } from "../../support/local/contracts.ts";
import { resetRouting } from "../../support/local/targets.ts";
import { ABROAD, type Build } from "./wall.ts";

/** `lambda:UpdateAlias` on one function. */
export const functionWall: Build = async (t, plane) => {
  await resetRouting(plane);
  t.after(() => resetRouting(plane));
  const { function: FunctionName, newVersion } = plane.outputs.samples;
  const alias = { FunctionName, Name: "live" };
  const shift = ({ lambda }: Clients, change: object = {}) =>
    lambda.send(
      new UpdateAliasCommand({
        ...{ ...alias, FunctionVersion: "1" },
        RoutingConfig: { AdditionalVersionWeights: { [newVersion]: 0.1 } },
        ...change,
      }),
    );
  const permission = { FunctionName, StatementId: "none" };
  const settings = { FunctionName: "none", Timeout: 4 };
  return {
    scope: { action: "lambda:UpdateAlias", target: functionArn(plane) },
    bounded: (as) => shift(as),
    beyond: {
      "another action: GetAlias": {
        call: ({ lambda }) => lambda.send(new GetAliasCommand(alias)),
      },
      "another action: ListAliases": {
        call: ({ lambda }) => lambda.send(new ListAliasesCommand({ FunctionName })),
      },
      "another action: DeleteAlias": {
        call: ({ lambda }) => lambda.send(new DeleteAliasCommand({ FunctionName, Name: "none" })),
        outcome: "ResourceNotFoundException",
      },
      "another action: Invoke": {
        call: ({ lambda }) => lambda.send(new InvokeCommand({ FunctionName })),
      },
      "another action: GetFunction": {
        call: ({ lambda }) => lambda.send(new GetFunctionCommand({ FunctionName })),
      },
      "another action: RemovePermission": {
        call: ({ lambda }) => lambda.send(new RemovePermissionCommand(permission)),
        outcome: "ResourceNotFoundException",
      },
      "another action: UpdateFunctionConfiguration": {
        call: ({ lambda }) => lambda.send(new UpdateFunctionConfigurationCommand(settings)),
        outcome: "ResourceNotFoundException",
      },
      "VAI-42 another function": {
        call: (as) => shift(as, { FunctionName: "sample-billing" }),
        outcome: "ResourceNotFoundException",
      },
      "another region": {
        ...{ region: ABROAD, outcome: "ResourceNotFoundException" },
        call: (as) => shift(as),
      },
    },
  };
};

/** `lambda:InvokeFunction` on one alias of one function. */
export const invocationWall: Build = async (_t, plane) => {
  const { function: FunctionName, alias, table } = plane.outputs.samples.payments;
  // Neither a token nor an amount: it is invoked, and pays nothing.
  const invoke =
    (change: object = {}) =>
    ({ lambda }: Clients) =>
      lambda.send(new InvokeCommand({ FunctionName, Qualifier: alias, Payload: "{}", ...change }));
  const bare = { Qualifier: undefined };
  return {
    scope: {
      ...{ action: "lambda:InvokeFunction", target: paymentsArn(plane) },
      parameters: { "payload/clientToken": "wall", "payload/amount": 1 },
    },
    bounded: invoke(),
    beyond: {
      "another alias": {
        ...{ call: invoke({ Qualifier: "next" }), outcome: "ResourceNotFoundException" },
      },
      "the version that the alias names": { call: invoke({ Qualifier: "1" }) },
      "another version": {
        ...{ call: invoke({ Qualifier: "2" }), outcome: "ResourceNotFoundException" },
      },
      "the unqualified function": { call: invoke(bare) },
      "the unqualified function by its ARN": {
        call: invoke({ ...bare, FunctionName: functionArn(plane, FunctionName) }),
      },
      $LATEST: { call: invoke({ Qualifier: "$LATEST" }) },
      "$LATEST in the name": { call: invoke({ ...bare, FunctionName: `${FunctionName}:$LATEST` }) },
      "the version in the name": { call: invoke({ ...bare, FunctionName: `${FunctionName}:1` }) },
      "the version, asynchronously": {
        call: invoke({ Qualifier: "1", InvocationType: "Event" }),
      },
      "the unqualified function, as a dry run": {
        call: invoke({ ...bare, InvocationType: "DryRun" }),
      },
      "VAI-42 another function": {
        call: invoke({ FunctionName: plane.outputs.samples.function }),
      },
      "another region": {
        ...{ region: ABROAD, outcome: "ResourceNotFoundException" },
        call: invoke(),
      },
      "another action: GetFunction": {
        call: ({ lambda }) => lambda.send(new GetFunctionCommand({ FunctionName })),
      },
      "another action: GetAlias": {
        call: ({ lambda }) => lambda.send(new GetAliasCommand({ FunctionName, Name: alias })),
      },
      "another action: UpdateAlias": {
        call: ({ lambda }) => lambda.send(new UpdateAliasCommand({ FunctionName, Name: "none" })),
        outcome: "ResourceNotFoundException",
      },
      "what the function writes": {
        call: ({ dynamoDb }) =>
          dynamoDb.send(new GetItemCommand({ TableName: table, Key: { pk: { S: "#counts" } } })),
      },
    },
  };
};
