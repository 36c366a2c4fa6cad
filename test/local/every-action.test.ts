import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { READS } from "../../lib/actions/reads.ts";
import { contractDraft } from "../../lib/client/contract.ts";
import { issueEvent } from "../../lib/client/request.ts";
import type { Answer } from "../../lib/enforcement/answer.ts";
import { CANARY } from "../support/canary.ts";
import { granted, invoke, refused } from "../support/local-agent.ts";
import { functionArn, keyOf, signDraft, tableArn } from "../support/local-contracts.ts";
import { verifiedChain } from "../support/local-evidence.ts";
import { type LocalPlane, localPlane } from "../support/local-plane.ts";
import { resetRouting, seedItem } from "../support/local-targets.ts";

// Every action of the catalogue, asked of the deployed plane under a contract that supposes something of its target.

type Parameters = Readonly<Record<string, string | number | boolean>>;

interface Case {
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
}

function casesOf(plane: LocalPlane): Readonly<Record<string, Case>> {
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
function ask(plane: LocalPlane, action: string, each: Case, expect: object): Promise<Answer> {
  const { resource, parameters, read, readParameters = {}, path, looksAt = resource } = each;
  const bounds = Object.entries(parameters).map(([name, value]) => [
    name,
    value === CANARY ? { prefix: CANARY.slice(0, 7) } : { exact: value },
  ]);
  const draft = contractDraft.parse({
    purpose: `run ${action} once`,
    actor: { id: "spiffe://example.org/agent/every-action", kind: "agent" },
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
    obligations: [{ kind: "readBack", name: "effect", dueSeconds: 60 }],
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

test("VAI-31 VAI-86 every action of the catalogue runs under a contract, as long as the world is as supposed", async (t) => {
  const plane = await localPlane();
  const cases = casesOf(plane);
  const actions = Object.keys(cases);
  assert.deepEqual(actions.toSorted(), CATALOGUE.map(({ action }) => action).toSorted());
  const reads = new Set(Object.values(cases).map(({ read }) => read));
  assert.deepEqual([...reads].toSorted(), READS.map(({ read }) => read).toSorted());
  await seedItem(plane, "every-action");
  await resetRouting(plane);
  await plane.deployer.s3.send(
    new PutObjectCommand({
      Bucket: plane.outputs.samples.bucket,
      Key: "every-action.txt",
      Body: "there",
    }),
  );
  for (const [action, each] of Object.entries(cases)) {
    await t.test(`${action}: refused when the world differs, run when it does not`, async () => {
      refused(await ask(plane, action, each, each.differs), "CONTEXT_CHANGED");
      const answer = granted(await ask(plane, action, each, each.holds));
      const { outcome, identity, evidence } = answer;
      assert.equal(outcome?.status, "succeeded", JSON.stringify(outcome));
      assert.equal(outcome?.readBack?.matches, true);
      assert.deepEqual(outcome?.obligations, [{ name: "effect", met: true }]);
      assert.equal(identity.state, "COMPLETED");
      const records = await verifiedChain(plane, evidence.chainId);
      assert.ok(records.some(({ event }) => event.type === "ContextRechecked"));
    });
  }
  await resetRouting(plane);
});

test("USR-16 sensitive parameters are in no record of the requests that carried them", async () => {
  const plane = await localPlane();
  const cases = casesOf(plane);
  for (const action of ["s3:PutObject", "ssm:PutParameter"]) {
    const each = cases[action];
    assert.ok(each);
    const answer = granted(await ask(plane, action, each, each.holds));
    const records = await verifiedChain(plane, answer.evidence.chainId);
    const requested = records.filter(({ detail }) => "requestClaims" in detail);
    assert.ok(requested.length > 0, action);
    assert.ok(!JSON.stringify(records).includes(CANARY), action);
  }
});
