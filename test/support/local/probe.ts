import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  InvokeCommand,
} from "@aws-sdk/client-lambda";
import { build } from "esbuild";
import { REPOSITORY_ROOT } from "../../../localstack/machine/paths.ts";
import { nameFunction } from "./named-function.ts";
import type { LocalPlane } from "./plane.ts";
import { zip } from "./zip.ts";

/** One SDK call that a probe makes; `input.text`, if given, is sent as the bytes of `Message`. */
export interface ProbedCall {
  readonly service: string;
  readonly command: string;
  readonly input: object;
}

/** Makes each call with the role that Lambda gives it, and says how it ended. */
const PROBE = `
import * as dynamodb from "@aws-sdk/client-dynamodb";
import * as iam from "@aws-sdk/client-iam";
import * as kms from "@aws-sdk/client-kms";
import * as lambda from "@aws-sdk/client-lambda";
import * as s3 from "@aws-sdk/client-s3";
import * as sts from "@aws-sdk/client-sts";
const clients = {
  dynamodb: [dynamodb, new dynamodb.DynamoDBClient({})],
  iam: [iam, new iam.IAMClient({})],
  kms: [kms, new kms.KMSClient({})],
  lambda: [lambda, new lambda.LambdaClient({})],
  s3: [s3, new s3.S3Client({ forcePathStyle: true })],
  sts: [sts, new sts.STSClient({})],
};
const outcome = async ({ service, command, input: { text, ...input } }) => {
  const [commands, client] = clients[service];
  const Message = text && Buffer.from(text);
  try {
    await client.send(new commands[command]({ ...input, ...(Message && { Message }) }));
    return "allowed";
  } catch (error) {
    return error.name;
  }
};
export const handler = (calls) => Promise.all(calls.map(outcome));
`;

let code: Promise<Buffer> | undefined;

async function probeCode(): Promise<Buffer> {
  const built = await build({
    stdin: { contents: PROBE, resolveDir: REPOSITORY_ROOT, loader: "js" },
    ...{ bundle: true, minify: true, write: false, logLevel: "warning" },
    ...{ platform: "node", target: "node24", format: "cjs" },
  });
  return zip("index.js", Buffer.from(built.outputFiles[0]?.contents ?? []));
}

/** Whether the role's policy takes the probe for the plane's function; `stranger`: as whoever may pass the role has it. */
type As = "the plane" | "stranger";

/**
 * A function of the test's own under one of the plane's roles: what that role may do, seen from
 * inside. Gone after the test.
 *
 * @returns how each call ended: `allowed`, or the error's name
 */
export async function roleProbe(
  t: TestContext,
  plane: LocalPlane,
  role: string,
  as: As = "the plane",
): Promise<(calls: readonly ProbedCall[]) => Promise<string[]>> {
  const { deployer, outputs } = plane;
  const FunctionName = `vai-test-${randomBytes(4).toString("hex")}`;
  code ??= probeCode();
  await deployer.lambda.send(
    new CreateFunctionCommand({
      ...{ FunctionName, Runtime: "nodejs24.x", Handler: "index.handler", Timeout: 20 },
      Role: `arn:aws:iam::${outputs.account}:role/${role}`,
      Code: { ZipFile: await code },
    }),
  );
  t.after(() => deployer.lambda.send(new DeleteFunctionCommand({ FunctionName })));
  if (as === "the plane") await nameFunction(t, plane, role, FunctionName);
  return async (calls) => {
    const { Payload, FunctionError } = await deployer.lambda.send(
      new InvokeCommand({ FunctionName, Payload: JSON.stringify(calls) }),
    );
    const text = Buffer.from(Payload ?? []).toString("utf8");
    assert.equal(FunctionError, undefined, text);
    return JSON.parse(text) as string[];
  };
}
