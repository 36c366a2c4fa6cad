import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type CloudTrailEvent,
  operationNameOf,
} from "../../localstack/front-door/feed/cloudtrail-event.ts";
import { Trail } from "../../localstack/front-door/feed/trail.ts";
import { type ControlAccess, controlOf, readTrail } from "../../localstack/machine/control.ts";
import { LOOPBACK } from "../../localstack/machine/ports.ts";
import {
  type DoorChange,
  doorBefore,
  FORM,
  ROOT_KEY,
  type Sent,
  send,
  signedAs,
  told,
} from "./support/door.ts";
import { temporaryFolder } from "./support/temporary.ts";

const TOKEN = "t".repeat(48);
const ROLE = { arn: "arn:aws:iam::000000000000:role/exec", principalId: "AROA1", userName: "exec" };
const SESSION = {
  ...{ type: "AssumedRole", arn: "arn:aws:sts::000000000000:assumed-role/exec/vai-0123" },
  ...{ principalId: "AROA1:vai-0123", account: "000000000000", accessKeyId: "ASIA1" },
  ...{ sourceIdentity: "vai-0123", issuedAt: 1_777_953_600, role: ROLE },
};
const TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/t";

async function recordingDoor(t: TestContext, change: DoorChange = {}) {
  const control = { token: TOKEN, allowFaults: false };
  const made = await doorBefore(t, { control, ...change });
  const access: ControlAccess = { endpoint: `http://${LOOPBACK}:${made.port}`, token: TOKEN };
  const events = async () => (await readTrail(access)).events.map(({ event }) => event);
  return { ...made, access, events };
}

const json = (target: string, body: object, service = "dynamodb"): Sent => ({
  headers: {
    ...signedAs("ASIA1", service),
    ...{ "content-type": "application/x-amz-json-1.0", "x-amz-target": `X_20120810.${target}` },
  },
  body: JSON.stringify(body),
});
const rest = (service: string, method: string, path: string, more: Partial<Sent> = {}): Sent => ({
  ...{ method, path, headers: signedAs("ASIA1", service) },
  ...more,
});
const form = (service: string, body: string): Sent => ({
  headers: { ...signedAs("ASIA1", service), ...FORM },
  body,
});

test("design §7 a call by a session is recorded with all that CloudTrail says of it", async (t) => {
  const answer = () => ({ headers: told(SESSION, ["dynamodb:UpdateItem", TABLE]) });
  const { port, events } = await recordingDoor(t, { answer });
  const body = {
    ...{ TableName: "t", Key: { pk: { S: "a" } }, UpdateExpression: "SET w = :w" },
    ExpressionAttributeValues: { ":w": { S: "the secret value" } },
  };
  const sent = json("UpdateItem", body);
  const answered = await send(port, {
    ...sent,
    headers: { ...sent.headers, "user-agent": "tester/1" },
  });
  assert.equal(answered.headers["x-vai-caller"], undefined, "between emulator and door alone");
  const [event] = await events();
  const { eventTime = "", eventID = "", ...fixed } = event ?? ({} as Partial<CloudTrailEvent>);
  assert.match(eventTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.match(eventID, /^[0-9a-f-]{36}$/);
  assert.deepEqual(fixed, {
    eventVersion: "1.11",
    userIdentity: {
      ...{ type: "AssumedRole", principalId: "AROA1:vai-0123", arn: SESSION.arn },
      ...{ accountId: "000000000000", accessKeyId: "ASIA1" },
      sessionContext: {
        sessionIssuer: { type: "Role", accountId: "000000000000", ...ROLE },
        attributes: { creationDate: "2026-05-05T04:00:00Z", mfaAuthenticated: "false" },
        sourceIdentity: "vai-0123",
      },
    },
    ...{ eventSource: "dynamodb.amazonaws.com", eventName: "UpdateItem", awsRegion: "us-east-1" },
    ...{ sourceIPAddress: "127.0.0.1", userAgent: "tester/1", requestID: "up" },
    requestParameters: { tableName: "t", key: { pk: "a" }, updateExpression: "SET w = :w" },
    responseElements: null,
    readOnly: false,
    resources: [{ ARN: TABLE, accountId: "000000000000", type: "AWS::DynamoDB::Table" }],
    ...{ eventType: "AwsApiCall", managementEvent: false, eventCategory: "Data" },
    recipientAccountId: "000000000000",
  });
});

const L = "/2015-03-31/functions";
/** Requests of every protocol with the event name and what is recorded of their inputs. */
const NAMED: readonly (readonly [sent: Sent, eventName: string, parameters: object | null])[] = [
  [
    json("GetItem", { TableName: "t", Key: { pk: { S: "k" } } }),
    "GetItem",
    { tableName: "t", key: { pk: "k" } },
  ],
  [
    json("PutItem", { TableName: "t", Item: { pk: { S: "k" }, v: { S: "secret" } } }),
    "PutItem",
    { tableName: "t", item: ["pk", "v"] },
  ],
  [
    json("TransactWriteItems", {
      TransactItems: [
        {
          Put: {
            TableName: "t",
            Item: { pk: { S: "k" } },
            ConditionExpression: "attribute_not_exists(pk)",
          },
        },
        { Put: { TableName: "e", Item: { chainId: { S: "c" }, seq: { N: "7" } } } },
        {
          Update: {
            TableName: "u",
            Key: { pk: { S: "h" } },
            ExpressionAttributeValues: { ":s": { S: "secret" } },
          },
        },
      ],
    }),
    "TransactWriteItems",
    {
      requestItems: [
        {
          operation: "Put",
          tableName: "t",
          conditionExpression: "attribute_not_exists(pk)",
          items: ["pk"],
        },
        {
          ...{ operation: "Put", tableName: "e" },
          ...{ key: { chainId: "c", seq: "7" }, items: ["chainId", "seq"] },
        },
        { operation: "Update", tableName: "u", key: { pk: "h" } },
      ],
    },
  ],
  [
    json("ExecuteStatement", { Statement: "SELECT secret" }),
    "ExecuteStatement",
    { statement: "HIDDEN_DUE_TO_SECURITY_REASONS" },
  ],
  [
    json(
      "Sign",
      { KeyId: "k", Message: "c2VjcmV0", MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256" },
      "kms",
    ),
    "Sign",
    { keyId: "k", messageType: "DIGEST", signingAlgorithm: "ECDSA_SHA_256" },
  ],
  [
    json("PutParameter", { Name: "/p", Value: "secret", Type: "String" }, "ssm"),
    "PutParameter",
    { name: "/p", type: "String", value: "HIDDEN_DUE_TO_SECURITY_REASONS" },
  ],
  [
    json("PutSecretValue", { SecretId: "s", SecretString: "secret" }, "secretsmanager"),
    "PutSecretValue",
    null,
  ],
  [
    json("UpdateService", { cluster: "c", service: "s", desiredCount: 2 }, "ecs"),
    "UpdateService",
    { cluster: "c", service: "s", desiredCount: 2 },
  ],
  [
    rest("lambda", "GET", `${L}/f/aliases/live`),
    "GetAlias20150331",
    { functionName: "f", name: "live" },
  ],
  [
    rest("lambda", "PUT", `${L}/f/aliases/live`, {
      body: '{"FunctionVersion":"2","Description":"secret"}',
    }),
    "UpdateAlias20150331",
    { functionName: "f", name: "live", functionVersion: "2" },
  ],
  [
    rest("lambda", "POST", `${L}/f/invocations?Qualifier=live`, { body: '{"secret":1}' }),
    "Invoke",
    { functionName: "f", qualifier: "live" },
  ],
  [
    rest("lambda", "PUT", `${L}/f/code`, { body: '{"ZipFile":"c2VjcmV0"}' }),
    "UpdateFunctionCode20150331v2",
    { functionName: "f" },
  ],
  [
    rest("lambda", "PUT", "/2017-10-31/functions/f/concurrency", { body: "{}" }),
    "PutFunctionConcurrency20171031",
    { functionName: "f" },
  ],
  [
    rest("lambda", "POST", L, {
      body: '{"FunctionName":"f","Environment":{"Variables":{"A":"secret"}}}',
    }),
    "CreateFunction20150331",
    { functionName: "f" },
  ],
  [
    rest("s3", "PUT", "/bucket/a/b%20c", { body: "secret" }),
    "PutObject",
    { bucketName: "bucket", key: "a/b c" },
  ],
  [rest("s3", "GET", "/bucket?policy"), "GetBucketPolicy", { bucketName: "bucket" }],
  [rest("s3", "GET", "/bucket?list-type=2"), "ListObjects", { bucketName: "bucket" }],
  [
    form("ec2", "Action=StopInstances&InstanceId.1=i-1&InstanceId.2=i-2"),
    "StopInstances",
    { instancesSet: { items: [{ instanceId: "i-1" }, { instanceId: "i-2" }] } },
  ],
  [
    form("iam", "Action=PutRolePolicy&RoleName=r&PolicyName=p&PolicyDocument=%7B%7D"),
    "PutRolePolicy",
    { roleName: "r", policyName: "p", policyDocument: "{}" },
  ],
  [
    rest("monitoring", "POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData"),
    "PutMetricData",
    null,
  ],
  [rest("dynamodb", "PATCH", "/"), "Unknown", null],
];
for (const [sent, eventName, parameters] of NAMED) {
  test(`USR-16 ${eventName} is named as CloudTrail names it, without a value`, async (t) => {
    const { port, events, seen } = await recordingDoor(t);
    await send(port, sent);
    const [event, ...more] = await events();
    assert.deepEqual([event?.eventName, event?.requestParameters], [eventName, parameters]);
    assert.deepEqual(more, []);
    assert.doesNotMatch(JSON.stringify(event), /\bsecret\b|c2VjcmV0/);
    assert.equal(seen[0]?.body.toString(), sent.body ?? "", "forwarded whole");
    assert.doesNotMatch(operationNameOf({ eventName }), /\d{8}/);
  });
}

const STS_ANSWER = `<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA1:vai-0123</AssumedRoleId>
<Arn>${SESSION.arn}</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIA1</AccessKeyId>
<SecretAccessKey>the-secret</SecretAccessKey><SessionToken>the-token</SessionToken>
<Expiration>2026-05-05T04:15:00Z</Expiration></Credentials><SourceIdentity>vai-0123</SourceIdentity>
</AssumeRoleResult></AssumeRoleResponse>`;

test("USR-16 AssumeRole: who got which key, under which policy and tags, and neither secret nor token", async (t) => {
  const { port, events } = await recordingDoor(t, { answer: () => ({ body: STS_ANSWER }) });
  const body =
    `Action=AssumeRole&RoleArn=${encodeURIComponent(ROLE.arn)}&RoleSessionName=vai-0123&DurationSeconds=900` +
    "&Policy=%7B%7D&SourceIdentity=vai-0123&Tags.member.1.Key=vai-identity&Tags.member.1.Value=vai-0123";
  const answered = await send(port, form("sts", body));
  assert.equal(answered.body.toString(), STS_ANSWER, "the caller gets all of it");
  const [event] = await events();
  assert.deepEqual(event?.requestParameters, {
    ...{ roleArn: ROLE.arn, roleSessionName: "vai-0123", sourceIdentity: "vai-0123", policy: "{}" },
    ...{ durationSeconds: 900, tags: [{ key: "vai-identity", value: "vai-0123" }] },
  });
  assert.deepEqual(event?.responseElements, {
    credentials: { accessKeyId: "ASIA1", expiration: "2026-05-05T04:15:00Z" },
    assumedRoleUser: { assumedRoleId: "AROA1:vai-0123", arn: SESSION.arn },
    sourceIdentity: "vai-0123",
  });
  assert.doesNotMatch(JSON.stringify(event), /the-secret|the-token/);
});

test("design §7 errors are recorded by code, whoever gives them and in whichever form", async (t) => {
  const answers = [
    {
      status: 400,
      headers: told(SESSION),
      body: '{"__type":"com.amazonaws.x#ConditionalCheckFailedException","message":"no"}',
    },
    {
      status: 403,
      headers: { ...told(SESSION), "x-amzn-errortype": "AccessDeniedException:http://x" },
      body: '{"Message":"denied"}',
    },
    {
      status: 404,
      headers: told(SESSION),
      body: "<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>",
    },
    {
      status: 403,
      body: '{"__type":"InvalidSignatureException","message":"canonical: x-amz-security-token:abc"}',
    },
    { status: 404, headers: told(SESSION), body: "" },
  ];
  const { port, events } = await recordingDoor(t, { answer: () => answers.shift() ?? {} });
  const calls = [
    json("UpdateItem", {}),
    json("UpdateItem", {}),
    rest("s3", "GET", "/b/k"),
    json("GetItem", {}),
  ];
  for (const sent of [...calls, rest("s3", "HEAD", "/b/k")]) await send(port, sent);
  await send(port, { headers: signedAs(ROOT_KEY, "s3"), method: "GET", path: "/b/k" });
  assert.deepEqual(
    (await events()).map(({ errorCode, errorMessage, userIdentity: { type } }) => [
      type,
      errorCode,
      errorMessage,
    ]),
    [
      ["AssumedRole", "ConditionalCheckFailedException", "no"],
      ["AssumedRole", "AccessDeniedException", "denied"],
      ["AssumedRole", "NoSuchKey", "gone"],
      ["Unknown", "InvalidSignatureException", undefined],
      ["AssumedRole", "NoSuchKey", undefined],
      ["Unknown", "InvalidAccessKeyId", undefined],
    ],
  );
});

test("design §7 a call that names another in signature or header is recorded as what was authorized", async (t) => {
  const checks: [string, string][] = [["dynamodb:DeleteTable", TABLE]];
  const { port, events } = await recordingDoor(t, {
    answer: () => ({ headers: told(SESSION, ...checks) }),
  });
  await send(port, json("DescribeTable", { TableName: "harmless" }));
  await send(port, rest("lambda", "GET", `${L}/f`));
  await send(port, json("DeleteTable", { TableName: "t" }));
  checks[0] = ["cloudwatch:PutMetricData", "*"];
  await send(port, rest("monitoring", "POST", "/service/X/operation/PutMetricData"));
  assert.deepEqual(
    (await events()).map(({ eventSource, eventName, requestParameters }) => [
      ...[eventSource.split(".")[0], eventName, requestParameters],
    ]),
    [
      ["dynamodb", "DeleteTable", null],
      ["dynamodb", "DeleteTable", null],
      ["dynamodb", "DeleteTable", { tableName: "t" }],
      ["monitoring", "PutMetricData", null],
    ],
  );
});

test("ADV-66 nobody can say for the emulator who called: the header of a client is dropped", async (t) => {
  const { port, events, seen } = await recordingDoor(t);
  const forged = { ...told(SESSION), "x-vai-clock": "86400" };
  const sent = json("GetItem", { TableName: "t" });
  await send(port, { ...sent, headers: { ...sent.headers, ...forged } });
  assert.deepEqual(
    [seen[0]?.headers["x-vai-caller"], seen[0]?.headers["x-vai-clock"]],
    [undefined, undefined],
  );
  assert.deepEqual((await events())[0]?.userIdentity, { type: "Unknown", accessKeyId: "ASIA1" });
});

test("design §7 the feed is read by session and from a place on; what was forgotten is seen", () => {
  const trail = new Trail(undefined, 10);
  const event = (name: string, session: string) =>
    ({
      eventName: name,
      userIdentity: { arn: `arn:aws:sts::0:assumed-role/r/${session}` },
    }) as CloudTrailEvent;
  assert.deepEqual(trail.read(), { events: [], next: 0, oldest: 1 });
  for (const [index, session] of ["a", "b", "a"].entries())
    trail.record(event(`e${index}`, session));
  assert.deepEqual(
    trail.read({ session: "a" }).events.map(({ seq }) => seq),
    [1, 3],
  );
  assert.deepEqual(trail.read({ session: "ab" }), { events: [], next: 3, oldest: 1 });
  const page = trail.read({ since: 1, limit: 1 });
  assert.deepEqual([page.events.map(({ seq }) => seq), page.next], [[2], 2]);
  for (let count = 0; count < 100; count++) trail.record(event("more", "c"));
  const { oldest, events } = trail.read();
  assert.ok(oldest > 80 && events.length <= 11, "bounded in memory");
  assert.equal(events.at(-1)?.seq, 103);
});

test("design §7 every event is a line of the file too, which only its owner may read", async (t) => {
  const trailFile = join(temporaryFolder(t), "trail.jsonl");
  const { port, events } = await recordingDoor(t, { trailFile });
  await send(port, json("GetItem", { TableName: "t" }));
  await send(port, json("PutItem", { TableName: "t" }));
  const expected = await events();
  const lines = () => readFileSync(trailFile, "utf8").trimEnd().split("\n");
  while (!existsSync(trailFile) || lines().length < 2) await sleep(5);
  assert.deepEqual(
    lines().map((line) => JSON.parse(line)),
    expected,
  );
});

test("the control paths need this start's token, in every spelling, and health stays open and unrecorded", async (t) => {
  const { port, access, events, seen } = await recordingDoor(t);
  const right = { "x-vai-control": TOKEN };
  const asked = (path: string, headers: Record<string, string>, method = "GET") =>
    send(port, { path, headers, method }).then(({ status }) => status);
  for (const headers of [
    {},
    { "x-vai-control": "" },
    { "x-vai-control": `${TOKEN}x` },
    { authorization: TOKEN },
  ]) {
    assert.equal(await asked("/_vai/trail", headers), 403);
    assert.equal(await asked("/_vai/faults", headers, "DELETE"), 403);
  }
  for (const path of ["/_VAI/trail", "/%5Fvai/trail", "//_vai/trail", "/./_vai/trail"]) {
    assert.equal(await asked(path, right), 403, path);
  }
  assert.equal(await asked("/_vai/trail", right), 200);
  assert.equal(await asked("/_vai/trail?since=x", right), 400);
  assert.equal(await asked("/_vai/other", right), 404);
  assert.equal(seen.length, 0, "nothing reached the emulator");
  await send(port, { path: "/_ministack/health", method: "GET" });
  assert.deepEqual(await events(), [], "no call of AWS");
  await assert.rejects(
    readTrail({ ...access, token: "wrong" }),
    /does not hold this start's token/,
  );
  assert.throws(() => controlOf(temporaryFolder(t)), /no local AWS of ours runs/);
});

test("without a token the control paths are closed to everybody", async (t) => {
  const { port } = await doorBefore(t);
  const answered = await send(port, {
    path: "/_vai/trail",
    method: "GET",
    headers: { "x-vai-control": "" },
  });
  assert.equal(answered.status, 403);
});
