import {
  GetFunctionConfigurationCommand,
  GetFunctionUrlConfigCommand,
  GetPolicyCommand,
  type LambdaClient,
} from "@aws-sdk/client-lambda";
import { look, type Seen } from "./look.ts";

/** How a function is set up. */
export interface FunctionSetting {
  readonly runtime: string;
  /** Seconds. */
  readonly timeout: number;
  readonly roleArn: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface FunctionFacts {
  readonly name: string;
  readonly setting: Seen<FunctionSetting>;
  /** `AuthType` of its Function URL; absent without a URL. */
  readonly urlAuth: Seen<string>;
  /** Its resource policy; absent is the normal case. */
  readonly policy: Seen<string>;
}

export async function readFunction(client: LambdaClient, name: string): Promise<FunctionFacts> {
  const FunctionName = name;
  const [setting, urlAuth, policy] = await Promise.all([
    look("lambda:GetFunctionConfiguration", async () => {
      const found = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
      return {
        runtime: found.Runtime ?? "",
        timeout: found.Timeout ?? 0,
        roleArn: found.Role ?? "",
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
  ]);
  return { name, setting, urlAuth, policy };
}
