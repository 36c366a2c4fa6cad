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
import { functionArn } from "../../support/local/contracts.ts";
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
