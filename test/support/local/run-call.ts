import * as dynamodb from "@aws-sdk/client-dynamodb";
import * as iam from "@aws-sdk/client-iam";
import * as kms from "@aws-sdk/client-kms";
import * as lambda from "@aws-sdk/client-lambda";
import type { Call } from "../../../lib/doctor/repair/call.ts";
import type { Clients } from "../../../localstack/deploy/clients.ts";

const COMMANDS: Readonly<Record<Call["service"], object>> = { dynamodb, iam, kms, lambda };
const CLIENTS = { dynamodb: "dynamoDb", iam: "iam", kms: "kms", lambda: "lambda" } as const;

/** Makes a call of a repair plan by the SDK, as its printed line does by the CLI. */
export async function runCall(
  clients: Clients,
  { service, operation, input }: Call,
): Promise<unknown> {
  const found: unknown = Reflect.get(COMMANDS[service], `${operation}Command`);
  if (typeof found !== "function") throw new Error(`${service} has no ${operation}`);
  const client = clients[CLIENTS[service]] as { send(command: unknown): Promise<unknown> };
  return client.send(Reflect.construct(found, [input]));
}
