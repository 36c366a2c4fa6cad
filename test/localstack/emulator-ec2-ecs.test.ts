import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DescribeTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  DescribeInstancesCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { CreateUserCommand } from "@aws-sdk/client-iam";
import { DeleteFunctionCommand, GetFunctionCommand } from "@aws-sdk/client-lambda";
import {
  allow,
  assume,
  denied,
  document,
  makeRole,
  type RunningEmulator,
  startEmulator,
} from "./support/emulator.ts";

const ACCOUNT = "000000000000";
const REGION = "us-east-1";
const instanceArn = (id: string) => `arn:aws:ec2:${REGION}:${ACCOUNT}:instance/${id}`;
const serviceArn = (cluster: string, name: string) =>
  `arn:aws:ecs:${REGION}:${ACCOUNT}:service/${cluster}/${name}`;

let emulator: RunningEmulator;
let admin: RunningEmulator["deployer"];
let mine: string;
let other: string;

before(async () => {
  emulator = await startEmulator();
  admin = emulator.deployer;
  const run = { ImageId: "ami-1", MinCount: 2, MaxCount: 2 };
  const { Instances = [] } = await admin.ec2.send(new RunInstancesCommand(run));
  [mine = "", other = ""] = Instances.map(({ InstanceId = "" }) => InstanceId);
  const containerDefinitions = [{ name: "c", image: "i", memory: 16 }];
  const task = { family: "task", containerDefinitions };
  await admin.ecs.send(new RegisterTaskDefinitionCommand(task));
  for (const cluster of ["shop", "depot"]) {
    await admin.ecs.send(new CreateClusterCommand({ clusterName: cluster }));
    for (const serviceName of ["checkout", "payroll"]) {
      const service = { cluster, serviceName, taskDefinition: "task", desiredCount: 0 };
      await admin.ecs.send(new CreateServiceCommand(service));
    }
  }
});

after(() => emulator?.stop());

/** Clients of a session whose role may do everything and whose session policy says these. */
async function under(...statements: object[]) {
  const { arn } = await makeRole(emulator, [allow("*", "*")]);
  return (await assume(emulator, arn, { Policy: document(...statements) })).clients;
}

/** As closed session policies are: an Allow, and Denies of all else. */
const closed = (Action: string, Resource: string) => [
  allow(Action, Resource),
  { Effect: "Deny", NotAction: Action, Resource: "*" },
  { Effect: "Deny", Action: "*", NotResource: Resource },
];

async function stateOf(id: string): Promise<string | undefined> {
  const command = new DescribeInstancesCommand({ InstanceIds: [id] });
  const { Reservations = [] } = await admin.ec2.send(command);
  return Reservations[0]?.Instances?.[0]?.State?.Name;
}

const stop = (...InstanceIds: string[]) => new StopInstancesCommand({ InstanceIds });
const start = (...InstanceIds: string[]) => new StartInstancesCommand({ InstanceIds });

test("VAI-42 an instance is stopped and started under its ARN; no other, and not several at once", async () => {
  for (const statements of [
    [allow("ec2:StopInstances", instanceArn(mine))],
    closed("ec2:StopInstances", instanceArn(mine)),
  ]) {
    await admin.ec2.send(start(mine, other));
    const { ec2 } = await under(...statements);
    await denied(ec2.send(stop(other)), "another instance");
    await denied(ec2.send(stop(mine, other)), "the allowed one first");
    await denied(ec2.send(stop(other, mine)), "the allowed one last");
    await denied(ec2.send(start(mine)), "another action");
    const end = new TerminateInstancesCommand({ InstanceIds: [mine] });
    await denied(ec2.send(end), "for ever");
    assert.deepEqual([await stateOf(mine), await stateOf(other)], ["running", "running"]);
    await ec2.send(stop(mine));
    assert.deepEqual([await stateOf(mine), await stateOf(other)], ["stopped", "running"]);
  }
});

test("a dry run of EC2 says whether the call would be allowed, and does not make it", async () => {
  await admin.ec2.send(start(mine));
  const { ec2 } = await under(allow("ec2:TerminateInstances", instanceArn(mine)));
  const end = (id: string) => new TerminateInstancesCommand({ InstanceIds: [id], DryRun: true });
  await denied(ec2.send(end(other)), "another instance");
  await assert.rejects(ec2.send(end(mine)), { name: "DryRunOperation" });
  assert.equal(await stateOf(mine), "running");
});

test("several instances at once need every one of them", async () => {
  await admin.ec2.send(start(mine, other));
  const both = [instanceArn(mine), instanceArn(other)];
  const { ec2 } = await under(allow("ec2:StopInstances", both));
  await ec2.send(stop(mine, other));
  assert.deepEqual([await stateOf(mine), await stateOf(other)], ["stopped", "stopped"]);
});

test("ec2:DescribeInstances knows no instance: it is allowed on * or not at all", async () => {
  const ask = new DescribeInstancesCommand({ InstanceIds: [mine] });
  const anywhere = await under(allow("ec2:DescribeInstances", "*"));
  const { Reservations = [] } = await anywhere.ec2.send(ask);
  assert.equal(Reservations[0]?.Instances?.[0]?.InstanceId, mine);
  const bounded = await under(allow("ec2:DescribeInstances", instanceArn(mine)));
  await denied(bounded.ec2.send(ask), "an ARN that AWS does not compare");
  const excepted = await under(allow("ec2:DescribeInstances", "*"), {
    ...{ Effect: "Deny", Action: "*", NotResource: instanceArn(mine) },
  });
  await denied(excepted.ec2.send(ask), "* is not that instance");
});

const scale = (cluster: string, service: string, desiredCount = 1) =>
  new UpdateServiceCommand({ cluster, service, desiredCount });

test("VAI-42 a service is scaled under its ARN; no other service, cluster or action", async () => {
  for (const statements of [
    [allow("ecs:UpdateService", serviceArn("shop", "checkout"))],
    closed("ecs:UpdateService", serviceArn("shop", "checkout")),
  ]) {
    const { ecs } = await under(...statements);
    await ecs.send(scale("shop", "checkout"));
    await ecs.send(scale(`arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/shop`, "checkout", 0));
    await ecs.send(scale("shop", serviceArn("shop", "checkout"), 0));
    await denied(ecs.send(scale("shop", "payroll")), "another service of the cluster");
    await denied(ecs.send(scale("depot", "checkout")), "the same name in another cluster");
    await denied(ecs.send(scale("shop", serviceArn("shop", "payroll"))), "another one by its ARN");
    await denied(ecs.send(scale("shop", serviceArn("depot", "checkout"))), "by ARN elsewhere");
    const services = ["checkout"];
    await denied(ecs.send(new DescribeServicesCommand({ cluster: "shop", services })), "a read");
  }
  const { ecs } = await under(allow("ecs:UpdateService", `${serviceArn("shop", "checkout")}/*`));
  await denied(ecs.send(scale("shop", "checkout")), "the cluster's ARN is not what is checked");
});

test("services that are described together need every one of them", async () => {
  const describe = (...services: string[]) =>
    new DescribeServicesCommand({ cluster: "shop", services });
  const { ecs } = await under(allow("ecs:DescribeServices", serviceArn("shop", "checkout")));
  const { services = [] } = await ecs.send(describe("checkout"));
  assert.equal(services[0]?.serviceArn, serviceArn("shop", "checkout"));
  await denied(ecs.send(describe("checkout", "payroll")));
  await denied(ecs.send(describe("payroll", "checkout")));
});

// Two answers to "which operation is this?" would be a way around every policy above.

/** What of a signed request these tests change. */
interface Wire {
  query: Record<string, string>;
  headers: Record<string, string>;
  body?: Uint8Array | string;
}

type Change = (request: Wire) => void;
type Handler = (args: { readonly request: Wire }) => unknown;

/** The same client, whose requests are changed before they are signed. */
function changing<T extends { readonly middlewareStack: unknown }>(client: T, change: Change): T {
  const stack = client.middlewareStack as {
    add(middleware: (next: Handler) => Handler, options: object): void;
  };
  const middleware =
    (next: Handler): Handler =>
    (args) => {
      change(args.request);
      return next(args);
    };
  stack.add(middleware, { step: "build", priority: "low" });
  return client;
}

const naming =
  (query: Record<string, string>): Change =>
  (request) =>
    Object.assign(request.query, query);

test("ADV-26 the query string cannot rename what the body asks for", async () => {
  await admin.ec2.send(start(mine, other));
  const read = await under(allow("ec2:DescribeInstances", "*"));
  const reader = changing(read.ec2, naming({ Action: "DescribeInstances" }));
  await denied(reader.send(stop(mine)), "an action under another name");
  const one = await under(allow("ec2:StopInstances", instanceArn(mine)));
  const stopper = changing(one.ec2, naming({ "InstanceId.1": mine }));
  await denied(stopper.send(stop(other)), "an instance under another id");
  assert.deepEqual([await stateOf(mine), await stateOf(other)], ["running", "running"]);

  const nobody = await under(allow("ec2:DescribeInstances", "*"));
  const asking = naming({ Action: "GetCallerIdentity" });
  await denied(changing(nobody.iam, asking).send(new CreateUserCommand({ UserName: "eve" })));
});

test("ADV-26 the query string names no action where the protocol has another place for it", async () => {
  const read = await under(allow(["dynamodb:ListTables", "lambda:InvokeFunction"], "*"));
  const table: DynamoDBClient = changing(read.dynamoDb, naming({ Action: "ListTables" }));
  await denied(table.send(new DescribeTableCommand({ TableName: "any" })), "a target header");
  const invoke = naming({ Action: "InvokeFunction" });
  const lambda = changing(read.lambda, invoke);
  await denied(lambda.send(new GetFunctionCommand({ FunctionName: "any" })), "a path");
  await denied(lambda.send(new DeleteFunctionCommand({ FunctionName: "any" })), "method and path");
});

test("ADV-26 a service that is named twice is checked twice", async () => {
  const { ecs } = await under(allow("ecs:UpdateService", serviceArn("shop", "checkout")));
  const twice: Change = (request) => {
    const sent = request.body as Uint8Array;
    const body = JSON.parse(new TextDecoder().decode(sent));
    request.body = JSON.stringify({ ...body, services: ["checkout"] });
    request.headers["content-length"] = String(request.body.length);
  };
  await denied(changing(ecs, twice).send(scale("shop", "payroll")));
});
