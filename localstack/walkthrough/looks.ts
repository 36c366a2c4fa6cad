import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { GetAliasCommand, UpdateAliasCommand } from "@aws-sdk/client-lambda";
import { counted } from "../../lib/cli/plural.ts";
import type { Clients } from "../deploy/clients.ts";
import { bySdk } from "./sdk.ts";
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

/** How often the function that pays was called, and what it paid: as the deployer has it, past the plane. */
export async function paid({ as, outputs }: PlayStage): Promise<readonly [number, number]> {
  const { table: TableName } = outputs.samples.payments;
  const input = { TableName, Key: { pk: { S: "#counts" } }, ConsistentRead: true };
  const { Item } = await as("deployer").dynamoDb.send(new GetItemCommand(input));
  return [Number(Item?.["asked"]?.N ?? 0), Number(Item?.["done"]?.N ?? 0)];
}

interface Looking {
  readonly id: string;
  readonly title: string;
  readonly before: readonly [number, number];
  readonly expected: string;
}

/** Looks at the target: what was refused never came there. */
export function lookAtTarget(
  stage: PlayStage,
  { id, title, before, expected }: Looking,
): Promise<void> {
  const { table } = stage.outputs.samples.payments;
  return stage.step({
    ...{ id, title, expected, command: bySdk("deployer", `dynamodb:GetItem ${table} #counts`) },
    run: async () => {
      const [asked, done] = await paid(stage);
      const seen = `${counted(asked - before[0], "call")}, ${counted(done - before[1], "payment")}`;
      return { seen, value: undefined };
    },
  });
}
