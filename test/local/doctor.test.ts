import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  CreateTableCommand,
  DeleteResourcePolicyCommand,
  DeleteTableCommand,
  GetResourcePolicyCommand,
  PutResourcePolicyCommand,
} from "@aws-sdk/client-dynamodb";
import {
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DeleteUserPolicyCommand,
  GetRoleCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { GetKeyPolicyCommand, PutKeyPolicyCommand } from "@aws-sdk/client-kms";
import {
  GetFunctionConcurrencyCommand,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionUrlConfigCommand,
} from "@aws-sdk/client-lambda";
import { groundOf } from "../../lib/aws/inspect/ground.ts";
import { runCli } from "../../lib/cli/program.ts";
import type { Finding } from "../../lib/doctor/finding.ts";
import { preflightPermissions } from "../../lib/doctor/preflight/permissions.ts";
import { preflight as lookAhead } from "../../lib/doctor/preflight/preflight.ts";
import type { RepairPlan } from "../../lib/doctor/repair/plan.ts";
import type { AwsCredentials } from "../../localstack/machine/start-processes.ts";
import { EXAMPLE, templateOf } from "../infra/support/synthesise.ts";
import { KEYS } from "../support/keys.ts";
import { document, temporaryUser } from "../support/local/iam.ts";
import { type Damage, OPENED } from "../support/local/opened.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { runCall } from "../support/local/run-call.ts";
import { ownTemporary } from "../support/local/state.ts";

const MAIN = join(import.meta.dirname, "../../lib/cli/main.js");

interface Report {
  readonly code: number;
  readonly findings: readonly Finding[];
}

async function doctor(
  outputs: string,
  ...args: readonly string[]
): Promise<{ code: number; out: string }> {
  const out: string[] = [];
  const code = await runCli(["doctor", ...args], {
    out: (text) => out.push(text),
    err: (text) => out.push(text),
    environment: { VAI_OUTPUTS: outputs },
    isTerminal: false,
  });
  return { code, out: out.join("\n") };
}

async function examined(outputs: string): Promise<Report> {
  const { code, out } = await doctor(outputs, "--json");
  return { code, findings: JSON.parse(out).findings };
}

const of = ({ findings }: Report, status: Finding["status"]): readonly Finding[] =>
  findings.filter((finding) => finding.status === status);

/** The outputs of the deployment with other credentials to look with. */
function outputsFor(t: TestContext, plane: LocalPlane, looking: AwsCredentials): string {
  const folder = mkdtempSync(join(ownTemporary(), "doctor-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const outputs = JSON.parse(readFileSync(plane.outputsFile, "utf8"));
  const file = join(folder, "outputs.json");
  const credentials = { ...outputs.credentials, deployer: looking };
  writeFileSync(file, JSON.stringify({ ...outputs, credentials }));
  return file;
}

/** Somebody who may do exactly what a policy says. */
async function somebodyWith(t: TestContext, plane: LocalPlane, PolicyDocument: string) {
  return outputsFor(t, plane, await somebody(t, plane, PolicyDocument));
}

async function somebody(t: TestContext, plane: LocalPlane, PolicyDocument: string) {
  const { arn, credentials } = await temporaryUser(t, plane);
  const UserName = arn.slice(arn.lastIndexOf("/") + 1);
  const only = { UserName, PolicyName: "assumes", PolicyDocument };
  await plane.deployer.iam.send(new PutUserPolicyCommand(only));
  return credentials;
}

test("USR-12 the deployed stack is in order, as its deployer sees it", async () => {
  const plane = await localPlane();
  const report = await examined(plane.outputsFile);
  assert.deepEqual([of(report, "problem"), of(report, "unseen")], [[], []]);
  assert.equal(report.code, 0);
  const { code, out } = await doctor(plane.outputsFile, "--problems");
  assert.deepEqual([code, out.split("\n").length], [0, 1]);
});

test("USR-12 the printed permissions are enough to see everything, and change nothing", async (t) => {
  const plane = await localPlane();
  const permissions = (await doctor(plane.outputsFile, "--permissions")).out;
  const actions: string[] = JSON.parse(permissions).Statement.flatMap(
    ({ Action }: { Action: string[] }) => Action,
  );
  assert.ok(actions.length > 10);
  assert.ok(
    actions.every((action) => /:(Get|List|Describe|BatchGet)[A-Za-z]*$/.test(action)),
    permissions,
  );
  const report = await examined(await somebodyWith(t, plane, permissions));
  assert.deepEqual(
    report.findings.filter(({ status }) => status !== "ok"),
    [],
  );
  assert.equal(report.code, 0);
});

test("USR-12 each permission is needed: without it something is not seen, and the missing one is named", async (t) => {
  const plane = await localPlane();
  const policy = JSON.parse((await doctor(plane.outputsFile, "--permissions")).out);
  for (const [index, { Action }] of policy.Statement.entries()) {
    for (const action of Action as string[]) {
      const less = structuredClone(policy);
      less.Statement[index].Action = Action.filter((each: string) => each !== action);
      if (Action.length === 1) less.Statement.splice(index, 1);
      const report = await examined(await somebodyWith(t, plane, JSON.stringify(less)));
      assert.deepEqual([report.code, of(report, "problem")], [3, []], action);
      const told = of(report, "unseen").map(({ text }) => text);
      assert.ok(
        told.some((text) => text.includes(action)),
        `${action} is not named`,
      );
    }
  }
});

const ROLE = { RoleName: "vai-local-exec-lambda" };
const evidenceArn = ({ outputs }: LocalPlane): string =>
  `arn:aws:dynamodb:${outputs.region}:${outputs.account}:table/${outputs.tables.evidence}`;

const DAMAGES: readonly Damage[] = [
  {
    what: "a removed boundary",
    named: /role vai-local-exec-lambda: has no permissions boundary/,
    make: async ({ deployer: { iam } }) => {
      const { Role } = await iam.send(new GetRoleCommand(ROLE));
      const PermissionsBoundary = Role?.PermissionsBoundary?.PermissionsBoundaryArn ?? "";
      await iam.send(new DeleteRolePermissionsBoundaryCommand(ROLE));
      const back = { ...ROLE, PermissionsBoundary };
      return () => iam.send(new PutRolePermissionsBoundaryCommand(back));
    },
  },
  {
    what: "a loosened trust policy",
    named: /role vai-local-exec-lambda: its trust policy lets others in: .*:root/,
    make: async ({ deployer: { iam }, outputs: { account } }) => {
      const { Role } = await iam.send(new GetRoleCommand(ROLE));
      const before = decodeURIComponent(Role?.AssumeRolePolicyDocument ?? "");
      const trust = JSON.parse(before);
      const Principal = { AWS: `arn:aws:iam::${account}:root` };
      trust.Statement.push({ Effect: "Allow", Principal, Action: "sts:AssumeRole" });
      const put = (PolicyDocument: string) =>
        iam.send(new UpdateAssumeRolePolicyCommand({ ...ROLE, PolicyDocument }));
      await put(JSON.stringify(trust));
      return () => put(before);
    },
  },
  {
    what: "a dropped table policy",
    named: /table vai-local-evidence: has no resource policy/,
    make: async (plane) => {
      const { dynamoDb } = plane.deployer;
      const ResourceArn = evidenceArn(plane);
      const { Policy } = await dynamoDb.send(new GetResourcePolicyCommand({ ResourceArn }));
      await dynamoDb.send(new DeleteResourcePolicyCommand({ ResourceArn }));
      return () => dynamoDb.send(new PutResourcePolicyCommand({ ResourceArn, Policy }));
    },
  },
  ...(["state", "registry"] as const).map(
    (use): Damage => ({
      what: `a dropped policy of ${use}`,
      named: new RegExp(`table vai-local-${use}: has no resource policy`),
      make: async ({ deployer: { dynamoDb }, outputs }) => {
        const name = outputs.tables[use];
        const ResourceArn = `arn:aws:dynamodb:${outputs.region}:${outputs.account}:table/${name}`;
        const { Policy } = await dynamoDb.send(new GetResourcePolicyCommand({ ResourceArn }));
        await dynamoDb.send(new DeleteResourcePolicyCommand({ ResourceArn }));
        return () => dynamoDb.send(new PutResourcePolicyCommand({ ResourceArn, Policy }));
      },
    }),
  ),
  {
    what: "a watch that was switched off",
    named: /event source of vai-local-watch: is Disabled: .*no alarm/,
    make: async ({ deployer: { lambda } }) => {
      const FunctionName = "vai-local-watch";
      const list = new ListEventSourceMappingsCommand({ FunctionName });
      const [{ UUID } = {}] = (await lambda.send(list)).EventSourceMappings ?? [];
      const set = (Enabled: boolean) =>
        lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
      await set(false);
      return () => set(true);
    },
  },
  {
    what: "a function that may not run",
    named: /function vai-local-issue: its reserved concurrency is 0/,
    make: async ({ deployer: { lambda }, outputs }) => {
      const FunctionName = outputs.functions.issue;
      const put = (ReservedConcurrentExecutions: number) =>
        lambda.send(
          new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }),
        );
      const before = await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }));
      await put(0);
      return () => put(before.ReservedConcurrentExecutions ?? 0);
    },
  },
  {
    what: "a key policy that delegates signing",
    named: /key evidence .*: its policy lets others sign: .*administrator/,
    make: async ({ deployer: { kms }, outputs }) => {
      const { evidenceKeyId: KeyId, account } = outputs;
      const { Policy = "" } = await kms.send(new GetKeyPolicyCommand({ KeyId }));
      const policy = JSON.parse(Policy);
      const Principal = { AWS: `arn:aws:iam::${account}:root` };
      policy.Statement = [
        ...policy.Statement.filter(({ Effect }: { Effect: string }) => Effect === "Allow"),
        { Effect: "Allow", Principal, Action: "kms:*", Resource: "*" },
      ];
      const put = (text: string) => kms.send(new PutKeyPolicyCommand({ KeyId, Policy: text }));
      await put(JSON.stringify(policy));
      return () => put(Policy);
    },
  },
  {
    what: "a Function URL that asks for nothing",
    named: /function vai-local-issue: its URL has auth type NONE/,
    make: async ({ deployer: { lambda }, outputs }) => {
      const FunctionName = outputs.functions.issue;
      const put = (AuthType: "NONE" | "AWS_IAM") =>
        lambda.send(new UpdateFunctionUrlConfigCommand({ FunctionName, AuthType }));
      await put("NONE");
      return () => put("AWS_IAM");
    },
  },
];

for (const { what, named, make } of [...DAMAGES, ...OPENED]) {
  test(`USR-12 ${what} on the deployed stack is named, nothing else is accused, and the printed calls put it back`, async (t) => {
    const plane = await localPlane();
    const mend = await make(plane);
    t.after(mend);
    const report = await examined(plane.outputsFile);
    assert.equal(report.code, 1);
    const problems = of(report, "problem");
    const said = problems.map(({ subject, text }) => `${subject}: ${text}`);
    assert.ok(
      said.some((each) => named.test(each)),
      said.join("\n"),
    );
    assert.equal(new Set(problems.map(({ subject }) => subject)).size, 1, said.join("\n"));
    assert.ok(problems.every(({ next }) => (next ?? "").length > 10));
    await repair(plane);
    const after = await examined(plane.outputsFile);
    assert.deepEqual([of(after, "problem"), of(after, "unseen")], [[], []]);
  });
}

/** Runs what `vai doctor --repair-plan` prints, by the calls that its lines are made of. */
async function repair(plane: LocalPlane): Promise<void> {
  const { code, out } = await doctor(plane.outputsFile, "--repair-plan", "--json");
  const plan: RepairPlan = JSON.parse(out);
  assert.deepEqual([code, plan.byHand, plan.unseen], [1, [], []]);
  for (const call of plan.calls) await runCall(plane.deployer, call);
  const text = (await doctor(plane.outputsFile, "--repair-plan")).out;
  assert.match(text, /nothing that a call puts back/, "what was printed is done");
}

/** What a look for ways around says of one principal. */
async function waysOf(outputs: string, subject: string): Promise<readonly Finding[]> {
  const { out } = await doctor(outputs, "--ways-around", "--json");
  const { findings } = JSON.parse(out) as { findings: readonly Finding[] };
  return findings.filter((finding) => finding.subject === subject);
}

test("VAI-15 an agent with a right of its own on a target is found on the local AWS, and without it has no way around", async (t) => {
  const plane = await localPlane();
  const { outputs, outputsFile, deployer } = plane;
  const ways = () => waysOf(outputsFile, "user/agent");
  const [clean, ...more] = await ways();
  assert.deepEqual([clean?.status, more], ["ok", []]);
  const policy = { UserName: "agent", PolicyName: "direct" };
  t.after(() => deployer.iam.send(new DeleteUserPolicyCommand(policy)));
  for (const [Action, Resource] of [
    ["s3:PutObject", `arn:aws:s3:::sample-objects-${outputs.account}-${outputs.region}/*`],
    ["dynamodb:UpdateItem", `arn:aws:dynamodb:*:${outputs.account}:table/sample-settings`],
  ] as const) {
    const PolicyDocument = document({ Effect: "Allow", Action, Resource });
    await deployer.iam.send(new PutUserPolicyCommand({ ...policy, PolicyDocument }));
    const [found] = await ways();
    assert.equal(found?.status, "problem");
    assert.ok(found?.text.includes(`(${Action})`), found?.text);
  }
  const [who] = await waysOf(outputsFile, "user/deployer");
  assert.match(who?.text ?? "", /^one of the deployment's administrators: can reach/);
});

test("USR-12 a look for ways around needs the permissions that it prints, and names one that is missing", async (t) => {
  const plane = await localPlane();
  const looking = ["--ways-around", "--permissions"];
  const policy = JSON.parse((await doctor(plane.outputsFile, ...looking)).out);
  const told = async (text: object) => {
    const file = await somebodyWith(t, plane, JSON.stringify(text));
    const { out } = await doctor(file, "--ways-around", "--json");
    const { findings } = JSON.parse(out) as { findings: readonly Finding[] };
    return findings.filter(({ status }) => status === "unseen").map((finding) => finding.text);
  };
  const lacks = (texts: readonly string[]) => texts.filter((each) => /you lack/.test(each));
  assert.deepEqual(lacks(await told(policy)), []);
  const added = ["TargetPolicies", "Account", "PoliciesOfAws"];
  for (const [index, { Sid, Action }] of policy.Statement.entries()) {
    for (const action of added.includes(Sid) ? (Action as string[]) : []) {
      const less = structuredClone(policy);
      less.Statement[index].Action = Action.filter((each: string) => each !== action);
      if (Action.length === 1) less.Statement.splice(index, 1);
      assert.ok(
        lacks(await told(less)).some((each) => each.includes(action)),
        `${action} is not named`,
      );
    }
  }
});

/** Runs `vai doctor --preflight` as a person does, in a process of its own, whose environment says where AWS is. */
async function preflight(plane: LocalPlane, deployment: object, who: AwsCredentials) {
  const folder = mkdtempSync(join(ownTemporary(), "preflight-"));
  const file = join(folder, "deployment.json");
  writeFileSync(file, JSON.stringify(deployment));
  const args = ["doctor", "--preflight", "--deployment", file, "--json"];
  const child = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: "utf8",
    env: {
      PATH: process.env["PATH"],
      AWS_ENDPOINT_URL: plane.outputs.endpoint,
      AWS_REGION: plane.outputs.region,
      AWS_ACCESS_KEY_ID: who.accessKeyId,
      AWS_SECRET_ACCESS_KEY: who.secretAccessKey,
    },
  });
  rmSync(folder, { recursive: true, force: true });
  if (child.stdout === "") return { code: child.status, said: child.stderr, findings: [] };
  const { findings } = JSON.parse(child.stdout) as { findings: readonly Finding[] };
  const said = findings.map(({ status, subject, text }) => `${status} ${subject}: ${text}`);
  return { code: child.status, said: said.join("\n"), findings };
}

test("USR-12 a preflight says before anything is made what the local account lacks, and that it is ready", async (t) => {
  const plane = await localPlane();
  const { deployer } = plane.outputs.credentials;
  const { account, region } = plane.outputs;
  const targets = {
    "ssm:PutParameter": [`arn:aws:ssm:${region}:${account}:parameter/sample-limit`],
  };
  const administrators = [`arn:aws:iam::${account}:role/platform`];
  const deployment = { name: "second", anchors: [KEYS.anchor.jwk], administrators, targets };
  // The role of CloudFormation has rights on AWS; the local one needs none, and has none.
  const RoleName = `cdk-hnb659fds-cfn-exec-role-${account}-${region}`;
  const policy = { RoleName, PolicyName: "all" };
  const { iam } = plane.deployer;
  const TableName = "vai-second-evidence";
  const dynamoDb = plane.deployer.dynamoDb;
  await dynamoDb.send(
    new CreateTableCommand({
      ...{ TableName, BillingMode: "PAY_PER_REQUEST" },
      AttributeDefinitions: [{ AttributeName: "a", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "a", KeyType: "HASH" }],
    }),
  );
  const remove = () => dynamoDb.send(new DeleteTableCommand({ TableName })).catch(() => undefined);
  t.after(remove);
  const many = { ...deployment, concurrency: { issue: 900, execute: 50, govern: 2 } };
  const unready = await preflight(plane, many, deployer);
  assert.equal(unready.code, 1);
  assert.match(unready.said, /^problem CloudFormation's role: do not allow iam:CreateRole/m);
  assert.match(unready.said, /^problem concurrent executions: 970 are to be reserved/m);
  assert.match(unready.said, /^problem table vai-second-evidence: is there already/m);
  await remove();
  await iam.send(
    new PutRolePolicyCommand({
      ...{ ...policy, PolicyDocument: document({ Effect: "Allow", Action: "*", Resource: "*" }) },
    }),
  );
  t.after(() => iam.send(new DeleteRolePolicyCommand(policy)));
  const ready = await preflight(plane, deployment, deployer);
  assert.deepEqual([ready.code, ready.findings.filter(({ status }) => status !== "ok")], [0, []]);
  const bad = await preflight(plane, { ...deployment, nam: "x" }, deployer);
  assert.equal(bad.code, 2);
  assert.match(bad.said, /is not a deployment description: .*\/nam: unknown/);
});

test("USR-12 a preflight needs the permissions that it prints, and names one that is missing", async (t) => {
  const plane = await localPlane();
  const { account, region, endpoint } = plane.outputs;
  const role = (name: string) =>
    `arn:aws:iam::${account}:role/cdk-hnb659fds-${name}-role-${account}-${region}`;
  const synthesised = {
    // The stack that is there, so that all of it is looked at.
    ...{ stackName: "vai-local", template: templateOf(EXAMPLE).toJSON() },
    ...{ deployRole: role("deploy"), executionRole: role("cfn-exec") },
    bootstrap: { parameter: "/cdk-bootstrap/hnb659fds/version", version: 6 },
  };
  const unseen = async (Statement: object[]) => {
    const policy = JSON.stringify({ Version: "2012-10-17", Statement });
    const credentials = await somebody(t, plane, policy);
    const findings = await lookAhead(synthesised, groundOf({ region, endpoint, credentials }));
    return findings.filter(({ status }) => status === "unseen").map(({ text }) => text);
  };
  const [{ Action, ...rest }] = preflightPermissions().Statement as [{ Action: string[] }];
  assert.deepEqual(await unseen([{ ...rest, Action }]), []);
  // The local AWS answers this one to everybody; test/doctor/preflight.test.ts shows what is said without it.
  for (const action of Action.filter((each) => each !== "lambda:GetAccountSettings")) {
    const less = { ...rest, Action: Action.filter((each) => each !== action) };
    const told = await unseen([less]);
    assert.ok(
      told.some((text) => text.includes(action)),
      `${action} is not named`,
    );
  }
});

test("USR-12 a deployment that nobody answers for is unreachable, not in order", async (t) => {
  const plane = await localPlane();
  const outputs = JSON.parse(readFileSync(plane.outputsFile, "utf8"));
  const folder = mkdtempSync(join(ownTemporary(), "doctor-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "outputs.json");
  writeFileSync(file, JSON.stringify({ ...outputs, endpoint: "http://127.0.0.1:9" }));
  const { code, out } = await doctor(file);
  assert.equal(code, 4);
  assert.match(out, /sts:GetCallerIdentity at http:\/\/127\.0\.0\.1:9 .*nobody answers/);
});
