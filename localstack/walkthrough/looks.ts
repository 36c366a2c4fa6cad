import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { GetAliasCommand, UpdateAliasCommand } from "@aws-sdk/client-lambda";
import type { Clients } from "../deploy/clients.ts";
import type { PlayStage } from "./stage.ts";

/** The alias as AWS has it: who gets how much, and the revision that changes with every update. */
export interface Routing {
  readonly traffic: string;
  readonly revision: string;
}

/** The alias `live` of a function. */
export const getAlias = ({ lambda }: Clients, functionName: string) =>
  lambda.send(new GetAliasCommand({ FunctionName: functionName, Name: "live" }));

/** Reads the alias past the plane, as the deployer. */
export async function readRouting({ as, outputs }: PlayStage): Promise<Routing> {
  const alias = await getAlias(as("deployer"), outputs.samples.function);
  const others = Object.entries(alias.RoutingConfig?.AdditionalVersionWeights ?? {});
  const given = others.reduce((sum, [, weight]) => sum + weight, 0);
  const shares = [[alias.FunctionVersion, 1 - given] as const, ...others];
  return {
    traffic: shares
      .map(([version, weight]) => `version ${version}: ${Math.round(weight * 100)} %`)
      .join(", "),
    revision: alias.RevisionId ?? "",
  };
}

/** The item's attribute `mode`, past the plane, as the deployer. */
export async function readMode({ as, outputs }: PlayStage): Promise<string> {
  const Key = { pk: { S: "checkout" } };
  const input = { TableName: outputs.samples.table, Key, ConsistentRead: true };
  const { Item } = await as("deployer").dynamoDb.send(new GetItemCommand(input));
  return `mode: ${Item?.["mode"]?.S ?? "none"}`;
}

/** Sets the alias's routing directly, to what it has already. */
export const updateAlias = (
  { lambda }: Clients,
  functionName: string,
  version: string,
): Promise<unknown> =>
  lambda.send(
    new UpdateAliasCommand({
      FunctionName: functionName,
      Name: "live",
      RoutingConfig: { AdditionalVersionWeights: { [version]: 0.1 } },
    }),
  );
