import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  PutBucketPolicyCommand,
} from "@aws-sdk/client-s3";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import type { Clients } from "../../../localstack/deploy/clients.ts";
import { assume, document, permissionOf } from "../../support/local/iam.ts";
import { type LocalPlane, localPlane } from "../../support/local/plane.ts";
import { policyOf, sessionsOfEverything } from "../../support/local/sessions.ts";
import { send } from "../../support/local/sigv4.ts";
import { putObject } from "./s3.ts";

const KEY = "limits.json";

/** An administrator of another account of the organisation. */
async function stranger(plane: LocalPlane): Promise<Clients> {
  const { endpoint, region, credentials } = plane.outputs;
  const answer = await send({
    ...{ endpoint, region, service: "organizations", credentials: credentials.deployer },
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "AWSOrganizationsV20161128.CreateAccount",
    },
    body: JSON.stringify({ AccountName: "stranger", Email: "stranger@example.org" }),
  });
  assert.equal(answer.status, 200, answer.body);
  const { AccountId } = JSON.parse(answer.body).CreateAccountStatus;
  const RoleArn = `arn:aws:iam::${AccountId}:role/OrganizationAccountAccessRole`;
  const entering = new AssumeRoleCommand({ RoleArn, RoleSessionName: "stranger" });
  return plane.as(await assume(plane, credentials.deployer, entering));
}

/** A bucket of the stranger's that lets everybody of the plane's account in; gone after the test. */
async function invitingBucket(t: TestContext, plane: LocalPlane): Promise<string> {
  const { s3 } = await stranger(plane);
  const Bucket = `released-${randomBytes(4).toString("hex")}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  t.after(async () => {
    await s3.send(new DeleteObjectCommand({ Bucket, Key: KEY }));
    await s3.send(new DeleteBucketCommand({ Bucket }));
  });
  const Policy = document({
    ...{ Effect: "Allow", Action: "s3:PutObject", Resource: `arn:aws:s3:::${Bucket}/*` },
    Principal: { AWS: `arn:aws:iam::${plane.outputs.account}:root` },
  });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  return Bucket;
}

test("VAI-42 IAM keeps a session out of a bucket that another account holds under the contract's name", async (t) => {
  const plane = await localPlane();
  const Bucket = await invitingBucket(t, plane);
  const scope = { action: "s3:PutObject", target: `arn:aws:s3:::${Bucket}/${KEY}` };
  const { session } = await sessionsOfEverything(t, plane);
  const policy = await policyOf(plane, scope);
  const unpinned = JSON.stringify(policy).replaceAll("aws:ResourceAccount", "aws:PrincipalAccount");
  const outcomes = [policy, JSON.parse(unpinned), undefined].map(async (each) =>
    permissionOf(putObject(plane.as(await session(each)), Bucket, KEY)),
  );
  assert.deepEqual(await Promise.all(outcomes), ["denied", "allowed", "allowed"]);
});
