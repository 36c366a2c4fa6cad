import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetScopedCredentialsCommand,
  GetSessionTokenCommand,
} from "@aws-sdk/client-sts";
import { contractDraft } from "../../lib/client/contract.ts";
import { deliveryKey, openCredentials } from "../../lib/client/credentials.ts";
import { issueEvent } from "../../lib/client/request.ts";
import { granted, invoke } from "../support/local/agent.ts";
import { intentOf, keyOf, signDraft, tableArn } from "../support/local/contracts.ts";
import { verifiedChain } from "../support/local/evidence.ts";
import { breaking } from "../support/local/faults.ts";
import { permissionOf } from "../support/local/iam.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { seedItem } from "../support/local/targets.ts";

// AWS's clock is moved for single calls, so nothing waits for a window to pass, and none passes too early.

/** Credentials of a contract of so many seconds, opened as its agent opens them. */
async function delivered(plane: LocalPlane, seconds: number) {
  const draft = contractDraft.parse({
    purpose: "an unmodified client for a moment",
    actor: { id: "spiffe://example.org/agent/coordinator", kind: "agent" },
    ...{ risk: "LOW", deliveries: ["credentials"], window: { seconds } },
    steps: [
      {
        ...{ id: "direct", actions: ["dynamodb:UpdateItem"], resources: [tableArn(plane)] },
        ...{ parameters: "unbounded", limits: { calls: 1 } },
      },
    ],
  });
  const held = signDraft(plane, draft);
  const { deliverTo, privateKey } = deliveryKey();
  const event = issueEvent(
    {
      ...{ plane: plane.outputs.plane, contract: held.contract, proof: held.proof },
      ...{ step: "direct", delivery: "credentials", deliverTo },
      ...{ idempotencyKey: randomUUID(), jti: randomUUID(), iat: Math.floor(Date.now() / 1000) },
    },
    keyOf(plane, "agent"),
  );
  const answer = granted(await invoke(plane, event));
  const { accessKeyId, secretAccessKey, sessionToken } = await openCredentials(
    answer.credentials ?? "",
    privateKey,
  );
  const clients = plane.as({ accessKeyId, secretAccessKey, sessionToken });
  const { Arn = "" } = await clients.sts.send(new GetCallerIdentityCommand({}));
  const session = Arn.slice(Arn.lastIndexOf("/") + 1);
  return { answer, clients, session, chainId: `intent/${intentOf(held)}`, arn: Arn };
}

const ENDED = /^ExpiredToken(Exception)?$/;

/** What a call comes to when AWS's clock stands at an instant. */
async function at<T>(
  t: TestContext,
  plane: LocalPlane,
  session: string,
  instant: number,
  ask: () => Promise<T>,
): Promise<T> {
  const skewSeconds = Math.ceil((instant - Date.now()) / 1000);
  const moved = await breaking(t, plane, { match: { session }, do: { skewSeconds } });
  const seen = await ask();
  await moved.assertHit();
  await moved.mend();
  return seen;
}

test("VAI-116 X-01 OKG-20 a window of 20 s ends at 20 s for an unmodified client, though the first session lives 900 s", async (t) => {
  const plane = await localPlane();
  const item = `cut-${randomUUID()}`;
  await seedItem(plane, item);
  const { answer, clients, session, chainId } = await delivered(plane, 20);
  const { guarantee, identity } = answer;
  const hardExpiry = Date.parse(guarantee.hardExpiry);
  assert.ok(hardExpiry <= Date.parse(identity.expiresAt), "it ends with its identity");
  assert.ok(Date.parse(identity.expiresAt) - Date.parse(identity.issuedAt) <= 20_000);

  const set = () =>
    permissionOf(
      clients.dynamoDb.send(
        new UpdateItemCommand({
          ...{ TableName: plane.outputs.samples.table, Key: { pk: { S: item } } },
          ...{ UpdateExpression: "SET weight = :w" },
          ExpressionAttributeValues: { ":w": { N: "7" } },
        }),
      ),
    );
  // Any caller may ask who he is: nothing but STS's own end refuses that.
  const who = () => permissionOf(clients.sts.send(new GetCallerIdentityCommand({})));
  const early = hardExpiry - 10_000;
  assert.equal(await at(t, plane, session, early, set), "allowed");
  for (const ask of [set, who]) {
    assert.match(await at(t, plane, session, hardExpiry + 1_000, ask), ENDED);
  }

  const records = await verifiedChain(plane, chainId);
  const minted = records.find(({ event }) => event.type === "CredentialsMinted")?.detail;
  assert.ok(minted && "sessionExpiry" in minted);
  assert.equal(minted["hardExpiry"], guarantee.hardExpiry);
  const first = Date.parse(String(minted["sessionExpiry"])) - Date.parse(identity.issuedAt);
  assert.ok(first > 890_000 && first < 960_000, `${first} ms`);
});

test("VAI-116 X-01 what was delivered is not cut again, becomes nobody else, and is who it was issued as", async () => {
  const plane = await localPlane();
  const { clients, session, arn } = await delivered(plane, 600);
  assert.match(arn, /assumed-role\/vai-local-exec-dynamodb\/vai-[0-9a-f]{26}$/);
  const { sts } = clients;
  const role = {
    RoleArn: `arn:aws:iam::${plane.outputs.account}:role/vai-local-exec-dynamodb`,
    ...{ RoleSessionName: session, SourceIdentity: session },
    Tags: [{ Key: "vai-identity", Value: session }],
  };
  const asked = {
    "a shorter time": sts.send(new GetScopedCredentialsCommand({ DurationSeconds: 1 })),
    "the same time": sts.send(
      new GetScopedCredentialsCommand({
        Policy:
          '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
      }),
    ),
    "its role": sts.send(new AssumeRoleCommand(role)),
    "a session": sts.send(new GetSessionTokenCommand({})),
  };
  for (const [what, call] of Object.entries(asked)) {
    assert.equal(await permissionOf(call), "denied", what);
  }
});
