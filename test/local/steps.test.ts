import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { contractDraft } from "../../lib/client/contract.ts";
import { deliveryKey, openCredentials } from "../../lib/client/credentials.ts";
import { issueEvent } from "../../lib/client/request.ts";
import type { Clients } from "../../localstack/deploy/clients.ts";
import { granted, invoke } from "../support/local/agent.ts";
import { keyOf, signDraft, tableArn } from "../support/local/contracts.ts";
import { permissionOf } from "../support/local/iam.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { seedItem } from "../support/local/targets.ts";
import { objectArn, putObject } from "./wall/s3.ts";

const ITEM = "steps";

/** A contract of two steps of different families, by delivered credentials. */
function twoSteps(plane: LocalPlane) {
  const unbounded = { type: "aws", parameters: "unbounded" };
  const draft = contractDraft.parse({
    ...{ purpose: "a setting, then its limits", risk: "LOW", deliveries: ["credentials"] },
    actor: { id: "spiffe://example.org/agent/coordinator", kind: "agent" },
    steps: [
      { ...unbounded, id: "set", actions: ["dynamodb:UpdateItem"], resources: [tableArn(plane)] },
      { ...unbounded, id: "put", actions: ["s3:PutObject"], resources: [objectArn(plane)] },
    ],
    window: { seconds: 300 },
  });
  return signDraft(plane, draft);
}

/** The clients of the session of one step. */
async function clientsOf(
  plane: LocalPlane,
  { contract, proof }: ReturnType<typeof twoSteps>,
  step: string,
): Promise<Clients> {
  const { deliverTo, privateKey } = deliveryKey();
  const event = issueEvent(
    {
      ...{ plane: plane.outputs.plane, contract, proof, step, delivery: "credentials", deliverTo },
      ...{ idempotencyKey: randomUUID(), jti: randomUUID(), iat: Math.floor(Date.now() / 1000) },
    },
    keyOf(plane, "agent"),
  );
  const { credentials = "" } = granted(await invoke(plane, event));
  return plane.as(await openCredentials(credentials, privateKey));
}

test("VAI-72 at the deployed stack IAM denies the credentials of one step on the other step's resource", async () => {
  const plane = await localPlane();
  await seedItem(plane, ITEM);
  const held = twoSteps(plane);
  const set = ({ dynamoDb }: Clients) =>
    dynamoDb.send(
      new UpdateItemCommand({
        ...{ TableName: plane.outputs.samples.table, Key: { pk: { S: ITEM } } },
        UpdateExpression: "SET weight = :weight",
        ExpressionAttributeValues: { ":weight": { N: "2" } },
      }),
    );
  const put = (clients: Clients) => putObject(clients, plane.outputs.samples.bucket);
  const first = await clientsOf(plane, held, "set");
  const second = await clientsOf(plane, held, "put");
  assert.deepEqual(
    [
      await permissionOf(set(first)),
      await permissionOf(put(first)),
      await permissionOf(set(second)),
      await permissionOf(put(second)),
    ],
    ["allowed", "denied", "denied", "allowed"],
  );
});
