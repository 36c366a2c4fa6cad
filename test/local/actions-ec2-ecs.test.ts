import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  DescribeInstancesCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import { DescribeServicesCommand, UpdateServiceCommand } from "@aws-sdk/client-ecs";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { descriptorOf } from "../../lib/actions/catalogue.ts";
import type { ClientSettings } from "../../lib/actions/client-settings.ts";
import type { ActionDescriptor, Operation } from "../../lib/actions/descriptor.ts";
import type { TargetReadRequest } from "../../lib/actions/read.ts";
import { READS, readOf } from "../../lib/actions/reads.ts";
import { readerCredentialsBy } from "../../lib/aws/ports/sts.ts";
import type { AwsCredentials } from "../../localstack/machine/start-processes.ts";
import { functionArn, tableArn } from "../support/local/contracts.ts";
import { allDenied, publishedPolicy } from "../support/local/iam.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { functionRole } from "../support/local/roles.ts";
import { policyOf, sessionsOfDeployed, sessionsOfEverything } from "../support/local/sessions.ts";
import { seedItem } from "../support/local/targets.ts";

const settingsOf = ({ outputs }: LocalPlane, credentials: AwsCredentials): ClientSettings => ({
  ...{ account: outputs.account, region: outputs.region, endpoint: outputs.endpoint },
  credentials: { sessionToken: "", ...credentials },
  timeoutMilliseconds: 5_000,
});

/** The reader's session of a family as the function `issue` gets it, on one target. */
async function readerOf(
  t: TestContext,
  plane: LocalPlane,
  family: string,
  target: string,
): Promise<ClientSettings> {
  const { actions } = await publishedPolicy(plane);
  const governed = actions.find(({ action }) => action.startsWith(`${family}:`));
  assert.ok(governed, `no action of ${family} is opened`);
  const { sts } = plane.as(await functionRole(t, plane, "vai-local-issue"));
  const { region } = plane.outputs;
  const reader = readerCredentialsBy(
    sts,
    { targets: { [family]: [target] }, targetKeys: {} },
    Date.now,
    region,
  );
  return settingsOf(plane, await reader(governed.readerRoleArn, family));
}

const instanceArn = ({ outputs }: LocalPlane, id: string): string =>
  `arn:aws:ec2:${outputs.region}:${outputs.account}:instance/${id}`;
const serviceArn = ({ outputs }: LocalPlane): string => {
  const { cluster, name } = outputs.samples.service;
  return `arn:aws:ecs:${outputs.region}:${outputs.account}:service/${cluster}/${name}`;
};

const required = (action: string): ActionDescriptor => descriptorOf(action) ?? assert.fail(action);
const asking = (
  action: string,
  resource: string,
  parameters: Operation["parameters"] = {},
): Operation => ({
  ...{ action, resource, parameters },
});

/** Read, call, read back, as the plane does it; the sessions have what it would give them. */
async function run(operation: Operation, reader: ClientSettings, issued: ClientSettings) {
  const descriptor = required(operation.action);
  const read = (await descriptor.preRead?.(operation, reader)) ?? assert.fail();
  const outcome = await descriptor.call(operation, read, issued);
  return { read, outcome, seen: await descriptor.readBack?.(operation, reader) };
}

async function stateOf({ deployer }: LocalPlane, id: string): Promise<string | undefined> {
  const command = new DescribeInstancesCommand({ InstanceIds: [id] });
  const { Reservations = [] } = await deployer.ec2.send(command);
  return Reservations[0]?.Instances?.[0]?.State?.Name;
}

test("VAI-78 VAI-42 ec2:StopInstances and StartInstances on one instance, by the deployed roles", async (t) => {
  const plane = await localPlane();
  const [own = "", other = ""] = plane.outputs.samples.instances;
  const start = new StartInstancesCommand({ InstanceIds: [own, other] });
  await plane.deployer.ec2.send(start);
  t.after(() => plane.deployer.ec2.send(start));
  const target = instanceArn(plane, own);
  const reader = await readerOf(t, plane, "ec2", target);
  for (const [action, before, after] of [
    ["ec2:StopInstances", "running", "stopped"],
    ["ec2:StartInstances", "stopped", "running"],
  ] as const) {
    const sessions = await sessionsOfDeployed(t, plane, action);
    const policy = await policyOf(plane, { action, target, parameters: {} });
    const issued = settingsOf(plane, await sessions.session(policy));
    const done = await run(asking(action, target), reader, issued);
    assert.deepEqual(done.read, { facts: { state: before } });
    assert.deepEqual(done.outcome, { status: "succeeded" });
    assert.deepEqual(done.seen, { matches: true, observed: { state: after } });
    assert.equal(await stateOf(plane, other), "running");

    const beyond = await required(action).call(
      asking(action, instanceArn(plane, other)),
      { facts: { state: "running" } },
      issued,
    );
    const error = { name: "UnauthorizedOperation", kind: "denied" };
    assert.deepEqual(beyond, { status: "failed", error });
  }
});

test("VAI-78 ec2:TerminateInstances ends one instance, once; afterwards nothing is called on it", async (t) => {
  const plane = await localPlane();
  const run1 = new RunInstancesCommand({ ImageId: "ami-1", MinCount: 2, MaxCount: 2 });
  const { Instances = [] } = await plane.deployer.ec2.send(run1);
  const [own = "", other = ""] = Instances.map(({ InstanceId = "" }) => InstanceId);
  const [target, action] = [instanceArn(plane, own), "ec2:TerminateInstances"];
  const reader = await readerOf(t, plane, "ec2", target);
  const policy = await policyOf(plane, { action, target, parameters: {} });
  const { session } = await sessionsOfEverything(t, plane);
  const issued = settingsOf(plane, await session(policy));

  const first = await run(asking(action, target), reader, issued);
  assert.deepEqual(first.outcome, { status: "succeeded" });
  assert.deepEqual(first.seen, { matches: true, observed: { state: "terminated" } });
  assert.equal(await stateOf(plane, other), "running");
  const error = { name: "InstanceTerminated", kind: "precondition" };
  for (const again of [action, "ec2:StartInstances", "ec2:StopInstances"]) {
    const { outcome } = await run(asking(again, target), reader, issued);
    assert.deepEqual(outcome, { status: "failed", error });
  }
  const absent = asking(action, instanceArn(plane, "i-00000000000000000"));
  const { outcome } = await run(absent, reader, issued);
  assert.equal(outcome.status === "failed" && outcome.error.kind, "notFound");
});

test("VAI-78 VAI-42 ecs:UpdateService sets the count of one service, by the deployed roles", async (t) => {
  const plane = await localPlane();
  const { cluster, name } = plane.outputs.samples.service;
  const [target, action, parameters] = [
    serviceArn(plane),
    "ecs:UpdateService",
    { desiredCount: 3 },
  ];
  const describe = async () => {
    const command = new DescribeServicesCommand({ cluster, services: [name] });
    return (await plane.deployer.ecs.send(command)).services?.[0];
  };
  const before = await describe();
  const { desiredCount } = before ?? {};
  const restore = new UpdateServiceCommand({ cluster, service: name, desiredCount });
  t.after(() => plane.deployer.ecs.send(restore));

  const reader = await readerOf(t, plane, "ecs", target);
  const sessions = await sessionsOfDeployed(t, plane, action);
  const policy = await policyOf(plane, { action, target, parameters });
  const issued = settingsOf(plane, await sessions.session(policy));
  const done = await run(asking(action, target, parameters), reader, issued);
  assert.deepEqual(done.read, { facts: { desiredCount: String(desiredCount) } });
  assert.deepEqual(done.outcome, { status: "succeeded" });
  assert.deepEqual(done.seen, { matches: true, observed: { status: "ACTIVE", desiredCount: 3 } });
  const after = await describe();
  assert.equal(after?.desiredCount, 3);
  assert.equal(after?.taskDefinition, before?.taskDefinition, "nothing else changes");

  const elsewhere = asking(action, `${target}2`, parameters);
  const beyond = await required(action).call(elsewhere, done.read, issued);
  assert.equal(beyond.status === "failed" && beyond.error.kind, "denied");
  const missing = await required(action)
    .preRead?.(elsewhere, reader)
    .catch((fault) => fault.code);
  assert.equal(missing, "DEPENDENCY_UNAVAILABLE", "the reader sees its targets only");
});

/** Each read of the table on a sample, and what the sample's answer has at a path. */
const readsOf = (plane: LocalPlane): Record<string, [TargetReadRequest, string[], unknown]> => {
  const { samples, account, region } = plane.outputs;
  const [own = ""] = samples.instances;
  return {
    "lambda:GetAlias": [
      { resource: functionArn(plane), parameters: { alias: "live" } },
      ["Name"],
      "live",
    ],
    "dynamodb:GetItem": [
      { resource: tableArn(plane), parameters: { "key/pk": "assumed" } },
      ["Item", "weight", "N"],
      "1",
    ],
    "ssm:GetParameter": [
      {
        resource: `arn:aws:ssm:${region}:${account}:parameter/${samples.parameter.replace(/^\//, "")}`,
        parameters: {},
      },
      ["Parameter", "Type"],
      "String",
    ],
    "s3:HeadObject": [
      { resource: `arn:aws:s3:::${samples.bucket}/assumed`, parameters: {} },
      ["ContentLength"],
      3,
    ],
    "ec2:DescribeInstances": [
      { resource: instanceArn(plane, own), parameters: {} },
      ["Reservations", "0", "Instances", "0", "State", "Name"],
      "running",
    ],
    "ecs:DescribeServices": [
      { resource: serviceArn(plane), parameters: {} },
      ["services", "0", "status"],
      "ACTIVE",
    ],
  };
};

test("VAI-31 every read of an assumption, by its deployed reader role, which can do no more", async (t) => {
  const plane = await localPlane();
  await seedItem(plane, "assumed");
  const { bucket: Bucket } = plane.outputs.samples;
  const put = new PutObjectCommand({ Bucket, Key: "assumed", Body: "abc" });
  await plane.deployer.s3.send(put);
  const [own = ""] = plane.outputs.samples.instances;
  await plane.deployer.ec2.send(new StartInstancesCommand({ InstanceIds: [own] }));
  const cases = readsOf(plane);
  assert.deepEqual(Object.keys(cases).sort(), READS.map(({ read }) => read).sort());
  for (const [name, [request, path, expected]] of Object.entries(cases)) {
    const read = readOf(name) ?? assert.fail(name);
    const settings = await readerOf(t, plane, read.family, request.resource);
    const answer = await read.fetch(request, settings);
    const value = path.reduce<unknown>(
      (inner, member) => (inner as Record<string, unknown>)[member],
      answer,
    );
    assert.equal(value, expected, `${name}: ${JSON.stringify(answer)}`);
    const raw = plane.as(settings.credentials);
    await allDenied({
      [`${name}: a write`]: raw.s3.send(put),
      [`${name}: another write`]: raw.ecs.send(
        new UpdateServiceCommand({ cluster: "sample-cluster", service: "sample-worker" }),
      ),
    });
    const stop = raw.ec2.send(new StopInstancesCommand({ InstanceIds: [own] }));
    await assert.rejects(stop, { name: "UnauthorizedOperation" }, name);
  }
});
