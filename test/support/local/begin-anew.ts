import { UpdateFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { FUNCTION_TIMEOUT_SECONDS } from "../../../lib/config.ts";
import type { LocalPlane } from "./plane.ts";

/**
 * A changed configuration ends a function's processes, with all that they remember: the next invocation is served by a new
 * one. The configuration says what it said.
 */
export async function beginAnew(
  { deployer, outputs }: LocalPlane,
  names: readonly (keyof LocalPlane["outputs"]["functions"])[],
): Promise<void> {
  for (const name of names) {
    const FunctionName = outputs.functions[name];
    const same = { FunctionName, Timeout: FUNCTION_TIMEOUT_SECONDS };
    await deployer.lambda.send(new UpdateFunctionConfigurationCommand(same));
  }
}
