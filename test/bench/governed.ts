import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { GetItemCommand, PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { CreateRoleCommand, GetUserCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { clientsFor } from "../../localstack/clients.ts";
import { startLocalAws } from "../../localstack/local-aws.ts";
import { REPOSITORY_ROOT } from "../../localstack/paths.ts";
import { invoke, invokeExecute, redemptionEvent, settingEvent } from "../support/local-agent.ts";
import { settingDraft, signDraft, tableArn } from "../support/local-contracts.ts";
import type { LocalPlane } from "../support/local-plane.ts";
import { fixed, type Line, median } from "./measure.ts";
import { processesOf, type Usage } from "./processes.ts";

const STATE = join(REPOSITORY_ROOT, "localstack", ".state-bench");
const ITEM = "bench";
const ALONE = 40;
const IN_FLIGHT = 8;

/** One governed action through the deployed function, beside what anybody does without governance. */
export async function measureGoverned(): Promise<Line[]> {
  const aws = await startLocalAws({ stateDir: STATE });
  try {
    const { outputs, outputsFile, endpoint } = aws;
    const as: LocalPlane["as"] = (credentials) => clientsFor({ endpoint, credentials });
    const { deployer, agent, auditor } = outputs.credentials;
    const people = { deployer: as(deployer), agent: as(agent), auditor: as(auditor) };
    const control = (): never => {
      throw new Error("the bench injects nothing");
    };
    return await compare({ outputs, outputsFile, as, control, ...people });
  } finally {
    await aws.stop();
    rmSync(STATE, { recursive: true, force: true });
  }
}

async function compare(plane: LocalPlane): Promise<Line[]> {
  const key = {
    TableName: plane.outputs.samples.table,
    Item: { pk: { S: ITEM }, weight: { N: "0" } },
  };
  await plane.deployer.dynamoDb.send(new PutItemCommand(key));
  const governed = governedAction(plane);
  const bare = await bareAction(plane);
  for (let warm = 0; warm < IN_FLIGHT; warm++) await Promise.all([governed(), bare()]);
  await together(governed, IN_FLIGHT * 2);
  const alone: [number[], number[]] = [[], []];
  for (let turn = 0; turn < ALONE; turn++) {
    alone[0].push(await timed(governed));
    alone[1].push(await timed(bare));
  }
  const own = median(alone[0]);
  const theirs = median(alone[1]);
  const before = processesOf(plane.outputs.functions.issue);
  const busy = [await together(governed, 64), await together(bare, 64)] as const;
  const held = handledAction(plane);
  await held();
  const redeemed = median(await inTurns(ALONE / 2, held));
  const how = `dynamodb:UpdateItem; bare: AssumeRole with the same kind of session policy, UpdateItem, GetItem; same local AWS, in turns`;
  return [
    {
      name: "one governed action against the bare one, alone, wall time",
      value: `${fixed(own / theirs)} times (${fixed(own, 0)} ms against ${fixed(theirs, 0)} ms)`,
      how: `medians of ${ALONE}; ${how}`,
    },
    {
      name: `governed actions against bare ones, ${IN_FLIGHT} in flight, wall time per action`,
      value: `${fixed(busy[0] / busy[1])} times (${fixed(busy[0], 0)} ms against ${fixed(busy[1], 0)} ms)`,
      how: `64 actions each; ${how}; client, functions and emulator share this machine's cores`,
    },
    {
      name: "one governed action as handle and execute against the bare one, alone, wall time",
      value: `${fixed(redeemed / theirs)} times (${fixed(redeemed, 0)} ms against ${fixed(theirs, 0)} ms)`,
      how: `medians; two invocations of two functions; ${how}`,
    },
    ...processLines(before, processesOf(plane.outputs.functions.issue), 64),
  ];
}

/** What the deployed function's own processes took, its SDK and its HTTP included. */
function processLines(before: Usage[], after: Usage[], actions: number): Line[] {
  if (after.length === 0) return [];
  const cpu = (all: Usage[]) => all.reduce((sum, { cpuMilliseconds }) => sum + cpuMilliseconds, 0);
  const resident = Math.max(...after.map(({ residentMegabytes }) => residentMegabytes));
  return [
    {
      name: "resident memory of the largest process of the deployed issue function",
      value: `${fixed(resident, 0)} MB`,
      goal: "≤ 120 MB",
      met: resident <= 120,
      how: `VmRSS after all of this, ${after.length} processes`,
    },
    {
      name: "CPU time of the issue function's processes per governed action, SDK and HTTP included",
      value: `${fixed((cpu(after) - cpu(before)) / actions)} ms`,
      how: `user and system time from /proc over ${actions} actions, ${IN_FLIGHT} in flight`,
    },
  ];
}

async function inTurns(count: number, action: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let turn = 0; turn < count; turn++) times.push(await timed(action));
  return times;
}

async function timed(action: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

/** Milliseconds per action with so many in flight as the bench has. */
async function together(action: () => Promise<void>, count: number): Promise<number> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await action();
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return (performance.now() - started) / count;
}

/** Under a contract of its own each time; signing it is governance's time, yet it is measured too: it is small. */
function governedAction(plane: LocalPlane): () => Promise<void> {
  return async () => {
    const held = signDraft(plane, settingDraft(plane, ITEM));
    const answer = await invoke(plane, settingEvent(plane, held, ITEM));
    if (!answer.ok || answer.outcome?.status !== "succeeded")
      throw new Error(JSON.stringify(answer));
  };
}

/** The same with a handle that is issued first and then redeemed at `execute`. */
function handledAction(plane: LocalPlane): () => Promise<void> {
  return async () => {
    const draft = settingDraft(plane, ITEM, {}, { deliveries: ["handle"] });
    const held = signDraft(plane, draft);
    const issued = await invoke(plane, settingEvent(plane, held, ITEM, { delivery: "handle" }));
    if (!issued.ok || issued.handle === undefined) throw new Error(JSON.stringify(issued));
    const answer = await invokeExecute(plane, redemptionEvent(plane, held, issued.handle, ITEM));
    if (!answer.ok || answer.outcome?.status !== "succeeded")
      throw new Error(JSON.stringify(answer));
  };
}

/** A role that the deployer may assume, and the three calls that the governed action makes at its target. */
async function bareAction(plane: LocalPlane): Promise<() => Promise<void>> {
  const { iam, sts, dynamoDb } = plane.deployer;
  const RoleName = `bench-${randomUUID().slice(0, 8)}`;
  const { User } = await iam.send(new GetUserCommand({}));
  const allow = (parts: object) =>
    JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...parts }] });
  const trust = allow({ Principal: { AWS: User?.Arn }, Action: "sts:AssumeRole" });
  const policy = allow({ Action: "dynamodb:UpdateItem", Resource: tableArn(plane) });
  const role = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  await iam.send(
    new PutRolePolicyCommand({ RoleName, PolicyName: "bench", PolicyDocument: policy }),
  );
  const table = plane.outputs.samples.table;
  return async () => {
    const assume = {
      RoleArn: role.Role?.Arn,
      RoleSessionName: "bench",
      Policy: policy,
      DurationSeconds: 900,
    };
    const { Credentials } = await sts.send(new AssumeRoleCommand(assume));
    const session = plane.as({
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    });
    const Key = { pk: { S: ITEM } };
    await session.dynamoDb.send(
      new UpdateItemCommand({
        TableName: table,
        Key,
        UpdateExpression: "SET weight = :w",
        ExpressionAttributeValues: { ":w": { N: "1" } },
      }),
    );
    await dynamoDb.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }));
  };
}
