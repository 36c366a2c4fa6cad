import type { IncomingMessage } from "node:http";
import type { Plane } from "../../support/plane.ts";

/** A call of the JSON protocol: `X-Amz-Target: DynamoDB_20120810.Query`. */
const TARGET = /^(DynamoDB_20120810|TrentService)\.(\w+)$/;

/**
 * Answers what the real SDK asks of DynamoDB and KMS from a plane's own memory.
 * @returns `undefined` for any other call.
 */
export async function overTheWire(
  plane: Plane,
  { headers }: IncomingMessage,
  body: string,
): Promise<unknown> {
  const [, service, operation] = TARGET.exec(String(headers["x-amz-target"])) ?? [];
  if (operation === undefined) return undefined;
  const input = JSON.parse(body);
  const command = { input, constructor: { name: `${operation}Command` } };
  if (service === "DynamoDB_20120810") return plane.dynamo.client().send(command as never);
  const kms = input.KeyId === "plane-key" ? plane.planeKms : plane.kms;
  const { PublicKey } = (await kms.client().send(command as never)) as unknown as {
    PublicKey: Buffer;
  };
  return { PublicKey: PublicKey.toString("base64") };
}
