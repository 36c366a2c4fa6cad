import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { CreateStackCommand, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { CreateTableCommand, DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import {
  CreatePolicyCommand,
  ListRolesCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  DeleteAliasCommand,
  DeleteFunctionConcurrencyCommand,
  GetAliasCommand,
  GetFunctionCommand,
  InvokeCommand,
  ListAliasesCommand,
  PutFunctionConcurrencyCommand,
  UpdateAliasCommand,
} from "@aws-sdk/client-lambda";
import {
  type Credentials,
  GetCallerIdentityCommand,
  GetScopedCredentialsCommand,
  type GetScopedCredentialsCommandInput,
} from "@aws-sdk/client-sts";
import { clientsFor } from "../../localstack/deploy/clients.ts";
import { requireAll, selfTest } from "../../localstack/deploy/self-test.ts";
import { isRunning, startTimeOf } from "../../localstack/machine/processes.ts";
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
const DEPLOYER = `arn:aws:iam::${ACCOUNT}:user/deployer`;
const functionArn = (name: string) => `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${name}`;
const tableArn = (name: string) => `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/${name}`;

let emulator: RunningEmulator;
/** Environment of a running function, its pid among it. */
let inside: Record<string, string>;

before(async () => {
  emulator = await startEmulator();
  await Promise.all([createTable("one"), createTable("two"), createFunctions()]);
  const invoked = new InvokeCommand({ FunctionName: "first" });
  const { Payload } = await emulator.deployer.lambda.send(invoked);
  inside = JSON.parse(Buffer.from(Payload ?? []).toString());
});

after(() => emulator?.stop());

function createTable(TableName: string) {
  return emulator.deployer.dynamoDb.send(
    new CreateTableCommand({
      ...{ TableName, BillingMode: "PAY_PER_REQUEST" },
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    }),
  );
}

/** Two functions that answer with their environment, each with a version and an alias `live`. */
async function createFunctions(): Promise<void> {
  const trust = {
    Effect: "Allow",
    Principal: { Service: "lambda.amazonaws.com" },
    Action: "sts:AssumeRole",
  };
  const inFirst = { ArnEquals: { "lambda:SourceFunctionArn": functionArn("first") } };
  const role = await makeRole(
    emulator,
    [
      allow("dynamodb:DescribeTable", "*"),
      allow(["iam:ListRoles", "lambda:GetFunction"], "*", inFirst),
    ],
    [trust],
  );
  const ZipFile =
    "exports.handler = async () => { console.log('run'); return { ...process.env, PID: String(process.pid) }; };";
  const resources = ["first", "second"].map((FunctionName) => ({
    [FunctionName]: {
      Type: "AWS::Lambda::Function",
      Properties: {
        FunctionName,
        Role: role.arn,
        Runtime: "nodejs24.x",
        Handler: "index.handler",
        Code: { ZipFile },
      },
    },
    [`${FunctionName}Version`]: {
      Type: "AWS::Lambda::Version",
      Properties: { FunctionName: { Ref: FunctionName } },
    },
    [`${FunctionName}Live`]: {
      Type: "AWS::Lambda::Alias",
      Properties: {
        ...{ FunctionName: { Ref: FunctionName }, Name: "live" },
        FunctionVersion: { "Fn::GetAtt": [`${FunctionName}Version`, "Version"] },
      },
    },
  }));
  const TemplateBody = JSON.stringify({ Resources: Object.assign({}, ...resources) });
  const { cloudFormation } = emulator.deployer;
  await cloudFormation.send(new CreateStackCommand({ StackName: "functions", TemplateBody }));
  for (;;) {
    const described = await cloudFormation.send(
      new DescribeStacksCommand({ StackName: "functions" }),
    );
    const { StackStatus = "", StackStatusReason } = described.Stacks?.[0] ?? {};
    if (StackStatus === "CREATE_COMPLETE") return;
    assert.equal(StackStatus, "CREATE_IN_PROGRESS", StackStatusReason);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const NARROW = "sts:GetScopedCredentials";
const cut = (input: GetScopedCredentialsCommandInput) => new GetScopedCredentialsCommand(input);
/** Clients that act as a cut session. */
const clientsOf = ({
  AccessKeyId = "",
  SecretAccessKey = "",
  SessionToken = "",
}: Partial<Credentials> = {}) =>
  clientsFor({
    endpoint: emulator.access.endpoint,
    credentials: {
      ...{ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey },
      sessionToken: SessionToken,
    },
  });
const NOTHING = document({ Effect: "Deny", Action: "*", Resource: "*" });

test("VAI-115 a session is narrowed if it is allowed to, and not under a Deny of its tag", async () => {
  const RoleName = (
    await makeRole(emulator, [
      allow(NARROW, "*"),
      {
        ...{ Effect: "Deny", Action: "*", Resource: "*" },
        Condition: { StringEquals: { "aws:PrincipalTag/vai-identity": ["vai-denied"] } },
      },
    ])
  ).arn;
  const as = async (Value: string) =>
    (await assume(emulator, RoleName, { Tags: [{ Key: "vai-identity", Value }] })).clients.sts;
  const [free, bound] = [await as("vai-free"), await as("vai-denied")];
  await denied(bound.send(cut({ Policy: NOTHING, DurationSeconds: 1 })));
  const { Credentials, SessionInfo } = await free.send(
    cut({ Policy: NOTHING, DurationSeconds: 900 }),
  );
  const { Arn } = await free.send(new GetCallerIdentityCommand({}));
  assert.equal(SessionInfo?.Arn, Arn);
  const narrowed = clientsOf(Credentials);
  assert.equal((await narrowed.sts.send(new GetCallerIdentityCommand({}))).Arn, Arn);
  await denied(narrowed.sts.send(cut({ DurationSeconds: 1 })), "its policy allows nothing");
});

/** What AWS refuses of a cut, by the front door or for the session that asks. */
const NO_CUT: readonly (readonly [GetScopedCredentialsCommandInput, name: RegExp])[] = [
  [{}, /ValidationError/],
  [{ DurationSeconds: 0 }, /ValidationError/],
  [{ DurationSeconds: 129_601 }, /ValidationError/],
  [{ Policy: NOTHING + " ".repeat(2_048) }, /ValidationError/],
  [{ Policy: "no policy" }, /MalformedPolicyDocument/],
  [{ DurationSeconds: 901 }, /InsufficientSessionLifetime/],
  [{ DurationSeconds: 1, MinimumSessionTokenSize: 4_096 }, /NotImplemented/],
];

test("VAI-116 a cut session ends when it was cut to and never after the one that it was cut from, and no cut is wider than AWS takes", async (t) => {
  const { arn } = await makeRole(emulator, [allow(NARROW, "*")]);
  const whole = await assume(emulator, arn, { DurationSeconds: 900 });
  const end = whole.answer.Credentials?.Expiration?.getTime() ?? 0;
  const { sts } = whole.clients;
  for (const [input, name] of NO_CUT) {
    await t.test(JSON.stringify(input).slice(0, 80), () =>
      assert.rejects(sts.send(cut(input)), { name }),
    );
  }
  const endOf = async (input: GetScopedCredentialsCommandInput) =>
    (await sts.send(cut(input))).Credentials?.Expiration?.getTime() ?? 0;
  assert.equal(await endOf({ Policy: NOTHING }), end);
  const asked = Date.now();
  const short = await endOf({ DurationSeconds: 20 });
  assert.ok(short > asked + 18_000 && short <= Date.now() + 20_000, String(short - asked));
});

/** Session policy, first cut, second cut: a call needs the Allow of every one and of the role. */
const BOTH = allow("dynamodb:DescribeTable", [tableArn("one"), tableArn("two")]);
const NARROWING = allow(NARROW, "*");
const ONE = allow("dynamodb:DescribeTable", tableArn("one"));
const LAYERS: readonly (readonly [layers: readonly string[], one: boolean, two: boolean])[] = [
  [[document(BOTH, NARROWING)], true, true],
  [[document(ONE, NARROWING), document(BOTH)], true, false],
  [[document(BOTH, NARROWING), document(ONE)], true, false],
  [[document(BOTH, NARROWING), document(allow("*", "*")), document(ONE)], true, false],
  [[document(BOTH, NARROWING), document(ONE, NARROWING), document(BOTH)], true, false],
  [[document(ONE, NARROWING), document(NARROWING), document(BOTH)], false, false],
  [
    [
      document(BOTH, NARROWING),
      document(allow("*", "*"), {
        Effect: "Deny",
        Action: "dynamodb:*",
        Resource: tableArn("two"),
      }),
    ],
    true,
    false,
  ],
];

test("VAI-47 each cut is an intersection of its own with the role's policies and the session policy", async () => {
  const { arn } = await makeRole(emulator, [BOTH, NARROWING]);
  for (const [[Policy, ...cuts], ...expected] of LAYERS) {
    let as = (await assume(emulator, arn, { Policy })).clients;
    for (const each of cuts) as = clientsOf((await as.sts.send(cut({ Policy: each }))).Credentials);
    const seen = ["one", "two"].map((TableName) =>
      as.dynamoDb.send(new DescribeTableCommand({ TableName })).then(
        () => true,
        () => false,
      ),
    );
    assert.deepEqual(await Promise.all(seen), expected, JSON.stringify([Policy, ...cuts]));
  }
});

test("VAI-115 a cut session keeps ARN, tags and source identity, so that a Deny of its tag reaches it too", async () => {
  const { arn, name } = await makeRole(emulator, [NARROWING, ONE]);
  const whole = await assume(emulator, arn, {
    ...{ RoleSessionName: "vai-cut", SourceIdentity: "vai-cut" },
    Tags: [{ Key: "vai-identity", Value: "vai-cut" }],
  });
  const answer = await whole.clients.sts.send(cut({ DurationSeconds: 60 }));
  assert.equal(answer.SourceIdentity, "vai-cut");
  assert.equal(answer.SessionInfo?.Arn, whole.answer.AssumedRoleUser?.Arn);
  const { dynamoDb } = clientsOf(answer.Credentials);
  const describe = () => dynamoDb.send(new DescribeTableCommand({ TableName: "one" }));
  await describe();
  await emulator.deployer.iam.send(
    new PutRolePolicyCommand({
      ...{ RoleName: name, PolicyName: "revocations" },
      PolicyDocument: document({
        ...{ Effect: "Deny", Action: "*", Resource: "*" },
        Condition: {
          StringEquals: {
            "aws:PrincipalTag/vai-identity": "vai-cut",
            "aws:SourceIdentity": "vai-cut",
          },
        },
      }),
    }),
  );
  await denied(describe());
});

test("VAI-115 who has no Allow, or no temporary credentials, cuts nothing", async () => {
  const { clients: poor } = await assume(emulator, (await makeRole(emulator, [])).arn);
  await denied(poor.sts.send(cut({ DurationSeconds: 1 })));
  await denied(emulator.deployer.sts.send(cut({ DurationSeconds: 1 })));
  const { arn } = await makeRole(emulator, [allow("*", "*")]);
  const Policy = document(ONE);
  await denied(
    (await assume(emulator, arn, { Policy })).clients.sts.send(cut({ DurationSeconds: 1 })),
  );
});

test("alias and concurrency calls have their own action names", async () => {
  const mayUpdate = await actingWith(emulator, allow("lambda:UpdateAlias", functionArn("first")));
  const alias = (FunctionName: string) => ({ FunctionName, Name: "live" });
  await mayUpdate.lambda.send(new UpdateAliasCommand({ ...alias("first"), Description: "x" }));
  await denied(
    mayUpdate.lambda.send(new UpdateAliasCommand({ ...alias("second"), Description: "x" })),
  );
  await denied(mayUpdate.lambda.send(new GetAliasCommand(alias("first"))));
  await denied(mayUpdate.lambda.send(new DeleteAliasCommand(alias("first"))));
  const mayGet = await actingWith(emulator, allow("lambda:GetAlias", functionArn("first")));
  await mayGet.lambda.send(new GetAliasCommand(alias("first")));
  await denied(mayGet.lambda.send(new ListAliasesCommand({ FunctionName: "first" })));
  await denied(mayGet.lambda.send(new UpdateAliasCommand({ ...alias("first"), Description: "x" })));
  const mayReserve = await actingWith(
    emulator,
    allow("lambda:PutFunctionConcurrency", functionArn("second")),
  );
  const second = { FunctionName: "second" };
  await mayReserve.lambda.send(
    new PutFunctionConcurrencyCommand({ ...second, ReservedConcurrentExecutions: 2 }),
  );
  await denied(mayReserve.lambda.send(new DeleteFunctionConcurrencyCommand(second)));
});

test("invoking with a qualifier is authorized on the qualified function", async () => {
  const { lambda } = await actingWith(
    emulator,
    allow("lambda:InvokeFunction", functionArn("first")),
  );
  await lambda.send(new InvokeCommand({ FunctionName: "first" }));
  await denied(lambda.send(new InvokeCommand({ FunctionName: "second" })));
  await denied(lambda.send(new InvokeCommand({ FunctionName: "first", Qualifier: "live" })));
  const live = await actingWith(
    emulator,
    allow("lambda:InvokeFunction", `${functionArn("first")}:live`),
  );
  await live.lambda.send(new InvokeCommand({ FunctionName: "first", Qualifier: "live" }));
  await denied(live.lambda.send(new InvokeCommand({ FunctionName: "first" })));
});

test("a function runs on this Node, through the front door, as its role, and knows no root key", async () => {
  assert.ok(inside["PATH"]?.startsWith(process.execPath.replace(/\/node$/, "")));
  assert.equal(inside["AWS_ENDPOINT_URL"], emulator.access.endpoint);
  assert.match(inside["AWS_ACCESS_KEY_ID"] ?? "", /^ASIA/);
  const { root } = emulator.started;
  for (const secret of [root.accessKeyId, root.secretAccessKey]) {
    assert.ok(!JSON.stringify(inside).includes(secret));
  }
  assert.equal(inside["AWS_PROFILE"], undefined);
});

test("the credentials of a function cannot be computed from its name and role", async () => {
  const credentials = {
    accessKeyId: inside["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: inside["AWS_SECRET_ACCESS_KEY"] ?? "",
    sessionToken: inside["AWS_SESSION_TOKEN"] ?? "",
  };
  const own = clientsFor({ endpoint: emulator.access.endpoint, credentials });
  const { Arn = "" } = await own.sts.send(new GetCallerIdentityCommand({}));
  assert.match(Arn, /assumed-role\/test-[0-9a-f]+\/first$/);
  await own.dynamoDb.send(new DescribeTableCommand({ TableName: "one" }));
  const role = `arn:aws:iam::${ACCOUNT}:role/${Arn.split("/")[1]}`;
  const public_ = createHash("sha256")
    .update(`${functionArn("first")}:${role}`)
    .digest("hex");
  assert.notEqual(credentials.accessKeyId, `ASIA${public_.slice(0, 16).toUpperCase()}`);
});

test("VAI-45 what a function's code asks of IAM and of Lambda names the function too", async () => {
  const credentials = {
    accessKeyId: inside["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: inside["AWS_SECRET_ACCESS_KEY"] ?? "",
    sessionToken: inside["AWS_SESSION_TOKEN"] ?? "",
  };
  const own = clientsFor({ endpoint: emulator.access.endpoint, credentials });
  await own.iam.send(new ListRolesCommand({}));
  await own.lambda.send(new GetFunctionCommand({ FunctionName: "first" }));
});

test("a trust policy demands session name, source identity and tag, and AWS's answer names the identity", async () => {
  const like = (key: string) => ({ StringLike: { [key]: "vai-*" } });
  const statement = (Action: string, Condition: object) => ({
    ...{ Effect: "Allow", Principal: { AWS: DEPLOYER }, Action, Condition },
  });
  const tagKeys = {
    "ForAllValues:StringEquals": { "aws:TagKeys": ["vai-identity"] },
    Null: { "aws:TagKeys": "false" },
  };
  const demands = {
    StringLike: {
      "sts:RoleSessionName": "vai-*",
      "sts:SourceIdentity": "vai-*",
      "aws:RequestTag/vai-identity": "vai-*",
    },
  };
  const assumeOnly = statement("sts:AssumeRole", demands);
  const setSource = statement("sts:SetSourceIdentity", like("sts:SourceIdentity"));
  const tagging = statement("sts:TagSession", tagKeys);
  const role = await makeRole(emulator, [], [assumeOnly, setSource, tagging]);
  const tag = (Key: string, Value: string) => ({ Key, Value });
  const good = {
    RoleSessionName: "vai-1",
    SourceIdentity: "vai-1",
    Tags: [tag("vai-identity", "vai-1")],
  };
  const { answer } = await assume(emulator, role.arn, good);
  assert.equal(answer.SourceIdentity, "vai-1");
  const bad: Record<string, Parameters<typeof assume>[2]> = {
    "another session name": { ...good, RoleSessionName: "other" },
    "another source identity": { ...good, SourceIdentity: "other" },
    "no source identity": { RoleSessionName: "vai-1", Tags: good.Tags },
    "no tag": { RoleSessionName: "vai-1", SourceIdentity: "vai-1" },
    "another tag value": { ...good, Tags: [tag("vai-identity", "other")] },
    "an empty tag value": { ...good, Tags: [tag("vai-identity", "")] },
    "a second tag": { ...good, Tags: [...good.Tags, tag("more", "x")] },
    "the tag key in other letters": { ...good, Tags: [tag("Vai-Identity", "vai-1")] },
  };
  for (const [what, input] of Object.entries(bad))
    await denied(assume(emulator, role.arn, input), what);
  const withoutSet = await makeRole(emulator, [], [assumeOnly, tagging]);
  await denied(
    assume(emulator, withoutSet.arn, good),
    "setting the source identity is an action of its own",
  );
});

test("a source identity stays with the session and a later role cannot change it", async () => {
  const first = await makeRole(emulator, [allow(["sts:AssumeRole", "sts:SetSourceIdentity"], "*")]);
  const next = await makeRole(
    emulator,
    [allow("dynamodb:DescribeTable", "*", { StringEquals: { "aws:SourceIdentity": "vai-1" } })],
    [
      {
        Effect: "Allow",
        Principal: { AWS: first.arn },
        Action: ["sts:AssumeRole", "sts:SetSourceIdentity"],
      },
    ],
  );
  const begun = await assume(emulator, first.arn, { SourceIdentity: "vai-1" });
  const chained = await assume(emulator, next.arn, {}, begun.clients);
  await chained.clients.dynamoDb.send(new DescribeTableCommand({ TableName: "one" }));
  await denied(assume(emulator, next.arn, { SourceIdentity: "vai-2" }, begun.clients));
  const bare = await assume(emulator, first.arn);
  const unnamed = await assume(emulator, next.arn, {}, bare.clients);
  await denied(unnamed.clients.dynamoDb.send(new DescribeTableCommand({ TableName: "one" })));
});

test("an identity policy that demands the session tag gives an untagged session nothing", async () => {
  const tagged = { Null: { "aws:PrincipalTag/vai-identity": "false" } };
  const role = await makeRole(emulator, [allow("dynamodb:DescribeTable", "*", tagged)]);
  const describe = new DescribeTableCommand({ TableName: "one" });
  const Tags = [{ Key: "vai-identity", Value: "vai-1" }];
  await (await assume(emulator, role.arn, { Tags })).clients.dynamoDb.send(describe);
  await denied((await assume(emulator, role.arn)).clients.dynamoDb.send(describe));
});

test("a permissions boundary limits what the role's own policy allows", async () => {
  const role = await makeRole(emulator, [allow("dynamodb:*", "*")]);
  const PolicyDocument = document(allow("dynamodb:DescribeTable", tableArn("one")));
  const { iam } = emulator.deployer;
  const { Policy } = await iam.send(
    new CreatePolicyCommand({ PolicyName: "boundary", PolicyDocument }),
  );
  const limit = { RoleName: role.name, PermissionsBoundary: Policy?.Arn };
  await iam.send(new PutRolePermissionsBoundaryCommand(limit));
  const { dynamoDb } = (await assume(emulator, role.arn)).clients;
  await dynamoDb.send(new DescribeTableCommand({ TableName: "one" }));
  await denied(dynamoDb.send(new DescribeTableCommand({ TableName: "two" })));
});

test("well-known root keys open nothing, not even on the emulator's own port", async () => {
  const { emulatorPort, root } = emulator.started;
  const own = `http://127.0.0.1:${emulatorPort}`;
  const whoAmI = (endpoint: string, accessKeyId: string) =>
    clientsFor({
      endpoint,
      credentials: { accessKeyId, secretAccessKey: root.secretAccessKey },
    }).sts.send(new GetCallerIdentityCommand({}));
  for (const key of ["test", "000000000000", "123456789012"]) {
    for (const endpoint of [own, emulator.access.endpoint]) {
      await assert.rejects(
        whoAmI(endpoint, key),
        { name: "InvalidClientTokenId" },
        `${key} at ${endpoint}`,
      );
    }
  }
  await assert.rejects(whoAmI(emulator.access.endpoint, root.accessKeyId), {
    name: "InvalidClientTokenId",
  });
  assert.match((await whoAmI(own, root.accessKeyId)).Arn ?? "", /:root$/);
});

test("the self-test holds here, and fails closed where a claim does not hold", async () => {
  const { arn } = await makeRole(
    emulator,
    [],
    [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
  );
  const options = {
    ...{ access: emulator.access, executionRoleArn: arn, tables: ["one", "two"] as const },
    rootKeys: [emulator.started.root, { accessKeyId: "test", secretAccessKey: "test" }],
  };
  const findings = await selfTest(options);
  requireAll(findings);
  assert.equal(findings.length, 9);
  // On the emulator's own port there is no front door: bodies are not compared, its root is root.
  const endpoint = `http://127.0.0.1:${emulator.started.emulatorPort}`;
  const open = await selfTest({ ...options, access: { ...emulator.access, endpoint } });
  assert.throws(
    () => requireAll(open),
    /root keys are refused \(it was allowed\)[\s\S]*body changed after signing/,
  );
});

test("stopping ends emulator, front door and the functions' workers", async () => {
  const worker = Number(inside["PID"]);
  assert.ok(startTimeOf(worker), "the worker waits for its next invocation");
  await emulator.stop();
  assert.ok(!isRunning(emulator.started.emulator));
  assert.ok(!isRunning(emulator.started.frontDoor));
  assert.equal(startTimeOf(worker), undefined);
});
