import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { QueryCommand } from "@aws-sdk/client-dynamodb";
import { AssumeRoleCommand, type AssumeRoleCommandInput } from "@aws-sdk/client-sts";
import { FUNCTIONS } from "../../../infra/functions.ts";
import { executionRoles } from "../../../lib/enforcement/points/unread.ts";
import {
  assume,
  asThePlaneAsks,
  deployedRole,
  document,
  permissionOf,
  publishedPolicy,
  temporaryRole,
  temporaryUser,
} from "../../support/local/iam.ts";
import { type LocalPlane, localPlane } from "../../support/local/plane.ts";
import { functionRole } from "../../support/local/roles.ts";
import { policyOf, sessionsOfDeployed } from "../../support/local/sessions.ts";
import { WALLS } from "./walls.ts";

// Who gets a session of the deployed execution and reader roles, and what their own roles are worth.

const tagged = (Value: string) => ({ Tags: [{ Key: "vai-identity", Value }] });

/** How somebody may ask for an execution role; only the first is how the plane asks. */
const ASKS: Readonly<Record<string, Partial<AssumeRoleCommandInput>>> = {
  "as the plane asks": {},
  "with no tag": { Tags: [] },
  "with a tag of another form": tagged("other"),
  "with an empty tag": tagged(""),
  "with one tag more": {
    Tags: [
      { Key: "vai-identity", Value: "vai-x" },
      { Key: "team", Value: "a" },
    ],
  },
  "with a transitive tag in another name": { Tags: [{ Key: "vai-identities", Value: "vai-x" }] },
  "with no source identity": { SourceIdentity: undefined },
  "with a source identity of another form": { SourceIdentity: "other" },
  "with another session name": { RoleSessionName: "other" },
  "with nothing but a name": { Tags: [], SourceIdentity: undefined },
};

/** How somebody may ask for a reader role. */
const READER_ASKS: Readonly<Record<string, Partial<AssumeRoleCommandInput>>> = {
  "as the plane asks": {},
  "with another session name": { RoleSessionName: "vai-0" },
  "with the identity tag": tagged("vai-x"),
  "with a source identity": { SourceIdentity: "vai-x" },
};

const asReader = (RoleArn: string, change: Partial<AssumeRoleCommandInput>) =>
  new AssumeRoleCommand({ RoleArn, RoleSessionName: "vai-reader", ...change });

/** Every execution role and every reader role of the deployment, each once. */
async function deployedRoles(plane: LocalPlane) {
  const { actions } = await publishedPolicy(plane);
  const reader = [...new Set(actions.map(({ readerRoleArn }) => readerRoleArn))];
  return { execution: executionRoles({ actions }), reader };
}

/** Who asks, and whether the trust policies let it in when it asks as the plane does. */
const CALLERS: Readonly<Record<string, boolean>> = {
  deployer: false,
  agent: false,
  auditor: false,
  "a user who may assume any role": false,
  issue: true,
  execute: true,
  govern: false,
  revoke: false,
};

async function callerOf(t: TestContext, plane: LocalPlane, name: string) {
  if (name === "deployer" || name === "agent" || name === "auditor") return plane[name];
  if (name === "a user who may assume any role")
    return plane.as((await temporaryUser(t, plane)).credentials);
  return plane.as(await functionRole(t, plane, `vai-local-${name}`));
}

for (const [name, isTrusted] of Object.entries(CALLERS)) {
  test(`VAI-45 ADV-44 ${name} obtains ${isTrusted ? "a session only as an identity" : "no session"}`, async (t) => {
    const plane = await localPlane();
    const { sts } = await callerOf(t, plane, name);
    const { execution, reader } = await deployedRoles(plane);
    const judge = async (arn: string, how: string, command: AssumeRoleCommand) => {
      const expected = isTrusted && how === "as the plane asks" ? "allowed" : "denied";
      assert.equal(await permissionOf(sts.send(command)), expected, `${arn} ${how}`);
    };
    for (const arn of execution) {
      for (const [how, change] of Object.entries(ASKS))
        await judge(arn, how, asThePlaneAsks(arn, change));
    }
    for (const arn of reader) {
      for (const [how, change] of Object.entries(READER_ASKS))
        await judge(arn, how, asReader(arn, change));
    }
  });
}

suite("the deployed execution roles", () => {
  for (const [name, build] of Object.entries(WALLS)) {
    test(`VAI-46 the permissions for ${name} are worth nothing without the identity tag`, async (t) => {
      const plane = await localPlane();
      const { scope, bounded, outcome = "allowed" } = await build(t, plane);
      const { actions } = await publishedPolicy(plane);
      const arn = actions.find(({ action }) => action === scope.action)?.executionRoleArn ?? "";
      const { ceiling, boundary } = await deployedRole(plane, arn);
      const user = await temporaryUser(t, plane);
      // A trust policy that somebody loosened: it demands nothing any more.
      const Action = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
      const open = document({ Effect: "Allow", Principal: { AWS: user.arn }, Action });
      const roleArn = await temporaryRole(t, plane, open, ceiling, boundary);
      const outcomeWith = async (change: Partial<AssumeRoleCommandInput>) => {
        const command = asThePlaneAsks(roleArn, change);
        return permissionOf(bounded(plane.as(await assume(plane, user.credentials, command))));
      };
      assert.equal(await outcomeWith({}), outcome, "with the tag");
      assert.equal(await outcomeWith({ Tags: [] }), "denied", "without it");
      assert.equal(await outcomeWith(tagged("other")), "denied", "with another value");
      assert.equal(await outcomeWith({ Tags: [{ Key: "vai", Value: "vai-x" }] }), "denied");
    });
  }
});

for (const name of FUNCTIONS) {
  test(`VAI-45 VAI-76 the role of the function ${name} touches no target itself`, async (t) => {
    const plane = await localPlane();
    const own = plane.as(await functionRole(t, plane, `vai-local-${name}`));
    const read = new QueryCommand({
      ...{ TableName: plane.outputs.tables.evidence, KeyConditionExpression: "chainId = :x" },
      ExpressionAttributeValues: { ":x": { S: "plane/registry" } },
    });
    assert.equal(
      await permissionOf(own.dynamoDb.send(read)),
      "allowed",
      "it is the function's role",
    );
    for (const [what, build] of Object.entries(WALLS)) {
      const { scope, bounded, outcome = "allowed", beyond } = await build(t, plane);
      const { session } = await sessionsOfDeployed(t, plane, scope.action);
      const issued = plane.as(await session(await policyOf(plane, scope)));
      assert.equal(await permissionOf(bounded(own)), "denied", what);
      assert.equal(await permissionOf(bounded(issued)), outcome, `${what}: its session does`);
      for (const [how, { call, region }] of Object.entries(beyond)) {
        if (region !== undefined) continue;
        assert.equal(await permissionOf(call(own)), "denied", `${what}, ${how}`);
      }
    }
  });
}
