import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { deliveryKey, openCredentials } from "../../../lib/client/credentials.ts";
import { issueEvent } from "../../../lib/client/request.ts";
import { signJws } from "../../../lib/encoding/jws.ts";
import type { CommandAnswer } from "../../../lib/enforcement/commands/command.ts";
import type { AwsCredentials } from "../../../localstack/machine/start-processes.ts";
import { granted, invoke } from "../../support/local/agent.ts";
import { keyOf, tableArn } from "../../support/local/contracts.ts";
import type { LocalPlane } from "../../support/local/plane.ts";
import { signScope } from "../../support/local/sessions.ts";
import { seedItem } from "../../support/local/targets.ts";
import { fixed, type Line, percentile } from "../measure.ts";
import { benchPlane, progress } from "../plane.ts";

const REVOKED = 20;

/** Time to deny, by the points that a command names and by IAM's own refusal, on the local AWS (VAI-121). */
export async function measureTimeToDeny(): Promise<Line[]> {
  const plane = await benchPlane();
  const item = `bench-${randomUUID().slice(0, 8)}`;
  await seedItem(plane, item);
  progress(`revoking ${REVOKED} delivered credentials`);
  const times = new Map<string, number[]>();
  for (let turn = 0; turn < REVOKED; turn++) {
    for (const [point, milliseconds] of await denied(plane, item)) {
      times.set(point, [...(times.get(point) ?? []), milliseconds]);
    }
  }
  return [...times].map(([point, all]) => ({
    name: `time to deny delivered credentials, local AWS: ${point}`,
    value: `p50 ${fixed(percentile(all, 0.5), 0)} ms, p99 ${fixed(percentile(all, 0.99), 0)} ms`,
    how: `${all.length} revocations one after the other; the emulator applies a policy at once, AWS promises no time`,
  }));
}

/** Revokes credentials that work; milliseconds to each point, and until IAM refused them. */
async function denied(plane: LocalPlane, item: string): Promise<[string, number][]> {
  const { identityId, credentials } = await delivered(plane);
  await write(plane, credentials, item);
  const started = performance.now();
  const { points } = await revoke(plane, identityId);
  while (!(await isDenied(plane, credentials, item)));
  const reached = points.flatMap(({ point, requestedAt, acknowledgedAt }): [string, number][] =>
    acknowledgedAt === undefined
      ? []
      : [[`point ${point}`, Date.parse(acknowledgedAt) - Date.parse(requestedAt)]],
  );
  return [...reached, ["from the command until IAM refuses them", performance.now() - started]];
}

interface Delivered {
  readonly identityId: string;
  readonly credentials: AwsCredentials;
}

async function delivered(plane: LocalPlane): Promise<Delivered> {
  const scope = { action: "dynamodb:UpdateItem", target: tableArn(plane) };
  const { contract, proof } = signScope(plane, scope);
  const { deliverTo, privateKey } = deliveryKey();
  const asked = {
    ...{ plane: plane.outputs.plane, contract, proof, step: "step" },
    ...({ delivery: "credentials", deliverTo } as const),
    ...{ idempotencyKey: randomUUID(), jti: randomUUID(), iat: seconds() },
  };
  const answer = granted(await invoke(plane, issueEvent(asked, keyOf(plane, "agent"))));
  const credentials = await openCredentials(answer.credentials ?? "", privateKey);
  return { identityId: answer.identity.identityId, credentials };
}

const seconds = (): number => Math.floor(Date.now() / 1000);

async function revoke(plane: LocalPlane, identityId: string): Promise<CommandAnswer> {
  const claims = {
    ...{ iss: plane.outputs.names.operator, aud: plane.outputs.plane, jti: randomUUID() },
    ...{ iat: seconds(), exp: seconds() + 300, reason: "measured" },
    ...{ do: "revokeIdentity", identityId },
  };
  const command = signJws("vai-command+jwt", claims, keyOf(plane, "operator"));
  const { Payload } = await plane.deployer.lambda.send(
    new InvokeCommand({
      FunctionName: plane.outputs.functions.revoke,
      Payload: JSON.stringify({ command }),
    }),
  );
  const answer = JSON.parse(Buffer.from(Payload ?? []).toString("utf8")) as CommandAnswer;
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  return answer;
}

const write = (plane: LocalPlane, credentials: AwsCredentials, item: string) =>
  plane.as(credentials).dynamoDb.send(
    new UpdateItemCommand({
      TableName: plane.outputs.samples.table,
      Key: { pk: { S: item } },
      UpdateExpression: "SET weight = :weight",
      ExpressionAttributeValues: { ":weight": { N: "7" } },
    }),
  );

const isDenied = (plane: LocalPlane, credentials: AwsCredentials, item: string): Promise<boolean> =>
  write(plane, credentials, item).then(
    () => false,
    (error: Error) => {
      if (/AccessDenied/.test(error.name)) return true;
      throw error;
    },
  );
