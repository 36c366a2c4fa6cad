import { randomUUID } from "node:crypto";
import { contractDraft, type SignedContract } from "../../../lib/client/contract.ts";
import { contractDigest, executeEvent, issueEvent } from "../../../lib/client/request.ts";
import type { Answer } from "../../../lib/enforcement/answer.ts";
import { granted } from "./agent.ts";
import { functionArn, keyOf, paymentsArn, signDraft, tableArn } from "./contracts.ts";
import type { LocalPlane } from "./plane.ts";

/** One bounded call. */
export interface BoundedOperation {
  readonly action: string;
  readonly resource: string;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
}

type Event = Readonly<Record<string, unknown>>;

/** How an event reaches a function of the plane: by Invoke, by its URL. */
export type Call = (name: "issue" | "execute", event: Event) => Promise<Answer>;

/** One operation of each action of the catalogue on its sample; those on instances, on each of them. */
export function everyOperation(plane: LocalPlane, item: string): BoundedOperation[] {
  const { region, account, samples } = plane.outputs;
  const on = (service: string, resource: string) =>
    `arn:aws:${service}:${region}:${account}:${resource}`;
  const { bucket, parameter, instances, service, newVersion: version } = samples;
  const instance = (action: string) =>
    instances.map((id) => ({
      ...{ action, resource: on("ec2", `instance/${id}`), parameters: {} },
    }));
  return [
    {
      ...{ action: "dynamodb:UpdateItem", resource: tableArn(plane) },
      parameters: { "key/pk": item, "set/weight": 10 },
    },
    {
      ...{ action: "lambda:UpdateAlias", resource: functionArn(plane) },
      parameters: { alias: "live", version, percent: 10 },
    },
    {
      ...{ action: "lambda:InvokeFunction", resource: paymentsArn(plane) },
      parameters: { "payload/clientToken": item, "payload/amount": 10 },
    },
    {
      ...{ action: "s3:PutObject", resource: `arn:aws:s3:::${bucket}/${item}` },
      parameters: { body: "{}", overwrite: true },
    },
    {
      ...{ action: "ssm:PutParameter", resource: on("ssm", `parameter/${parameter}`) },
      parameters: { value: "7" },
    },
    {
      action: "ecs:UpdateService",
      resource: on("ecs", `service/${service.cluster}/${service.name}`),
      parameters: { desiredCount: 1 },
    },
    ...["ec2:StopInstances", "ec2:StartInstances", "ec2:TerminateInstances"].flatMap(instance),
  ];
}

/** A contract over exactly this operation, twice. */
export function signOperation(
  plane: LocalPlane,
  { action, resource, parameters }: BoundedOperation,
): SignedContract {
  const exactly = Object.entries(parameters).map(([name, exact]) => [name, { exact }]);
  const draft = contractDraft.parse({
    purpose: `${action} on its sample`,
    actor: { id: "spiffe://example.org/agent/coordinator", kind: "agent" },
    risk: "LOW",
    deliveries: ["execute", "handle"],
    steps: [
      {
        ...{ type: "aws", id: "step", actions: [action], resources: [resource] },
        ...{ parameters: Object.fromEntries(exactly), limits: { calls: 2 } },
      },
    ],
    window: { seconds: 600 },
  });
  return signDraft(plane, draft);
}

const message = (plane: LocalPlane) => ({
  ...{ plane: plane.outputs.plane, idempotencyKey: randomUUID(), jti: randomUUID() },
  iat: Math.floor(Date.now() / 1000),
});

/** What asks `issue` to run the operation at once. */
export const askToRun = (
  plane: LocalPlane,
  { contract, proof }: SignedContract,
  operation: BoundedOperation,
): Event =>
  issueEvent(
    { ...message(plane), contract, proof, step: "step", operation },
    keyOf(plane, "agent"),
  );

/** Asks for the operation at `issue`, which runs it at once. */
export const runAtIssue = (
  plane: LocalPlane,
  call: Call,
  signed: SignedContract,
  operation: BoundedOperation,
): Promise<Answer> => call("issue", askToRun(plane, signed, operation));

/** Asks for a handle and redeems it at `execute`. */
export async function runByHandle(
  plane: LocalPlane,
  call: Call,
  { contract, proof }: SignedContract,
  operation: BoundedOperation,
): Promise<Answer> {
  const key = keyOf(plane, "agent");
  const asked = { contract, proof, step: "step", delivery: "handle", operation } as const;
  const { handle = "" } = granted(
    await call("issue", issueEvent({ ...message(plane), ...asked }, key)),
  );
  const redemption = { handle, contractDigest: contractDigest(contract), operation };
  return call("execute", executeEvent({ ...message(plane), ...redemption }, key));
}
