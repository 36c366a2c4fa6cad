import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
} from "@aws-sdk/client-lambda";
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3ServiceException,
} from "@aws-sdk/client-s3";
import {
  GetParameterCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
} from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { zip } from "../support/local/zip.ts";
import {
  actingWith,
  allow,
  assume,
  document,
  makeRole,
  type RunningEmulator,
  startEmulator,
} from "./support/emulator.ts";

// What AWS refuses and an emulator likes to take: else a contract fails on AWS and succeeds here.

let emulator: RunningEmulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator?.stop());

const status = (code: number) => (error: S3ServiceException) =>
  error.$metadata.httpStatusCode === code;

suite("VAI-88 S3 tells absence to whoever may list the bucket, and to nobody else", () => {
  const Bucket = "absent-bucket";
  const objects = `arn:aws:s3:::${Bucket}/*`;
  const absent = { Bucket, Key: "no/such" };
  before(async () => {
    const { s3 } = emulator.deployer;
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "there", Body: "x" }));
  });

  const READERS: [string, object[], number][] = [
    ["without s3:ListBucket", [], 403],
    ["with it on another bucket", [allow("s3:ListBucket", `arn:aws:s3:::${Bucket}2`)], 403],
    ["with it", [allow("s3:ListBucket", `arn:aws:s3:::${Bucket}`)], 404],
  ];
  for (const [name, more, code] of READERS) {
    test(`VAI-88 an absent object is ${code} ${name}`, async () => {
      const { s3 } = await actingWith(emulator, allow("s3:GetObject", objects), ...more);
      await assert.rejects(s3.send(new HeadObjectCommand(absent)), status(code));
      await assert.rejects(s3.send(new GetObjectCommand(absent)), status(code));
      await s3.send(new HeadObjectCommand({ Bucket, Key: "there" }));
    });
  }

  test("VAI-88 a bucket that is not there is 404 for everybody", async () => {
    const { s3 } = await actingWith(emulator, allow("s3:GetObject", "*"));
    const nowhere = { Bucket: "no-such-bucket", Key: "x" };
    await assert.rejects(s3.send(new HeadObjectCommand(nowhere)), status(404));
  });
});

suite("VAI-78 tiers of parameters", () => {
  const put = (Name: string, change: Partial<PutParameterCommandInput>) =>
    emulator.deployer.ssm.send(
      new PutParameterCommand({ Name, Value: "7", Type: "String", Overwrite: true, ...change }),
    );
  const invalid = { name: "ValidationException" };

  test("VAI-78 an advanced parameter never becomes a standard one, and keeps its value", async () => {
    await put("tiered", { Tier: "Advanced" });
    await assert.rejects(put("tiered", { Value: "8", Tier: "Standard" }), invalid);
    const read = await emulator.deployer.ssm.send(new GetParameterCommand({ Name: "tiered" }));
    assert.equal(read.Parameter?.Value, "7");
    await put("tiered", { Value: "8", Tier: "Advanced" });
    await put("tiered", { Value: "9" });
  });

  test("VAI-78 the standard tier takes 4,096 bytes and no policies, the advanced one 8,192", async () => {
    await put("size", { Value: "x".repeat(4096), Tier: "Standard" });
    await assert.rejects(put("size", { Value: "x".repeat(4097), Tier: "Standard" }), invalid);
    const Policies = JSON.stringify([{ Type: "NoChangeNotification", Version: "1.0" }]);
    await assert.rejects(put("size", { Policies, Tier: "Standard" }), invalid);
    await put("size", { Value: "x".repeat(8192), Tier: "Advanced" });
    await assert.rejects(put("size", { Value: "x".repeat(8193), Tier: "Advanced" }), invalid);
  });
});

test("VAI-78 an alias with weights points to published versions alone", async () => {
  const { lambda } = emulator.deployer;
  const { arn: Role } = await makeRole(emulator, []);
  const FunctionName = "weighted";
  const ZipFile = zip("index.mjs", Buffer.from("export const handler = () => 1;"));
  await lambda.send(
    new CreateFunctionCommand({
      ...{ FunctionName, Role, Runtime: "nodejs24.x", Handler: "index.handler" },
      Code: { ZipFile },
    }),
  );
  const { Version = "" } = await lambda.send(new PublishVersionCommand({ FunctionName }));
  const weights = (version: string) => ({ AdditionalVersionWeights: { [version]: 0.1 } });
  const latest = { FunctionName, FunctionVersion: "$LATEST" };
  const refused = { name: "InvalidParameterValueException" };
  const onLatest = { ...latest, Name: "latest" };
  await assert.rejects(
    lambda.send(new CreateAliasCommand({ ...onLatest, RoutingConfig: weights(Version) })),
    refused,
  );
  await lambda.send(new CreateAliasCommand(onLatest));
  const edge = { FunctionName, Name: "latest" };
  await assert.rejects(
    lambda.send(new UpdateAliasCommand({ ...edge, RoutingConfig: weights(Version) })),
    refused,
  );
  await lambda.send(
    new UpdateAliasCommand({ ...edge, RoutingConfig: { AdditionalVersionWeights: {} } }),
  );
  const published = { FunctionName, Name: "live", FunctionVersion: Version };
  await lambda.send(new CreateAliasCommand(published));
  const live = { FunctionName, Name: "live" };
  await assert.rejects(
    lambda.send(new UpdateAliasCommand({ ...live, RoutingConfig: weights("$LATEST") })),
    refused,
  );
  for (const absent of [{ FunctionName: "nobody" }, { Name: "nothing" }]) {
    await assert.rejects(
      lambda.send(
        new UpdateAliasCommand({ ...live, ...absent, RoutingConfig: weights("$LATEST") }),
      ),
      { name: "ResourceNotFoundException" },
    );
  }
});

test("VAI-14 a session may always ask who it is, whatever denies it everything", async () => {
  const nothing = { Effect: "Deny", Action: "*", Resource: "*" };
  const { arn } = await makeRole(emulator, [nothing]);
  const { clients } = await assume(emulator, arn, { Policy: document(nothing) });
  const { Arn } = await clients.sts.send(new GetCallerIdentityCommand({}));
  assert.match(Arn ?? "", /assumed-role\/.*\/vai-test$/);
});
