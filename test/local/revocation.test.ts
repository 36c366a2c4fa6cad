import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { DeleteItemCommand, QueryCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import {
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  GetRolePolicyCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetScopedCredentialsCommand,
} from "@aws-sdk/client-sts";
import { sessionName } from "../../lib/authority/derive/session-name.ts";
import type { SignedContract } from "../../lib/client/contract.ts";
import { deliveryKey, openCredentials } from "../../lib/client/credentials.ts";
import { newPrivateJwk, signingKey } from "../../lib/client/keys.ts";
import { issueEvent } from "../../lib/client/request.ts";
import { PROBE_QUESTION, probeRequest } from "../../lib/lifecycle/probe.ts";
import { namedIn, REVOCATIONS, revocationPolicy } from "../../lib/lifecycle/revocation-policy.ts";
import type { AwsCredentials } from "../../localstack/machine/start-processes.ts";
import { granted, invoke } from "../support/local/agent.ts";
import { byTwo, call, command, served } from "../support/local/commands.ts";
import { keyOf, tableArn } from "../support/local/contracts.ts";
import { endAll } from "../support/local/end-all.ts";
import { verifiedChain } from "../support/local/evidence.ts";
import { breaking } from "../support/local/faults.ts";
import {
  assume,
  asThePlaneAsks,
  denied as denialOf,
  deployedRole,
  permissionOf,
  temporaryRole,
  temporaryUser,
} from "../support/local/iam.ts";
import { linesAbout } from "../support/local/logs.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { type ProbedCall, roleProbe } from "../support/local/probe.ts";
import { signScope } from "../support/local/sessions.ts";
import { seedItem } from "../support/local/targets.ts";

/** Revocation that reaches AWS, at the deployed functions and the local AWS's IAM (PROTOCOL.md §10). */

interface Holder {
  readonly identityId: string;
  readonly chainId: string;
  readonly credentials: AwsCredentials;
}

/** Credentials for one table, delivered to the local agent; `key` may be another one of the same actor. */
async function holder(plane: LocalPlane, key = keyOf(plane, "agent")): Promise<Holder> {
  const scope = { action: "dynamodb:UpdateItem", target: tableArn(plane) };
  const { contract, proof }: SignedContract = signScope(plane, scope, { executor: key.thumbprint });
  const { deliverTo, privateKey } = deliveryKey();
  const event = issueEvent(
    {
      ...{ plane: plane.outputs.plane, contract, proof, step: "step" },
      ...{ delivery: "credentials", deliverTo },
      ...{ idempotencyKey: randomUUID(), jti: randomUUID(), iat: Math.floor(Date.now() / 1000) },
    },
    key,
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
      ["session", true],
    ],
  );
  await assert.rejects(write(plane, one, item), denied);
  await write(plane, other, item);
  const records = await verifiedChain(plane, one.chainId);
  assert.deepEqual(
    records.slice(-5).map(({ event, detail }) => [event.type, detail["point"]]),
    [
      ["RevocationRequested", undefined],
      ["IdentityRevoked", undefined],
      ["RevocationAcknowledged", "adapter"],
      ["RevocationAcknowledged", "iam"],
      ["RevocationAcknowledged", "session"],
    ],
  );
  // Whoever takes its row out of State gives nothing back: the policy keeps what it has until its time has come.
  const role = answer.points[1]?.role ?? "";
  const { length } = await deleteRows(plane, role);
  assert.ok(length > 0);
  const swept = await call(plane, "sweep", {});
  assert.ok(swept.ok, JSON.stringify(swept));
  await assert.rejects(write(plane, one, item), denied);
  await write(plane, other, item);
});

/** Takes the rows of a role's denied sessions out of State, as an administrator can. */
async function deleteRows({ deployer, outputs }: LocalPlane, role: string) {
  const TableName = outputs.tables.state;
  const { Items = [] } = await deployer.dynamoDb.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: `revoked#${role}` } },
    }),
  );
  for (const { pk, sk } of Items) {
    const Key = { pk: pk ?? { S: "" }, sk: sk ?? { S: "" } };
    await deployer.dynamoDb.send(new DeleteItemCommand({ TableName, Key }));
  }
  return Items;
}

/** So many at a time. */
async function many<T, U>(list: readonly T[], width: number, make: (each: T) => Promise<U>) {
  const found: U[] = [];
  for (let from = 0; from < list.length; from += width) {
    found.push(...(await Promise.all(list.slice(from, from + width).map(make))));
  }
  return found;
}

test("VAI-119 forty commands at once: every session is in the last document, and is denied", async () => {
  const plane = await localPlane();
  const item = `forty-${randomUUID().slice(0, 8)}`;
  await seedItem(plane, item);
  const holders = await many(Array.from({ length: 40 }), 8, () => holder(plane));
  const answers = await Promise.all(
    holders.map(({ identityId }) =>
      served(() =>
        call(plane, "revoke", { command: command(plane, { do: "revokeIdentity", identityId }) }),
      ),
    ),
  );
  for (const answer of answers) assert.ok(answer.ok, JSON.stringify(answer));
  const [role = ""] = answers.flatMap((each) =>
    each.ok ? (each.points.find(({ point }) => point === "iam")?.role ?? []) : [],
  );
  const RoleName = role.slice(role.lastIndexOf("/") + 1);
  const { PolicyDocument = "" } = await plane.deployer.iam.send(
    new GetRolePolicyCommand({ RoleName, PolicyName: REVOCATIONS }),
  );
  const named = namedIn(decodeURIComponent(PolicyDocument));
  for (const { identityId } of holders) assert.ok(named.has(sessionName(identityId)), identityId);
  const [first, last] = [holders[0], holders.at(-1)];
  for (const each of [first, last]) {
    assert.ok(each);
    await assert.rejects(write(plane, each, item), denied);
  }
});

test("VAI-45 VAI-46 a probe of a deployed role may ask IAM one thing, and any other call of it is denied", async (t) => {
  const plane = await localPlane();
  const item = `probe-${randomUUID().slice(0, 8)}`;
  await seedItem(plane, item);
  const { deployer, outputs } = plane;
  const role = `arn:aws:iam::${outputs.account}:role/vai-local-exec-dynamodb`;
  const { trust, ceiling, boundary } = await deployedRole(plane, role);
  // The role as it is deployed, but for one user in place of those who probe it.
  const user = await temporaryUser(t, plane);
  const copied = trust.replaceAll(/arn:aws:iam::\d{12}:role\/vai-local-(revoke|sweep)/g, user.arn);
  const copy = await temporaryRole(t, plane, copied, ceiling, boundary);
  const identity = `vai-${"1".repeat(26)}`;
  const { Tags, ...asked } = probeRequest(copy, identity);
  const asProbe = (change: Partial<AssumeRoleCommandInput>) =>
    assume(
      plane,
      user.credentials,
      new AssumeRoleCommand({ ...asked, Tags: [...Tags], ...change }),
    );
  for (const [what, change] of Object.entries({
    "without its tag": { Tags: [{ Key: "vai-identity", Value: identity }] },
    "under an identity's name": { RoleSessionName: identity },
    "of an identity's source": { SourceIdentity: identity },
    "with one more tag": { Tags: [...Tags, { Key: "more", Value: "x" }] },
  })) {
    await denialOf(what, asProbe(change));
  }
  // Also without its session policy, which nobody can be made to send.
  const credentials = await asProbe({ Policy: undefined });
  const { sts, iam } = plane.as(credentials);
  assert.equal(
    await permissionOf(sts.send(new GetScopedCredentialsCommand(PROBE_QUESTION))),
    "allowed",
  );
  const holding = { identityId: "", chainId: "", credentials };
  await denialOf("its table", write(plane, holding, item));
  await denialOf("another role", sts.send(asThePlaneAsks(role)));
  const RoleName = copy.slice(copy.lastIndexOf("/") + 1);
  const PolicyName = REVOCATIONS;
  await denialOf("its policy", iam.send(new GetRolePolicyCommand({ RoleName, PolicyName })));
  await deployer.iam.send(
    new PutRolePolicyCommand({
      ...{ RoleName, PolicyName },
      PolicyDocument: revocationPolicy(
        undefined,
        [{ session: identity, until: Math.floor(Date.now() / 1000) + 900 }],
        Date.now(),
      ).text,
    }),
  );
  const answer = await permissionOf(sts.send(new GetScopedCredentialsCommand(PROBE_QUESTION)));
  await deployer.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
  assert.equal(answer, "denied");
});

test("VAI-45 revoke's role puts a policy on an execution role under its boundary alone, and becomes no identity of it", async (t) => {
  const plane = await localPlane();
  const { account } = plane.outputs;
  const RoleName = "vai-local-exec-ssm";
  const RoleArn = `arn:aws:iam::${account}:role/${RoleName}`;
  const { boundary } = await deployedRole(plane, RoleArn);
  const ask = await roleProbe(t, plane, "vai-local-revoke");
  const none = revocationPolicy(undefined, [], 0).text;
  const put = (name: string): ProbedCall => ({
    ...{ service: "iam", command: "PutRolePolicyCommand" },
    input: { RoleName: name, PolicyName: REVOCATIONS, PolicyDocument: none },
  });
  const { Tags, ...probe } = probeRequest(RoleArn, `vai-${"2".repeat(26)}`);
  const identity = asThePlaneAsks(RoleArn).input;
  const assuming = (input: object): ProbedCall => ({
    ...{ service: "sts", command: "AssumeRoleCommand", input },
  });
  const [bounded, reader, own, asProbe, asIdentity] = await ask([
    ...[put(RoleName), put("vai-local-read-ssm"), put("vai-local-revoke")],
    ...[assuming({ ...probe, Tags }), assuming(identity)],
  ]);
  assert.deepEqual(
    [bounded, reader, own, asProbe, asIdentity],
    ["allowed", "AccessDenied", "AccessDenied", "allowed", "AccessDenied"],
  );
  const { iam } = plane.deployer;
  const restore = () =>
    iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: boundary }));
  t.after(restore);
  await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName }));
  assert.deepEqual(await ask([put(RoleName)]), ["AccessDenied"]);
  await restore();
  assert.deepEqual(await ask([put(RoleName)]), ["allowed"]);
});

test("VAI-115 VAI-15 agents and auditors may invoke neither govern nor revoke nor sweep", async () => {
  const plane = await localPlane();
  const { functions } = plane.outputs;
  for (const who of [plane.agent, plane.auditor]) {
    for (const FunctionName of [functions.govern, functions.revoke, functions.sweep]) {
      await denialOf(FunctionName, who.lambda.send(new InvokeCommand({ FunctionName })));
    }
  }
});

test("ADV-46 VAI-118 VAI-131 where IAM refuses the role is quarantined and people hear of it, until two names lift it and sweep has put it", async (t) => {
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
  const { chainId } = "evidence" in answer && answer.evidence ? answer.evidence : { chainId: "" };
  const [failed, escalated] = await linesAbout(plane, "watch", chainId, 2);
  assert.deepEqual([failed?.["RevocationFailed"], escalated?.["Escalations"]], [1, 1]);
  assert.equal(failed?.["plane"], plane.outputs.plane.split(":").at(-1));
  const swept = await call(plane, "sweep", {});
  assert.ok(swept.ok, JSON.stringify(swept));
  await assert.rejects(write(plane, held, item), denied);
  assert.equal(JSON.parse(JSON.stringify(swept)).levels.quarantined, 1);
  const path = JSON.parse(JSON.stringify(answer)).points[1].role;
  await endAll(plane, path);
  const lift = byTwo(plane, { do: "liftQuarantine", path });
  const { cosign: _, ...byOne } = lift;
  const alone = await call(plane, "govern", byOne);
  assert.equal("code" in alone && alone.code, "APPROVAL_REQUIRED");
  const lifted = await call(plane, "govern", lift);
  assert.ok(lifted.ok, JSON.stringify(lifted));
  assert.ok((await holder(plane)).identityId);
});

test("VAI-115 VAI-112 a halted actor is refused and denied by IAM under its second key too, until two names lift the halt", async (t) => {
  const plane = await localPlane();
  const item = `halted-${randomUUID().slice(0, 8)}`;
  await seedItem(plane, item);
  const second = signingKey(newPrivateJwk());
  const held = await holder(plane, second);
  await write(plane, held, item);
  const actorId = "spiffe://example.org/agent/coordinator";
  const lift = () => byTwo(plane, { do: "reinstateActor", actorId });
  t.after(() => call(plane, "govern", lift()));
  const halted = await call(plane, "revoke", {
    command: command(plane, { do: "haltActor", actorId }),
  });
  assert.ok(halted.ok, JSON.stringify(halted));
  await assert.rejects(write(plane, held, item), denied);
  for (const key of [keyOf(plane, "agent"), second, signingKey(newPrivateJwk())]) {
    await assert.rejects(holder(plane, key), /AGENT_HALTED/);
  }
  const swept = await call(plane, "sweep", {});
  assert.ok(swept.ok, JSON.stringify(swept));
  const { cosign: _, ...byOne } = lift();
  const alone = await call(plane, "govern", byOne);
  assert.equal("code" in alone && alone.code, "APPROVAL_REQUIRED");
  const lifted = await call(plane, "govern", lift());
  assert.ok(lifted.ok, JSON.stringify(lifted));
  for (const key of [keyOf(plane, "agent"), second]) {
    assert.ok((await holder(plane, key)).identityId);
  }
  // What was denied stays denied: a lift gives back nothing.
  await assert.rejects(write(plane, held, item), denied);
});
