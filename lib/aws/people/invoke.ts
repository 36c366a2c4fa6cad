import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { Fault } from "../../refusal.ts";
import { type ClientPlace, dependencyOptions } from "../ports/clients.ts";
import { orFault } from "../ports/faults.ts";

/** Milliseconds: longer than the functions' timeout, so that their own answer arrives first. */
const INVOKE_PATIENCE = 40_000;

/**
 * Invokes a function once and waits for its answer.
 * @throws {Fault} `DEPENDENCY_UNAVAILABLE` when the function cannot be reached or crashed.
 */
export async function invokeFunction(
  place: ClientPlace,
  name: string,
  payload: unknown,
): Promise<unknown> {
  const client = new LambdaClient(dependencyOptions({ patience: INVOKE_PATIENCE, ...place }, 1));
  const { Payload, FunctionError } = await orFault(
    "DEPENDENCY_UNAVAILABLE",
    `invoking ${name}`,
    () => client.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(payload) })),
  );
  const text = Buffer.from(Payload ?? []).toString("utf8");
  if (FunctionError !== undefined)
    throw new Fault("DEPENDENCY_UNAVAILABLE", `${name} crashed: ${text.slice(0, 300)}`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault("DEPENDENCY_UNAVAILABLE", `${name} gave what is no JSON`, error);
  }
}
