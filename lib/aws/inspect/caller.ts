import { GetCallerIdentityCommand, STSClient, type STSClientConfig } from "@aws-sdk/client-sts";
import { orFault } from "../ports/faults.ts";

/** Who looks, and what time it is at AWS: milliseconds, to the second; absent when no answer carried a date. */
export interface Caller {
  readonly arn: string;
  readonly account: string;
  readonly awsTime: number | undefined;
}

/** `sts:GetCallerIdentity` needs no permission. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
export async function readCaller(options: STSClientConfig): Promise<Caller> {
  const client = new STSClient(options);
  let awsTime: number | undefined;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      awsTime = dateOf(result.response);
      return result;
    },
    { step: "deserialize", name: "readDate", priority: "low" },
  );
  const { Arn = "", Account = "" } = await orFault(
    "DEPENDENCY_UNAVAILABLE",
    "sts:GetCallerIdentity",
    () => client.send(new GetCallerIdentityCommand({})),
  );
  return { arn: Arn, account: Account, awsTime };
}

function dateOf(response: unknown): number | undefined {
  const { headers = {} } = response as { readonly headers?: Readonly<Record<string, string>> };
  const found = Object.entries(headers).find(([name]) => name.toLowerCase() === "date");
  const time = Date.parse(found?.[1] ?? "");
  return Number.isNaN(time) ? undefined : time;
}
