import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3ServiceException,
} from "@aws-sdk/client-s3";
import { GetParameterCommand, PutParameterCommand } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { sessionPolicy } from "../../lib/authority/derive/session-policy.ts";
import type { Clients } from "../../localstack/deploy/clients.ts";
import { send } from "../support/local/sigv4.ts";
import {
  actingWith,
  allow,
  assume,
  denied,
  document,
  makeRole,
  type RunningEmulator,
  startEmulator,
} from "./support/emulator.ts";

const ACCOUNT = "000000000000";
const OWN = "own-bucket";
const THEIRS = "their-bucket";
const objects = (bucket: string, key = "*") => `arn:aws:s3:::${bucket}/${key}`;

let emulator: RunningEmulator;
/** Another account of the organisation, and its administrator. */
let member: { account: string; roleArn: string; clients: Clients };

before(async () => {
  emulator = await startEmulator();
  member = await memberAccount();
  const { s3 } = emulator.deployer;
  await s3.send(new CreateBucketCommand({ Bucket: OWN }));
  await member.clients.s3.send(new CreateBucketCommand({ Bucket: THEIRS }));
  // Their bucket invites everybody of our account: only our own policies keep anybody out of it.
  const Principal = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
  const invited = { ...allow(["s3:PutObject", "s3:GetObject"], objects(THEIRS)), Principal };
  const policy = { Bucket: THEIRS, Policy: document(invited) };
  await member.clients.s3.send(new PutBucketPolicyCommand(policy));
});

after(() => emulator?.stop());

async function memberAccount() {
  const { endpoint, credentials } = emulator.access;
  const answer = await send({
    ...{ endpoint, credentials, region: "us-east-1", service: "organizations" },
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "AWSOrganizationsV20161128.CreateAccount",
    },
    body: JSON.stringify({ AccountName: "member", Email: "member@example.org" }),
  });
  assert.equal(answer.status, 200, answer.body);
  const account = String(JSON.parse(answer.body).CreateAccountStatus.AccountId);
  const roleArn = `arn:aws:iam::${account}:role/OrganizationAccountAccessRole`;
  return { account, roleArn, clients: (await assume(emulator, roleArn)).clients };
}

const put = ({ s3 }: Clients, Bucket: string, change: Partial<PutObjectCommandInput> = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key: "a/b", Body: "x", ...change }));

test("an account of the organisation is entered through its role, by whoever may assume it", async () => {
  const { Account } = await member.clients.sts.send(new GetCallerIdentityCommand({}));
  assert.equal(Account, member.account);
  assert.notEqual(member.account, ACCOUNT);
  const mayNot = await actingWith(emulator, allow("s3:*", "*"));
  await denied(assume(emulator, member.roleArn, {}, mayNot));
});

for (const key of ["aws:ResourceAccount", "s3:ResourceAccount"]) {
  test(`${key} is the account that owns the bucket, not the caller's`, async () => {
    const both = [objects(OWN), objects(THEIRS)];
    const only = (account: string) => ({ StringEquals: { [key]: account } });
    const ours = await actingWith(emulator, allow("s3:PutObject", both, only(ACCOUNT)));
    await put(ours, OWN);
    await denied(put(ours, THEIRS));
    const theirs = await actingWith(emulator, allow("s3:PutObject", both, only(member.account)));
    await put(theirs, THEIRS);
    await denied(put(theirs, OWN));
    const Deny = { ...allow("*", "*", { StringNotEquals: { [key]: ACCOUNT } }), Effect: "Deny" };
    const notTheirs = await actingWith(emulator, allow("s3:PutObject", both), Deny);
    await put(notTheirs, OWN);
    await denied(put(notTheirs, THEIRS));
  });
}

/** What a put does besides, and the action that AWS wants for it too. */
const BESIDES: Readonly<Record<string, Partial<PutObjectCommandInput>>> = {
  "s3:PutObjectTagging": { Tagging: "team=a" },
  "s3:PutObjectAcl": { ACL: "bucket-owner-full-control" },
};

for (const [action, change] of Object.entries(BESIDES)) {
  test(`VAI-42 a put that needs ${action} too is denied without it`, async () => {
    const plain = await actingWith(emulator, allow("s3:PutObject", objects(OWN)));
    await put(plain, OWN);
    await denied(put(plain, OWN, change));
    const both = await actingWith(emulator, allow(["s3:PutObject", action], objects(OWN)));
    await put(both, OWN, change);
  });
}

test("a read of a stranger's bucket is checked against its owner too", async () => {
  const condition = { StringEquals: { "aws:ResourceAccount": ACCOUNT } };
  await put(member.clients, THEIRS);
  const anywhere = await actingWith(emulator, allow("s3:GetObject", objects(THEIRS)));
  const read = { Bucket: THEIRS, Key: "a/b" };
  await anywhere.s3.send(new GetObjectCommand(read));
  const ours = await actingWith(emulator, allow("s3:GetObject", objects(THEIRS), condition));
  await denied(ours.s3.send(new GetObjectCommand(read)));
});

test("VAI-42 a derived session stays out of a bucket that somebody else made under the listed name", async () => {
  const resources = [objects(THEIRS, "a/b")];
  const step = { type: "aws", id: "w", actions: ["s3:PutObject"], resources } as const;
  const now = Math.floor(Date.now() / 1000);
  const policyFor = (account: string) =>
    sessionPolicy({
      step: { ...step, actions: [...step.actions], parameters: "unbounded" },
      ...{ account, region: "us-east-1", nbf: now - 60, exp: now + 600 },
    });
  const { arn } = await makeRole(emulator, [allow("*", "*")]);
  const as = async (policy: object) =>
    (await assume(emulator, arn, { Policy: JSON.stringify(policy) })).clients;
  const derived = policyFor(ACCOUNT);
  await denied(put(await as(derived), THEIRS));
  // The twin: nothing but the owner keeps it out.
  await put(await as(policyFor(member.account)), THEIRS);
  const without = derived.Statement.filter((each) => !JSON.stringify(each).includes("ResourceAcc"));
  const bare = { Effect: "Allow", Action: "s3:PutObject", Resource: resources };
  await put(await as({ ...derived, Statement: [bare, ...without] }), THEIRS);
  const halves = { ...derived, Statement: [...derived.Statement.slice(0, -1), bare] };
  await put(await as(halves), THEIRS);
});

test("the expected owner of a bucket is compared with the owner", async () => {
  const wide = await actingWith(emulator, allow(["s3:PutObject", "s3:GetObject"], "*"));
  await put(wide, OWN, { ExpectedBucketOwner: ACCOUNT });
  await denied(put(wide, OWN, { ExpectedBucketOwner: member.account }));
  await put(wide, THEIRS, { ExpectedBucketOwner: member.account });
  await denied(put(wide, THEIRS, { ExpectedBucketOwner: ACCOUNT }));
  const head = { Bucket: OWN, Key: "a/b" };
  await wide.s3.send(new HeadObjectCommand({ ...head, ExpectedBucketOwner: ACCOUNT }));
  const wrong = new HeadObjectCommand({ ...head, ExpectedBucketOwner: member.account });
  // A HEAD has no body, so the SDK knows no more of the error than its status.
  const isForbidden = (error: S3ServiceException) => error.$metadata.httpStatusCode === 403;
  await assert.rejects(wide.s3.send(wrong), isForbidden);
});

test("a key is authorized as it is written: slashes are not folded", async () => {
  const one = await actingWith(emulator, allow("s3:PutObject", objects(OWN, "a/b")));
  await put(one, OWN);
  for (const Key of ["a//b", "/a/b", "a/b/", "a/./b", "a/c/../b", "a%2Fb"])
    await denied(put(one, OWN, { Key }), Key);
  const other = await actingWith(emulator, allow("s3:PutObject", objects(OWN, "a//b c+d")));
  await put(other, OWN, { Key: "a//b c+d" });
  await denied(put(other, OWN, { Key: "a/b c+d" }));
});

test("a parameter is authorized by its one ARN, read by it and put by its name", async () => {
  const { ssm } = emulator.deployer;
  const arn = (name: string) => `arn:aws:ssm:us-east-1:${ACCOUNT}:parameter/${name}`;
  const names = { limit: "limit", "/checkout/limit": "checkout/limit" };
  for (const [Name, tail] of Object.entries(names)) {
    const created = { Name, Value: "1", Type: "String" } as const;
    await ssm.send(new PutParameterCommand(created));
    const may = await actingWith(
      emulator,
      allow(["ssm:GetParameter", "ssm:PutParameter"], arn(tail)),
    );
    const { Parameter } = await may.ssm.send(new GetParameterCommand({ Name: arn(tail) }));
    assert.deepEqual([Parameter?.Name, Parameter?.ARN], [Name, arn(tail)]);
    await may.ssm.send(new PutParameterCommand({ Name, Value: "2", Overwrite: true }));
    await denied(may.ssm.send(new GetParameterCommand({ Name: arn("other") })));
    const other = { Name: "/checkout/other", Value: "2", Overwrite: true };
    await denied(may.ssm.send(new PutParameterCommand(other)));
  }
});
