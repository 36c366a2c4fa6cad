import {
  type EventSourceMappingConfiguration,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  GetFunctionUrlConfigCommand,
  GetPolicyCommand,
  type LambdaClient,
  ListAliasesCommand,
  type ListAliasesCommandOutput,
  ListEventSourceMappingsCommand,
  ListVersionsByFunctionCommand,
  type ListVersionsByFunctionCommandOutput,
} from "@aws-sdk/client-lambda";
import { present } from "../../encoding/present.ts";
import { look, type Seen } from "./look.ts";

/** How a function is set up. */
export interface FunctionSetting {
  readonly runtime: string;
  /** Seconds. */
  readonly timeout: number;
  readonly roleArn: string;
  readonly handler: string;
  /** ARNs of layers and file systems: code that runs beside the function's own. */
  readonly layers: readonly string[];
  readonly fileSystems: readonly string[];
  /** Where events go that it failed on; empty: nowhere. */
  readonly deadLetters: string;
  readonly logs: { readonly group: string; readonly format: string };
  readonly environment: Readonly<Record<string, string>>;
}

export interface FunctionFacts {
  readonly name: string;
  readonly setting: Seen<FunctionSetting>;
  /** `AuthType` of its Function URL; absent without a URL. */
  readonly urlAuth: Seen<string>;
  /** Its resource policy; absent is the normal case. */
  readonly policy: Seen<string>;
  /** Reserved concurrent executions; absent without a reservation. */
  readonly concurrency: Seen<number>;
  /** Its aliases and published versions: each has a resource policy of its own, and runs this code under this role. */
  readonly qualified: Seen<readonly string[]>;
}

/** What feeds a function from a stream or queue. */
export interface SourceFacts {
  readonly id: string;
  readonly sourceArn: string;
  /** `Enabled`, `Disabled`, `Updating`, … */
  readonly state: string;
  /** Filter patterns, as JSON; without any, everything is passed on. */
  readonly patterns: readonly string[];
  /** The key under which the filter is kept; empty: none. Lists show no such filter (Lambda API, `FilterCriteria`). */
  readonly filterKey: string;
}

export async function readFunction(client: LambdaClient, name: string): Promise<FunctionFacts> {
  const FunctionName = name;
  const [setting, urlAuth, policy, concurrency, qualified] = await Promise.all([
    look("lambda:GetFunctionConfiguration", async () => {
      const found = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
      return {
        runtime: found.Runtime ?? "",
        timeout: found.Timeout ?? 0,
        roleArn: found.Role ?? "",
        handler: found.Handler ?? "",
        layers: (found.Layers ?? []).map(({ Arn = "" }) => Arn),
        fileSystems: (found.FileSystemConfigs ?? []).map(({ Arn = "" }) => Arn),
        deadLetters: found.DeadLetterConfig?.TargetArn ?? "",
        logs: {
          group: found.LoggingConfig?.LogGroup ?? "",
          format: found.LoggingConfig?.LogFormat ?? "Text",
        },
        environment: found.Environment?.Variables ?? {},
      };
    }),
    look("lambda:GetFunctionUrlConfig", async () => {
      const { AuthType } = await client.send(new GetFunctionUrlConfigCommand({ FunctionName }));
      return AuthType;
    }),
    look("lambda:GetPolicy", async () => {
      const { Policy } = await client.send(new GetPolicyCommand({ FunctionName }));
      return Policy;
    }),
    look("lambda:GetFunctionConcurrency", async () => {
      const found = await client.send(new GetFunctionConcurrencyCommand({ FunctionName }));
      return found.ReservedConcurrentExecutions;
    }),
    look("lambda:ListAliases and lambda:ListVersionsByFunction", () => allQualified(client, name)),
  ]);
  return { name, setting, urlAuth, policy, concurrency, qualified };
}

async function allQualified(client: LambdaClient, FunctionName: string): Promise<string[]> {
  const found: string[] = [];
  let Marker: string | undefined;
  do {
    const page: ListAliasesCommandOutput = await client.send(
      new ListAliasesCommand({ FunctionName, ...present({ Marker }) }),
    );
    found.push(...(page.Aliases ?? []).map(({ Name = "" }) => `alias ${Name}`));
    Marker = page.NextMarker || undefined;
  } while (Marker !== undefined);
  do {
    const page: ListVersionsByFunctionCommandOutput = await client.send(
      new ListVersionsByFunctionCommand({ FunctionName, ...present({ Marker }) }),
    );
    const published = (page.Versions ?? []).filter(({ Version }) => Version !== "$LATEST");
    found.push(...published.map(({ Version = "" }) => `version ${Version}`));
    Marker = page.NextMarker || undefined;
  } while (Marker !== undefined);
  return found;
}

/** All event source mappings of a function; none for a function that is not there. */
export const readSources = (
  client: LambdaClient,
  FunctionName: string,
): Promise<Seen<readonly SourceFacts[]>> =>
  look("lambda:ListEventSourceMappings", async () => {
    const found: SourceFacts[] = [];
    let Marker: string | undefined;
    do {
      const page = await client.send(
        new ListEventSourceMappingsCommand({ FunctionName, ...(Marker && { Marker }) }),
      );
      found.push(...(page.EventSourceMappings ?? []).map(sourceOf));
      Marker = page.NextMarker;
    } while (Marker);
    return found;
  });

const sourceOf = (mapping: EventSourceMappingConfiguration): SourceFacts => ({
  id: mapping.UUID ?? "",
  sourceArn: mapping.EventSourceArn ?? "",
  state: mapping.State ?? "",
  filterKey: mapping.KMSKeyArn ?? mapping.FilterCriteriaError?.ErrorCode ?? "",
  patterns: (mapping.FilterCriteria?.Filters ?? []).map(({ Pattern }) => Pattern ?? ""),
});
