import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import type { WakeSweep } from "../../lifecycle/ports.ts";

/** Invokes `sweep` without waiting for it; one that runs already will have seen the change, or runs again in a minute. */
export const wakeSweepBy =
  (client: LambdaClient, functionName: string): WakeSweep =>
  async () => {
    const command = new InvokeCommand({ FunctionName: functionName, InvocationType: "Event" });
    await client.send(command).catch(() => undefined);
  };
