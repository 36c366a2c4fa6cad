import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, type AssumeRoleCommandInput } from "@aws-sdk/client-sts";
import type { TrustPolicy } from "../../../lib/index.ts";
import type { AwsCredentials } from "../../../localstack/machine/start-processes.ts";
import type { LocalPlane } from "./plane.ts";
import { readRow } from "./tables.ts";

/** Where a test leaves what is to be undone after it. */
export type Ending = Pick<TestContext, "after">;

/** How a call ended: `allowed`, `denied` when IAM refused it, else the name of AWS's error. */
export async function permissionOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "allowed";
  } catch (error) {
    return isDenial(error) ? "denied" : nameOf(error);
  }
}

/** Only IAM's own words for it: behind any other error the call may have been allowed. */
const DENIAL = /^(AccessDenied(Exception)?|UnauthorizedOperation)$/;
/** Services that speak AWS's JSON protocol answer 400 on AWS, 403 on the local one. */
const DENIED: ReadonlySet<number> = new Set([400, 403]);

function isDenial(error: unknown): boolean {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return DENIAL.test(nameOf(error)) && DENIED.has($metadata?.httpStatusCode ?? 0);
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : String(error));

/** Fails unless AWS itself denies the call. */
export async function denied(what: string, call: Promise<unknown>): Promise<void> {
  assert.equal(await permissionOf(call), "denied", what);
}

/** Fails unless AWS itself denies every one of the calls, which are named. */
export async function allDenied(calls: Readonly<Record<string, Promise<unknown>>>): Promise<void> {
  await Promise.all(Object.entries(calls).map(([what, call]) => denied(what, call)));
}

export const document = (...statements: object[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });

/** The published trust policy, as the Registry holds it. */
export async function publishedPolicy(plane: LocalPlane): Promise<TrustPolicy> {
  const row = await readRow(plane, "registry", "trust-policy", "000000001");
  const payload = (row["jws"]?.S ?? "").split(".")[1] ?? "";
  return JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as TrustPolicy;
}

const roleName = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);

/** A deployed role's trust policy and its ceiling, as text, and the ARN of its boundary. */
export async function deployedRole({ deployer }: LocalPlane, arn: string) {
  const RoleName = roleName(arn);
  const { Role } = await deployer.iam.send(new GetRoleCommand({ RoleName }));
  const PolicyName = "ceiling";
  const inline = await deployer.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
  const trust = decodeURIComponent(Role?.AssumeRolePolicyDocument ?? "");
  const boundary = Role?.PermissionsBoundary?.PermissionsBoundaryArn;
  assert.ok(boundary, `${RoleName} has a boundary`);
  return { trust, ceiling: decodeURIComponent(inline.PolicyDocument ?? ""), boundary };
}

/** An IAM user for one test that may assume roles, and nothing else; gone after it. */
export async function temporaryUser(t: Ending, plane: LocalPlane) {
  const { iam } = plane.deployer;
  const UserName = `vai-test-${randomBytes(4).toString("hex")}`;
  const { User } = await iam.send(new CreateUserCommand({ UserName }));
  const Action = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
  const PolicyDocument = document({ Effect: "Allow", Action, Resource: "*" });
  const policy = { UserName, PolicyName: "assumes" };
  await iam.send(new PutUserPolicyCommand({ ...policy, PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const { AccessKeyId = "", SecretAccessKey = "" } = AccessKey ?? {};
  t.after(async () => {
    await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
    await iam.send(new DeleteUserPolicyCommand(policy));
    await iam.send(new DeleteUserCommand({ UserName }));
  });
  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
  return { arn: User?.Arn ?? "", credentials };
}

/** A role for one test; gone after it. @returns its ARN */
export async function temporaryRole(
  t: Ending,
  { deployer }: LocalPlane,
  trust: string,
  permissions: string,
  PermissionsBoundary?: string,
): Promise<string> {
  const { iam } = deployer;
  const RoleName = `vai-test-${randomBytes(4).toString("hex")}`;
  const made = await iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust, PermissionsBoundary }),
  );
  const policy = { RoleName, PolicyName: "permissions" };
  await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument: permissions }));
  t.after(async () => {
    await iam.send(new DeleteRolePolicyCommand(policy));
    await iam.send(new DeleteRoleCommand({ RoleName }));
  });
  return made.Role?.Arn ?? "";
}

/** A name of the form that issued sessions have. */
const IDENTITY = `vai-${"0".repeat(26)}`;

/** The call by which the plane obtains a session, with changes. */
export const asThePlaneAsks = (
  RoleArn: string,
  change: Partial<AssumeRoleCommandInput> = {},
): AssumeRoleCommand =>
  new AssumeRoleCommand({
    ...{ RoleArn, RoleSessionName: IDENTITY, SourceIdentity: IDENTITY, DurationSeconds: 900 },
    Tags: [{ Key: "vai-identity", Value: IDENTITY }],
    ...change,
  });

/** The session that a role gives, as credentials. */
export async function assume(
  plane: LocalPlane,
  credentials: AwsCredentials,
  command: AssumeRoleCommand,
): Promise<AwsCredentials> {
  const { Credentials } = await plane.as(credentials).sts.send(command);
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = Credentials ?? {};
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
  };
}
