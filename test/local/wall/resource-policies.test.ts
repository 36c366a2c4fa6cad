import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { PutResourcePolicyCommand } from "@aws-sdk/client-dynamodb";
import {
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  PutBucketPolicyCommand,
} from "@aws-sdk/client-s3";
import type { Clients } from "../../../localstack/deploy/clients.ts";
import type { AwsCredentials } from "../../../localstack/machine/start-processes.ts";
import { tableArn } from "../../support/local/contracts.ts";
import { permissionOf } from "../../support/local/iam.ts";
import { type LocalPlane, localPlane } from "../../support/local/plane.ts";
import {
  allowsOf,
  policyOf,
  type Sessions,
  sessionArn,
  sessionsOfDeployed,
  sessionsOfEverything,
} from "../../support/local/sessions.ts";
import { seedItem } from "../../support/local/targets.ts";
import { temporaryTable, update } from "./dynamodb.ts";
import { objectArn, putObject } from "./s3.ts";

// A grant in a resource policy to the session itself is not limited by what the session policy does
// not allow (IAM user guide, "Session policies"): only by what it denies.

/** A resource that is not the contract's, and how its policy is made to name somebody. */
interface Guarded {
  readonly scope: { readonly action: string; readonly target: string };
  readonly call: (as: Clients) => Promise<unknown>;
  readonly grantTo: (principal: string) => Promise<unknown>;
}

async function productionTable(t: TestContext, plane: LocalPlane): Promise<Guarded> {
  const production = await temporaryTable(t, plane);
  await seedItem(plane, "walled", production);
  const ResourceArn = tableArn(plane, production);
  const { dynamoDb } = plane.deployer;
  const action = "dynamodb:UpdateItem";
  return {
    scope: { action, target: tableArn(plane) },
    call: (as) => update(as, production),
    grantTo: (principal) => {
      const Policy = policyFor(principal, action, ResourceArn);
      return dynamoDb.send(new PutResourcePolicyCommand({ ResourceArn, Policy }));
    },
  };
}

/** Another object of the bucket than the contract's. */
async function bucketOfObjects(t: TestContext, plane: LocalPlane): Promise<Guarded> {
  const { bucket: Bucket } = plane.outputs.samples;
  const { s3 } = plane.deployer;
  const Key = "walled/other.json";
  const { Policy: before } = await s3.send(new GetBucketPolicyCommand({ Bucket }));
  t.after(() => s3.send(new PutBucketPolicyCommand({ Bucket, Policy: before })));
  t.after(() => s3.send(new DeleteObjectCommand({ Bucket, Key })));
  const action = "s3:PutObject";
  return {
    scope: { action, target: objectArn(plane) },
    call: (as) => putObject(as, Bucket, Key),
    grantTo: (principal) => {
      const Policy = policyFor(principal, action, objectArn(plane, Key));
      return s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    },
  };
}

const policyFor = (principal: string, Action: string, Resource: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS: principal }, Action, Resource }],
  });

const RESOURCES: Readonly<Record<string, (t: TestContext, plane: LocalPlane) => Promise<Guarded>>> =
  {
    "the policy of a DynamoDB table": productionTable,
    "the policy of an S3 bucket": bucketOfObjects,
  };

for (const [name, guard] of Object.entries(RESOURCES)) {
  test(`VAI-42 VAI-45 ${name} that names the session lets it no further`, async (t) => {
    const plane = await localPlane();
    const { scope, call, grantTo } = await guard(t, plane);
    const policy = await policyOf(plane, scope);
    const as = async (credentials: Promise<AwsCredentials>) => plane.as(await credentials);
    const judge = async (held: string, { roleArn, session }: Sessions) => {
      const outcomes = async () => {
        const tried = [allowsOf(policy), policy].map((each) => as(session(each, "1")));
        return Promise.all((await Promise.all(tried)).map((raw) => permissionOf(call(raw))));
      };
      assert.deepEqual(await outcomes(), ["denied", "denied"], `${held}: nobody is named`);
      await grantTo(sessionArn(roleArn, "1"));
      assert.deepEqual(await outcomes(), ["allowed", "denied"], `${held}: the session is named`);
      await grantTo(sessionArn(roleArn, "2"));
      assert.deepEqual(await outcomes(), ["denied", "denied"], `${held}: another one is named`);
      await grantTo(roleArn);
      assert.deepEqual(await outcomes(), ["denied", "denied"], `${held}: its role is named`);
    };
    await judge("by the session policy alone", await sessionsOfEverything(t, plane));
    await judge("in the deployed role", await sessionsOfDeployed(t, plane, scope.action));
  });
}
