import assert from "node:assert/strict";
import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { GetFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { aws } from "../../../infra/sample-payments-handler.ts";
import type { LocalPlane } from "./plane.ts";

/** An item of the sample function that pays, as the deployer reads it: by client token, or `#counts`. */
export async function paymentOf(plane: LocalPlane, pk: string): Promise<Record<string, unknown>> {
  const { table: TableName } = plane.outputs.samples.payments;
  const command = new GetItemCommand({ TableName, Key: { pk: { S: pk } }, ConsistentRead: true });
  const { Item } = await plane.deployer.dynamoDb.send(command);
  return Item === undefined ? {} : unmarshall(Item);
}

/** How often it was asked, and how many payments it made: what is not counted did not reach it. */
export async function paymentCounts(plane: LocalPlane): Promise<readonly [number, number]> {
  const { asked = 0, done = 0 } = await paymentOf(plane, "#counts");
  return [Number(asked), Number(done)];
}

/** What it pays by, as only the deployer can read it besides. */
export async function paymentCredential({ deployer, outputs }: LocalPlane): Promise<string> {
  const { endpoint, region, credentials, samples } = outputs;
  const read = new GetFunctionConfigurationCommand({ FunctionName: samples.payments.function });
  const { Environment } = await deployer.lambda.send(read);
  const SecretId = Environment?.Variables?.["SECRET"];
  const { accessKeyId, secretAccessKey } = credentials.deployer;
  const [status, { SecretString = "" }] = await aws(
    ...(["secretsmanager", "secretsmanager.GetSecretValue", { SecretId }] as const),
    {
      ...{ AWS_ENDPOINT_URL: endpoint, AWS_REGION: region },
      ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    },
  );
  assert.equal(status, 200);
  const credential = String(SecretString);
  assert.match(credential, /^\S{48}$/);
  return credential;
}
