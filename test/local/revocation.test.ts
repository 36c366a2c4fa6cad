import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { QueryCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { SignedContract } from "../../lib/client/contract.ts";
import { deliveryKey, openCredentials } from "../../lib/client/credentials.ts";
import { issueEvent } from "../../lib/client/request.ts";
import { signJws } from "../../lib/encoding/jws.ts";
import type { RefusedAnswer } from "../../lib/enforcement/answer.ts";
import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import { VIEWS } from "../../lib/lifecycle/view.ts";
import type { AwsCredentials } from "../../localstack/machine/start-processes.ts";
import { granted, invoke } from "../support/local/agent.ts";
import { keyOf, tableArn } from "../support/local/contracts.ts";
import { verifiedChain } from "../support/local/evidence.ts";
import { breaking } from "../support/local/faults.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { signScope } from "../support/local/sessions.ts";
import { seedItem } from "../support/local/targets.ts";

/** Revocation that reaches AWS, at the deployed functions and the local AWS's IAM (PROTOCOL.md §10). */

type Party = "operator" | "auditor";

/** A command's JWS by somebody of the local trust policy. */
function command(plane: LocalPlane, claims: Record<string, unknown>, signer: Party = "operator") {
  const iat = Math.floor(Date.now() / 1000);
  const shared = { iss: plane.outputs.names.operator, iat, exp: iat + 300, jti: randomUUID() };
  const payload = { ...shared, aud: plane.outputs.plane, reason: "agent behaves oddly", ...claims };
  return signJws("vai-command+jwt", payload, keyOf(plane, signer));
}

async function call(
  plane: LocalPlane,
  name: "revoke" | "sweep" | "govern",
  event: object,
): Promise<CommandAnswer | RefusedAnswer> {
  const { Payload, FunctionError } = await plane.deployer.lambda.send(
    new InvokeCommand({
      FunctionName: plane.outputs.functions[name],
      Payload: JSON.stringify(event),
    }),
  );
  const answer = Buffer.from(Payload ?? []).toString("utf8");
  assert.equal(FunctionError, undefined, answer);
  return JSON.parse(answer) as CommandAnswer | RefusedAnswer;
}

interface Holder {
  readonly identityId: string;
  readonly chainId: string;
  readonly credentials: AwsCredentials;
}

/** Credentials for one table, delivered to the local agent. */
async function holder(plane: LocalPlane): Promise<Holder> {
  const scope = { action: "dynamodb:UpdateItem", target: tableArn(plane) };
  const { contract, proof }: SignedContract = signScope(plane, scope);
  const { deliverTo, privateKey } = deliveryKey();
  const event = issueEvent(
    {
      ...{ plane: plane.outputs.plane, contract, proof, step: "step" },
      ...{ delivery: "credentials", deliverTo },
      ...{ idempotencyKey: randomUUID(), jti: randomUUID(), iat: Math.floor(Date.now() / 1000) },
    },
    keyOf(plane, "agent"),
  );
  const answer = granted(await invoke(plane, event));
  const opened = await openCredentials(answer.credentials ?? "", privateKey);
  const { accessKeyId, secretAccessKey, sessionToken } = opened;
  return {
    identityId: answer.identity.identityId,
    chainId: answer.evidence.chainId,
    credentials: { accessKeyId, secretAccessKey, sessionToken },
  };
}

const write = (plane: LocalPlane, { credentials }: Holder, item: string) =>
  plane.as(credentials).dynamoDb.send(
    new UpdateItemCommand({
      TableName: plane.outputs.samples.table,
      Key: { pk: { S: item } },
      UpdateExpression: "SET weight = :weight",
      ExpressionAttributeValues: { ":weight": { N: "7" } },
    }),
  );

/** Ends whatever other tests have left open under a role: a lift waits for it. */
async function endAll(plane: LocalPlane, role: string): Promise<void> {
  for (const view of VIEWS) {
    const { Items = [] } = await plane.deployer.dynamoDb.send(
      new QueryCommand({
        TableName: plane.outputs.tables.state,
        IndexName: "byDue",
        KeyConditionExpression: "#view = :view",
        ExpressionAttributeNames: { "#view": "view" },
        ExpressionAttributeValues: { ":view": { S: view } },
      }),
    );
    const open = Items.flatMap((item) => unmarshall(item)["open"].identities);
    for (const { id: identityId, roleArn } of open) {
      if (roleArn !== role) continue;
      await call(plane, "revoke", {
        command: command(plane, { do: "revokeIdentity", identityId }),
      });
    }
  }
}

const denied = (error: Error): boolean => /AccessDenied/.test(error.name);

test("VAI-115 ADV-45 delivered credentials are revoked and denied by IAM; a second holder under the same role is not", async () => {
  const plane = await localPlane();
  const item = `revoked-${randomUUID().slice(0, 8)}`;
  await seedItem(plane, item);
  const [one, other] = [await holder(plane), await holder(plane)];
  await write(plane, one, item);
  const { identityId } = one;
  const answer = await call(plane, "revoke", {
    command: command(plane, { do: "revokeIdentity", identityId }),
  });
  assert.ok(answer.ok, JSON.stringify(answer));
  assert.deepEqual(
    answer.points.map(({ point, acknowledgedAt }) => [point, acknowledgedAt !== undefined]),
    [
      ["adapter", true],
      ["iam", true],
    ],
  );
  await assert.rejects(write(plane, one, item), denied);
  await write(plane, other, item);
  const types = (await verifiedChain(plane, one.chainId)).map(({ event }) => event.type);
  assert.deepEqual(types.slice(-4), [
    "RevocationRequested",
    "IdentityRevoked",
    "RevocationAcknowledged",
    "RevocationAcknowledged",
  ]);
});

test("ADV-46 VAI-118 where IAM refuses the role is quarantined, until two names lift it and sweep has put it", async (t) => {
  const plane = await localPlane();
  const item = `quarantined-${randomUUID().slice(0, 8)}`;
  await seedItem(plane, item);
  const held = await holder(plane);
  const faults = await breaking(t, plane, {
    match: { service: "iam", operation: "PutRolePolicy" },
    do: { status: 403, errorCode: "AccessDenied" },
  });
  const { identityId } = held;
  const answer = await call(plane, "revoke", {
    command: command(plane, { do: "revokeIdentity", identityId }),
  });
  assert.equal(answer.ok, false);
  assert.equal("code" in answer && answer.code, "REVOCATION_FAILED");
  await faults.assertHit();
  await faults.mend();
  await assert.rejects(holder(plane), /PATH_QUARANTINED/);
  const swept = await call(plane, "sweep", {});
  assert.ok(swept.ok, JSON.stringify(swept));
  await assert.rejects(write(plane, held, item), denied);
  const path = JSON.parse(JSON.stringify(answer)).points[1].role;
  await endAll(plane, path);
  const lift = { do: "liftQuarantine", path, jti: randomUUID() };
  const iat = Math.floor(Date.now() / 1000);
  const [first, cosign] = (["operator", "auditor"] as const).map((signer) =>
    command(plane, { ...lift, iat, exp: iat + 300 }, signer),
  );
  const alone = await call(plane, "govern", { op: "command", command: first });
  assert.equal("code" in alone && alone.code, "APPROVAL_REQUIRED");
  const lifted = await call(plane, "govern", { op: "command", command: first, cosign });
  assert.ok(lifted.ok, JSON.stringify(lifted));
  assert.ok((await holder(plane)).identityId);
});
