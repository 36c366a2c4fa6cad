import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  InvokeCommand,
} from "@aws-sdk/client-lambda";
import type { AwsCredentials } from "../../../localstack/machine/start-processes.ts";
import type { Ending } from "./iam.ts";
import { nameFunction } from "./named-function.ts";
import type { LocalPlane } from "./plane.ts";
import { zip } from "./zip.ts";

/** Says with which credentials Lambda runs it: those of its role. */
const CODE = `exports.handler = async () => ({
  accessKeyId: process.env.AWS_ACCESS_KEY_ID,
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  sessionToken: process.env.AWS_SESSION_TOKEN,
});
`;

/**
 * A session of one of the plane's function roles: of a function of the test's own that the role's
 * policy takes for the plane's. So the role is tried, and not the code that uses it.
 */
export async function functionRole(
  t: Ending,
  plane: LocalPlane,
  role: string,
): Promise<AwsCredentials> {
  const { deployer, outputs } = plane;
  const FunctionName = `role-${randomBytes(4).toString("hex")}`;
  await deployer.lambda.send(
    new CreateFunctionCommand({
      ...{ FunctionName, Runtime: "nodejs24.x", Handler: "index.handler" },
      Role: `arn:aws:iam::${outputs.account}:role/${role}`,
      Code: { ZipFile: zip("index.js", Buffer.from(CODE)) },
    }),
  );
  t.after(() => deployer.lambda.send(new DeleteFunctionCommand({ FunctionName })));
  await nameFunction(t, plane, role, FunctionName);
  const { Payload } = await deployer.lambda.send(new InvokeCommand({ FunctionName }));
  const credentials = JSON.parse(Buffer.from(Payload ?? []).toString("utf8"));
  assert.match(credentials.accessKeyId, /^ASIA/);
  return credentials;
}
