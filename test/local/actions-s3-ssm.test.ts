import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectAclCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import {
  DeleteParameterCommand,
  GetParameterCommand,
  PutParameterCommand,
} from "@aws-sdk/client-ssm";
import type { ClientSettings } from "../../lib/actions/client-settings.ts";
import { NOTHING_READ, type Operation } from "../../lib/actions/descriptor.ts";
import { s3PutObject } from "../../lib/actions/s3/put-object.ts";
import { ssmPutParameter } from "../../lib/actions/ssm/put-parameter.ts";
import { narrowToOperation } from "../../lib/authority/derive/narrow-operation.ts";
import type { Step } from "../../lib/contract/step.ts";
import { deriveAuthority } from "../../lib/index.ts";
import { isRefusal } from "../../lib/refusal.ts";
import type { AwsCredentials } from "../../localstack/machine/start-processes.ts";
import { contractOf, trustPolicy } from "../authority/fixtures.ts";
import {
  allDenied,
  assume,
  asThePlaneAsks,
  denied,
  document,
  temporaryRole,
  temporaryUser,
} from "../support/local/iam.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";

/** The two sessions of an action: one that may do what its policy says, one that reads. */
interface Sessions {
  readonly issued: ClientSettings;
  readonly reader: ClientSettings;
}

/** Sessions of a role that may do everything in the family, so that what is denied is the policy's doing. */
async function sessionsFor(
  t: TestContext,
  plane: LocalPlane,
  step: Step,
  operation: Operation,
): Promise<Sessions> {
  const now = Math.floor(Date.now() / 1000);
  const contract = contractOf([step], {
    ...{ nbf: now - 60, exp: now + 600, account: plane.outputs.account },
    region: plane.outputs.region,
  });
  const derived = deriveAuthority(contract, narrowToOperation(step, operation), trustPolicy);
  assert.ok(!isRefusal(derived), JSON.stringify(derived));
  const user = await temporaryUser(t, plane);
  const Action = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
  const trust = document({ Effect: "Allow", Principal: { AWS: user.arn }, Action });
  const wide = document({ Effect: "Allow", Action: ["s3:*", "ssm:*"], Resource: "*" });
  const { reads } = operation.action === "s3:PutObject" ? s3PutObject : ssmPutParameter;
  const reading = document({ Effect: "Allow", Action: reads, Resource: operation.resource });
  const [role, readerRole] = await Promise.all([
    temporaryRole(t, plane, trust, wide),
    temporaryRole(t, plane, trust, reading),
  ]);
  const as = async (roleArn: string, Policy: string): Promise<ClientSettings> => {
    const made = await assume(plane, user.credentials, asThePlaneAsks(roleArn, { Policy }));
    return settingsOf(plane, made);
  };
  return {
    issued: await as(role, JSON.stringify(derived.sessionPolicy)),
    reader: await as(readerRole, reading),
  };
}

const settingsOf = ({ outputs }: LocalPlane, credentials: AwsCredentials): ClientSettings => ({
  ...{ account: outputs.account, region: outputs.region, endpoint: outputs.endpoint },
  credentials: { sessionToken: "", ...credentials },
  timeoutMilliseconds: 5_000,
});

const rawAs = (plane: LocalPlane, { credentials }: ClientSettings, region?: string) =>
  plane.as(credentials, region);

async function temporaryBucket(t: TestContext, { deployer: { s3 } }: LocalPlane): Promise<string> {
  const Bucket = `test-${randomBytes(4).toString("hex")}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  t.after(async () => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    await s3.send(new DeleteBucketCommand({ Bucket }));
  });
  return Bucket;
}

test("VAI-78 VAI-42 s3:PutObject writes one object of this account, and IAM lets its session do nothing else", async (t) => {
  const plane = await localPlane();
  const Bucket = await temporaryBucket(t, plane);
  const other = await temporaryBucket(t, plane);
  const Key = "checkout/limits v2 (draft)+1.json";
  const resource = `arn:aws:s3:::${Bucket}/${Key}`;
  const parameters = { body: '{"limit":10}', contentType: "application/json" };
  const asked: Operation = { action: "s3:PutObject", resource, parameters };
  const step: Step = {
    ...{ type: "aws", id: "write", actions: ["s3:PutObject"], resources: [resource] },
    parameters: { body: { prefix: "{" }, contentType: { exact: "application/json" } },
  };
  const { issued, reader } = await sessionsFor(t, plane, step, asked);
  // The reader may not list the bucket, so S3 does not tell it that nothing is there: unknown, never absent.
  await assert.rejects(s3PutObject.readBack(asked, reader), { code: "DEPENDENCY_UNAVAILABLE" });

  const elsewhere = { ...issued, account: "111122223333" };
  const stranger = await s3PutObject.call(asked, NOTHING_READ, elsewhere);
  assert.deepEqual(stranger, { status: "failed", error: { name: "AccessDenied", kind: "denied" } });
  assert.equal((await s3PutObject.call(asked, NOTHING_READ, issued)).status, "succeeded");
  const seen = await s3PutObject.readBack(asked, reader);
  assert.equal(seen.matches, true, JSON.stringify(seen));

  const again = { ...asked, parameters: { ...parameters, body: '{"limit":11}' } };
  const taken = await s3PutObject.call(again, NOTHING_READ, issued);
  assert.equal(taken.status === "failed" && taken.error.kind, "precondition");
  assert.equal((await s3PutObject.readBack(asked, reader)).matches, true, "unchanged");
  const over = { ...again, parameters: { ...again.parameters, overwrite: true } };
  assert.equal((await s3PutObject.call(over, NOTHING_READ, issued)).status, "succeeded");
  assert.equal((await s3PutObject.readBack(over, reader)).matches, true);
  const { deployer } = plane;
  const { Body } = await deployer.s3.send(new GetObjectCommand({ Bucket, Key }));
  assert.equal(await Body?.transformToString(), '{"limit":11}');

  const { s3 } = rawAs(plane, issued);
  const write = (change: object) => new PutObjectCommand({ Bucket, Key, Body: "raw", ...change });
  await allDenied({
    "another key": s3.send(write({ Key: `${Key}2` })),
    "a key around it": s3.send(write({ Key: "checkout" })),
    "another bucket": s3.send(write({ Bucket: other })),
    "reading it": s3.send(new GetObjectCommand({ Bucket, Key })),
    "removing it": s3.send(new DeleteObjectCommand({ Bucket, Key })),
    "opening it to all": s3.send(new PutObjectAclCommand({ Bucket, Key, ACL: "public-read" })),
    "listing its bucket": s3.send(new ListObjectsV2Command({ Bucket })),
  });
  const abroad = rawAs(plane, issued, "eu-west-1").s3;
  await denied("another region", abroad.send(write({})));
  await s3.send(write({}));
});

async function temporaryParameter(
  t: TestContext,
  { deployer: { ssm }, outputs: { account, region } }: LocalPlane,
  Type: "String" | "SecureString" | "StringList" = "String",
) {
  const Name = `/test-${randomBytes(4).toString("hex")}/limit`;
  await ssm.send(new PutParameterCommand({ Name, Type, Value: "10" }));
  t.after(() => ssm.send(new DeleteParameterCommand({ Name })));
  return { Name, arn: `arn:aws:ssm:${region}:${account}:parameter${Name}` };
}

const putting = (resource: string, parameters: Operation["parameters"]): Operation => ({
  ...{ action: "ssm:PutParameter", resource, parameters },
});

const parameterStep = (...resources: string[]): Step => ({
  ...{ type: "aws", id: "put", actions: ["ssm:PutParameter"], resources },
  parameters: { value: { oneOf: ["20", "30"] }, expect: { oneOf: ["10", "20"] } },
});

test("VAI-78 VAI-42 ssm:PutParameter changes one parameter, and IAM lets its session do nothing else", async (t) => {
  const plane = await localPlane();
  const [{ Name, arn }, other] = await Promise.all([
    temporaryParameter(t, plane),
    temporaryParameter(t, plane),
  ]);
  const asked = putting(arn, { value: "20", expect: "10" });
  const { issued, reader } = await sessionsFor(t, plane, parameterStep(arn), asked);
  const preRead = ssmPutParameter.preRead ?? assert.fail();

  const read = await preRead(asked, reader);
  assert.deepEqual(read, { facts: { name: Name, version: "1" } });
  assert.equal((await ssmPutParameter.readBack(asked, reader)).matches, false);
  assert.equal((await ssmPutParameter.call(asked, read, issued)).status, "succeeded");
  assert.equal((await ssmPutParameter.readBack(asked, reader)).matches, true);
  const { Parameter } = await plane.deployer.ssm.send(new GetParameterCommand({ Name }));
  const { Type, Value, Version } = Parameter ?? {};
  assert.deepEqual({ Type, Value, Version }, { Type: "String", Value: "20", Version: 2 });

  const stale = await preRead(asked, reader);
  assert.deepEqual(stale.problem, { name: "ValueIsAnother", kind: "precondition" });

  const { ssm } = rawAs(plane, issued);
  const write = (change: object = {}) =>
    new PutParameterCommand({ Name, Value: "30", Overwrite: true, ...change });
  await allDenied({
    "another parameter": ssm.send(write({ Name: other.Name })),
    "a parameter below it": ssm.send(write({ Name: `${Name}/x`, Type: "String" })),
    "reading it": ssm.send(new GetParameterCommand({ Name })),
    "removing it": ssm.send(new DeleteParameterCommand({ Name })),
  });
  await denied("another region", rawAs(plane, issued, "eu-west-1").ssm.send(write()));
  await ssm.send(write());
});

test("VAI-78 ssm:PutParameter touches no secret, no list and nothing that is not there", async (t) => {
  const plane = await localPlane();
  const secret = await temporaryParameter(t, plane, "SecureString");
  const list = await temporaryParameter(t, plane, "StringList");
  const absent = secret.arn.replace("/limit", "/absent");
  const refused = { name: "ParameterIsNotString", kind: "precondition" };
  const missing = { name: "ParameterNotFound", kind: "notFound" };
  for (const [arn, error] of [
    [secret.arn, refused],
    [list.arn, refused],
    [absent, missing],
  ] as const) {
    const asked = putting(arn, { value: "20", expect: "10" });
    const { issued, reader } = await sessionsFor(t, plane, parameterStep(arn), asked);
    const read = await ssmPutParameter.preRead?.(asked, reader);
    assert.deepEqual(read?.problem, error);
    assert.ok(read);
    const outcome = await ssmPutParameter.call(asked, read, issued);
    assert.deepEqual(outcome, { status: "failed", error });
  }
  const { Parameter } = await plane.deployer.ssm.send(new GetParameterCommand({ Name: list.Name }));
  assert.equal(Parameter?.Version, 1);
});
