import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { contractDraft } from "../../../lib/client/contract.ts";
import { issueEvent } from "../../../lib/client/request.ts";
import type { Answer } from "../../../lib/enforcement/answer.ts";
import { CANARY } from "../canary.ts";
import { granted, invoke, refused } from "./agent.ts";
import { functionArn, keyOf, paymentsArn, signDraft, tableArn } from "./contracts.ts";
import { verifiedChain } from "./evidence.ts";
import type { LocalPlane } from "./plane.ts";

type Parameters = Readonly<Record<string, string | number | boolean>>;

/** One action on a sample, and what a contract may suppose of it. */
export interface Case {
  readonly resource: string;
  readonly parameters: Parameters;
  /** What the contract supposes of the target before, and what is not so. */
  readonly read: string;
  readonly readParameters?: Parameters;
  readonly path: string;
  readonly holds: object;
  readonly differs: object;
  /** Of what is looked at, if it is not the target itself. */
  readonly looksAt?: string;
  /** Whether nobody can see what it did, so that no contract can promise it. */
  readonly isUnseen?: true;
}

/** A case for each action of the catalogue. */
export function casesOf(plane: LocalPlane): Readonly<Record<string, Case>> {
  const { account, region, samples } = plane.outputs;
  const [stopped, terminated] = samples.instances;
  const instance = (id = "") => `arn:aws:ec2:${region}:${account}:instance/${id}`;
  const state = {
    read: "ec2:DescribeInstances",
    path: "/Reservations/0/Instances/0/State/Name",
    differs: { exact: "no-such-state" },
  };
  const object = `arn:aws:s3:::${samples.bucket}/every-action-${randomUUID()}.txt`;
  return {
    "dynamodb:UpdateItem": {
      ...{ resource: tableArn(plane), parameters: { "key/pk": "every-action", "set/weight": 9 } },
      ...{ read: "dynamodb:GetItem", readParameters: { "key/pk": "every-action" } },
      ...{ path: "/Item/weight/N", holds: { exact: "1" }, differs: { exact: "2" } },
    },
    "lambda:UpdateAlias": {
      resource: functionArn(plane),
      parameters: { alias: "live", version: samples.newVersion, percent: 5 },
      ...{ read: "lambda:GetAlias", readParameters: { alias: "live" } },
      ...{ path: "/FunctionVersion", holds: { exact: "1" }, differs: { exact: "9" } },
    },
    "lambda:InvokeFunction": {
      ...{ resource: paymentsArn(plane), isUnseen: true },
      parameters: { "payload/clientToken": `every-action-${randomUUID()}`, "payload/amount": 5 },
      // Of a function with its qualifier nothing is read, so the read looks at another one.
      ...{
        looksAt: functionArn(plane),
        read: "lambda:GetAlias",
        readParameters: { alias: "live" },
      },
      ...{ path: "/FunctionVersion", holds: { exact: "1" }, differs: { exact: "9" } },
    },
    "s3:PutObject": {
      ...{ resource: object, parameters: { body: CANARY, contentType: "text/plain" } },
      // What is to be made is not there yet, so the read looks at what the deployer put beside it.
      looksAt: `arn:aws:s3:::${samples.bucket}/every-action.txt`,
      ...{ read: "s3:HeadObject", path: "/ContentLength" },
      ...{ holds: { exact: 5 }, differs: { exact: 6 } },
    },
    "ssm:PutParameter": {
      resource: `arn:aws:ssm:${region}:${account}:parameter/${samples.parameter.replace(/^\//, "")}`,
      parameters: { value: CANARY },
      ...{ read: "ssm:GetParameter", path: "/Parameter/Type" },
      ...{ holds: { exact: "String" }, differs: { exact: "SecureString" } },
    },
    "ec2:StopInstances": {
      ...{ ...state, resource: instance(stopped), parameters: {}, holds: { exact: "running" } },
    },
    "ec2:StartInstances": {
      ...{ ...state, resource: instance(stopped), parameters: {}, holds: { exact: "stopped" } },
    },
    "ecs:UpdateService": {
      resource: `arn:aws:ecs:${region}:${account}:service/${samples.service.cluster}/${samples.service.name}`,
      parameters: { desiredCount: 1 },
      ...{ read: "ecs:DescribeServices", path: "/services/0/status" },
      ...{ holds: { exact: "ACTIVE" }, differs: { exact: "DRAINING" } },
    },
    "ec2:TerminateInstances": {
      ...{ ...state, resource: instance(terminated), parameters: {} },
      holds: { oneOf: ["running", "stopped"] },
    },
  };
}

/** Asks for one action under a contract of its own, in class LOW as the local trust policy has it. */
export function ask(
  plane: LocalPlane,
  action: string,
  each: Case,
  expect: object,
): Promise<Answer> {
  const { resource, parameters, read, readParameters = {}, path, looksAt = resource } = each;
  const seen = [{ kind: "readBack", name: "effect", dueSeconds: 60 }];
  const bounds = Object.entries(parameters).map(([name, value]) => [
    name,
    value === CANARY ? { prefix: CANARY.slice(0, 7) } : { exact: value },
  ]);
  const draft = contractDraft.parse({
    purpose: `run ${action} once`,
    actor: { id: "spiffe://example.org/agent/coordinator", kind: "agent" },
    risk: "LOW",
    steps: [
      {
        ...{ type: "aws", id: "only", actions: [action], resources: [resource] },
        parameters: Object.fromEntries(bounds),
      },
    ],
    assumptions: [
      {
        ...{ name: "as-supposed", read, resource: looksAt, parameters: readParameters, path },
        ...{ expect, maxAgeSeconds: 60, recheck: true },
      },
    ],
    obligations: each.isUnseen ? [] : seen,
    window: { seconds: 300 },
  });
  const { contract, proof } = signDraft(plane, draft);
  const message = { idempotencyKey: randomUUID(), jti: randomUUID() };
  const event = issueEvent(
    {
      ...{ ...message, plane: plane.outputs.plane, contract, proof, step: "only" },
      operation: { action, resource, parameters },
      iat: Math.floor(Date.now() / 1000),
    },
    keyOf(plane, "agent"),
  );
  return invoke(plane, event);
}

/** Refused when the world differs, run and read back, if it can be, when it does not. */
export async function runsAsSupposed(plane: LocalPlane, action: string): Promise<void> {
  const each = casesOf(plane)[action];
  assert.ok(each);
  refused(await ask(plane, action, each, each.differs), "CONTEXT_CHANGED");
  const { outcome, identity, evidence } = granted(await ask(plane, action, each, each.holds));
  assert.equal(outcome?.status, "succeeded", JSON.stringify(outcome));
  assert.equal(outcome?.readBack?.matches, each.isUnseen ? undefined : true);
  assert.deepEqual(outcome?.obligations, each.isUnseen ? [] : [{ name: "effect", met: true }]);
  assert.equal(identity.state, "COMPLETED");
  const records = await verifiedChain(plane, evidence.chainId);
  assert.ok(records.some(({ event }) => event.type === "ContextRechecked"));
}
