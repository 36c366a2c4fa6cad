import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import type { Step } from "../../localstack/front-door/exchange.ts";
import { createFrontDoor } from "../../localstack/front-door/front-door.ts";
import { LOOPBACK, listenFrom } from "../../localstack/machine/ports.ts";
import {
  doorBefore,
  FORM,
  ROOT_KEY,
  type Sent,
  send,
  sha256,
  shut,
  signedAs,
} from "./support/door.ts";

test("forwards host, signed headers, path, query and body as sent, and says https", async (t) => {
  const { seen, port } = await doorBefore(t);
  const path = "/2015-03-31/functions/a%3Ab/invocations?Qualifier=x%20y&b";
  const headers = {
    ...signedAs("AKIAX", "lambda"),
    host: "abc.lambda-url.us-east-1.on.aws",
    "X-Vai-Signed": ["one", "two"],
    "x-forwarded-proto": "http",
    "x-forwarded-for": "10.0.0.1",
  };
  const answer = await send(port, { path, headers, body: "hello" });
  assert.equal(answer.status, 200);
  assert.equal(answer.body.toString(), "got 5");
  assert.equal(answer.headers["x-amzn-requestid"], "up");
  const [one] = seen;
  assert.equal(one?.url, path);
  assert.equal(one?.body.toString(), "hello");
  assert.equal(one?.headers.host, "abc.lambda-url.us-east-1.on.aws");
  assert.equal(one?.headers.authorization, headers.authorization);
  assert.equal(one?.headers["x-forwarded-proto"], "https");
  assert.equal(one?.headers["x-forwarded-for"], undefined);
  const kept = one?.rawHeaders.filter((_, index, all) => all[index - 1] === "X-Vai-Signed");
  assert.deepEqual(kept, ["one", "two"], "names in their letter case, values in their order");
});

test("streams a body that no step has to see: the first part arrives before the last is sent", async (t) => {
  const arrived = Promise.withResolvers<string>();
  const upstream = createServer((incoming, response) => {
    incoming.once("data", (chunk: Buffer) => arrived.resolve(chunk.toString()));
    incoming.on("end", () => response.end("done"));
    incoming.resume();
  });
  const upstreamPort = await listenFrom(upstream, 0);
  const options = {
    upstream: { host: LOOPBACK, port: upstreamPort },
    rootKey: ROOT_KEY,
    account: "000000000000",
  };
  const door = createFrontDoor(options);
  const port = await listenFrom(door, 0);
  t.after(() => [door, upstream].forEach(shut));
  const headers = { ...signedAs("AKIAX", "s3"), "transfer-encoding": "chunked" };
  const ended = Promise.withResolvers<number>();
  const outgoing = request(
    { host: LOOPBACK, port, method: "PUT", path: "/b/k", headers },
    (answer) => {
      answer.resume().on("end", () => ended.resolve(answer.statusCode ?? 0));
    },
  );
  outgoing.write("first");
  assert.equal(await arrived.promise, "first");
  outgoing.end("last");
  assert.equal(await ended.promise, 200);
});

test("keeps connections open on both sides", async (t) => {
  const { port, upstream } = await doorBefore(t);
  let connections = 0;
  upstream.on("connection", () => {
    connections += 1;
  });
  for (let round = 0; round < 5; round += 1) await send(port, { body: "x" });
  assert.equal(connections, 1);
});

const ROOT_KEYS = {
  "the well-known key": "test",
  "an account number": "123456789012",
  "the configured key": ROOT_KEY,
};
for (const [what, key] of Object.entries(ROOT_KEYS)) {
  test(`refuses ${what} in each service's own error format`, async (t) => {
    const { seen, port } = await doorBefore(t);
    const sts = await send(port, {
      headers: { ...signedAs(key, "sts"), ...FORM },
      body: "Action=X",
    });
    assert.equal(sts.status, 403);
    assert.match(sts.body.toString(), /<ErrorResponse><Error>.*<Code>InvalidClientTokenId</);
    const target = {
      "x-amz-target": "DynamoDB_20120810.ListTables",
      "content-type": "application/x-amz-json-1.0",
    };
    const dynamo = await send(port, {
      headers: { ...signedAs(key, "dynamodb"), ...target },
      body: "{}",
    });
    assert.equal(dynamo.status, 403);
    assert.equal(JSON.parse(dynamo.body.toString()).__type, "UnrecognizedClientException");
    assert.equal(dynamo.headers["content-type"], "application/x-amz-json-1.0");
    const lambda = await send(port, {
      headers: signedAs(key, "lambda"),
      path: "/2015-03-31/functions",
    });
    assert.equal(lambda.headers["x-amzn-errortype"], "UnrecognizedClientException");
    const ec2 = await send(port, {
      headers: { ...signedAs(key, "ec2"), ...FORM },
      body: "Action=X",
    });
    assert.match(ec2.body.toString(), /<Response><Errors><Error><Code>AuthFailure</);
    const s3 = await send(port, {
      method: "GET",
      headers: signedAs(key, "s3"),
      path: "/bucket/key",
    });
    assert.match(s3.body.toString(), /^<Error><Code>InvalidAccessKeyId</);
    assert.equal(seen.length, 0, "nothing reached the emulator");
  });
}

test("refuses a root key wherever it hides: query, old signature, behind another credential", async (t) => {
  const { seen, port } = await doorBefore(t);
  const hidden: Sent[] = [
    { path: "/?X-Amz-Credential=test%2F20261121%2Fus-east-1%2Fs3%2Faws4_request" },
    { path: "/?x-amz-credential=test%2F20261121%2Fus-east-1%2Fs3%2Faws4_request" },
    { path: "/?AWSAccessKeyId=test&Signature=x" },
    { headers: { authorization: "AWS test:signature" } },
    { path: "/?AWSAccessKeyId=test", headers: signedAs("AKIAGOOD", "s3") },
    { headers: { authorization: "AWS4-HMAC-SHA256 Credential=test" } },
    {
      headers: { authorization: "AWS4-ECDSA-P256-SHA256 Credential=test/20261121/s3/aws4_request" },
    },
  ];
  for (const sent of hidden)
    assert.equal((await send(port, sent)).status, 403, JSON.stringify(sent));
  assert.equal(seen.length, 0);
  const good = await send(port, {
    headers: signedAs("AKIA1234567890123456", "sts"),
    body: "Action=X",
  });
  assert.equal(good.status, 200, "a user's key passes");
});

test("refuses a body that is not the one that was signed; the signed one passes", async (t) => {
  const { seen, port } = await doorBefore(t);
  const headersFor = (service: string, body: string) => ({
    ...signedAs("AKIAX", service),
    "x-amz-content-sha256": sha256(body),
  });
  const target = { "x-amz-target": "DynamoDB_20120810.PutItem" };
  const dynamo = { ...headersFor("dynamodb", '{"n":1}'), ...target };
  const changed = await send(port, { headers: dynamo, body: '{"n":2}' });
  assert.equal(changed.status, 403);
  assert.equal(JSON.parse(changed.body.toString()).__type, "InvalidSignatureException");
  const query = await send(port, {
    headers: { ...headersFor("sts", "Action=A"), ...FORM },
    body: "Action=B",
  });
  assert.match(query.body.toString(), /<Code>SignatureDoesNotMatch</);
  const s3 = await send(port, { method: "PUT", headers: headersFor("s3", "a"), body: "b" });
  assert.match(s3.body.toString(), /<Code>XAmzContentSHA256Mismatch</);
  assert.equal(seen.length, 0);
  assert.equal((await send(port, { headers: dynamo, body: '{"n":1}' })).status, 200);
  const unsigned = { ...signedAs("AKIAX", "s3"), "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
  assert.equal((await send(port, { method: "PUT", headers: unsigned, body: "b" })).status, 200);
  assert.deepEqual(
    seen.map(({ body }) => body.toString()),
    ['{"n":1}', "b"],
  );
});

test("closes the emulator's own paths but health and readiness, however they are written", async (t) => {
  const { seen, port } = await doorBefore(t);
  const closed = [
    ...["/_ministack/reset", "/_ministack/config", "/_ministack", "/%5Fministack/reset"],
    ...["//_ministack/reset", "/_MINISTACK/reset", "/./_ministack/reset", "/_localstack/state"],
    ...["/_ministack/health/../reset", "/%zz", "http://127.0.0.1/_ministack/reset"],
  ];
  for (const path of closed) assert.equal((await send(port, { path })).status, 403, path);
  assert.equal(seen.length, 0);
  for (const path of ["/_ministack/health", "/_ministack/ready?x=1", "/bucket/_ministack/reset"]) {
    assert.equal((await send(port, { path, method: "GET" })).status, 200, path);
  }
});

const ROLE = "RoleArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fr";
const tags = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => `&Tags.member.${i + 1}.Key=k${i}&Tags.member.${i + 1}.Value=v`,
  ).join("");
const REFUSED: ReadonlyArray<[what: string, key: string, parameters: string, message: RegExp]> = [
  [
    "a duration under 900 s",
    "AKIAX",
    "RoleSessionName=ok&DurationSeconds=899",
    /greater than or equal to 900/,
  ],
  [
    "a duration over 12 h",
    "AKIAX",
    "RoleSessionName=ok&DurationSeconds=43201",
    /less than or equal to 43200/,
  ],
  [
    "a duration that is no number",
    "AKIAX",
    "RoleSessionName=ok&DurationSeconds=9e9",
    /durationSeconds/,
  ],
  [
    "a chained duration over 1 h",
    "ASIAX",
    "RoleSessionName=ok&DurationSeconds=3601",
    /1 hour session limit/,
  ],
  ["no session name", "AKIAX", "DurationSeconds=900", /roleSessionName/],
  ["a session name with a space", "AKIAX", "RoleSessionName=a+b", /regular expression/],
  ["a session name of one character", "AKIAX", "RoleSessionName=a", /greater than or equal to 2/],
  [
    "a session name of 65 characters",
    "AKIAX",
    `RoleSessionName=${"a".repeat(65)}`,
    /less than or equal to 64/,
  ],
  [
    "a source identity with a slash",
    "AKIAX",
    "RoleSessionName=ok&SourceIdentity=a%2Fb",
    /sourceIdentity/,
  ],
  ["a policy of 2049 characters", "AKIAX", `RoleSessionName=ok&Policy=${"x".repeat(2049)}`, /2048/],
  ["51 tags", "AKIAX", `RoleSessionName=ok${tags(51)}`, /less than or equal to 50/],
  [
    "a parameter given twice",
    "AKIAX",
    "RoleSessionName=ok&DurationSeconds=900&DurationSeconds=99999",
    /more than once/,
  ],
];
for (const [what, key, parameters, message] of REFUSED) {
  test(`AssumeRole: refuses ${what} with AWS's ValidationError`, async (t) => {
    const { seen, port } = await doorBefore(t);
    const body = `Action=AssumeRole&Version=2011-06-15&${ROLE}&${parameters}`;
    const posted = await send(port, { headers: { ...signedAs(key, "sts"), ...FORM }, body });
    assert.equal(posted.status, 400);
    assert.match(posted.body.toString(), /<Code>ValidationError</);
    assert.match(posted.body.toString(), message);
    const asked = await send(port, {
      method: "GET",
      path: `/?${body}`,
      headers: signedAs(key, "sts"),
    });
    assert.equal(asked.status, 400, "also in the query");
    assert.equal(seen.length, 0);
  });
}

test("AssumeRole: what AWS takes passes, and other actions are not judged", async (t) => {
  const { seen, port } = await doorBefore(t);
  const taken: [key: string, parameters: string][] = [
    ["AKIAX", "Action=AssumeRole&RoleSessionName=ok&DurationSeconds=43200"],
    [
      "ASIAX",
      `Action=AssumeRole&RoleSessionName=${"a".repeat(64)}&DurationSeconds=3600${tags(50)}`,
    ],
    [
      "AKIAX",
      `Action=AssumeRole&RoleSessionName=vai-1.%2B%3D%2C%40-&SourceIdentity=ok&Policy=${"x".repeat(2048)}`,
    ],
    ["AKIAX", "Action=GetSessionToken&DurationSeconds=129600"],
  ];
  for (const [key, body] of taken) {
    const answer = await send(port, { headers: { ...signedAs(key, "sts"), ...FORM }, body });
    assert.equal(answer.status, 200, body.slice(0, 80));
  }
  assert.equal(seen.length, taken.length);
});

const CUT = "Action=GetScopedCredentials&Version=2011-06-15";
const NO_CUT: readonly (readonly [what: string, parameters: string, message: RegExp])[] = [
  ["neither policy nor duration", "", /Either Policy or DurationSeconds/],
  ["a description alone", "&ScopedSessionDescription=x", /Either Policy or DurationSeconds/],
  ["no second", "&DurationSeconds=0", /between 1 and 129600/],
  ["more than 36 h", "&DurationSeconds=129601", /between 1 and 129600/],
  ["a part of a second", "&DurationSeconds=1.5", /between 1 and 129600/],
  ["an empty policy", "&Policy=", /at &#39;policy&#39;/],
  ["a policy of 2049 characters", `&Policy=${"x".repeat(2_049)}`, /between 1 and 2048/],
  [
    "a description of 257 characters",
    `&DurationSeconds=1&ScopedSessionDescription=${"x".repeat(257)}`,
    /between 1 and 256/,
  ],
  ["a duration given twice", "&DurationSeconds=1&DurationSeconds=900", /more than once/],
];

test("GetScopedCredentials: refuses what AWS refuses with its ValidationError, and lets the rest pass", async (t) => {
  const { seen, port } = await doorBefore(t);
  const headers = { ...signedAs("ASIAX", "sts"), ...FORM };
  for (const [what, parameters, message] of NO_CUT) {
    const answer = await send(port, { headers, body: CUT + parameters });
    assert.equal(answer.status, 400, what);
    assert.match(answer.body.toString(), /<Code>ValidationError</, what);
    assert.match(answer.body.toString(), message, what);
    const asked = await send(port, { method: "GET", path: `/?${CUT}${parameters}`, headers });
    assert.equal(asked.status, 400, `${what}, in the query`);
  }
  assert.equal(seen.length, 0);
  const passes = [
    `&Policy=${"x".repeat(2_048)}`,
    `&DurationSeconds=129600&ScopedSessionDescription=${"x".repeat(256)}`,
    "&DurationSeconds=1",
  ];
  for (const parameters of passes) {
    assert.equal((await send(port, { headers, body: CUT + parameters })).status, 200, parameters);
  }
  assert.equal(seen.length, passes.length);
});

test("AssumeRole: judged under a foreign scope, split between query and body, and as JSON", async (t) => {
  const { seen, port } = await doorBefore(t);
  const bad = `RoleSessionName=ok&DurationSeconds=1`;
  const foreign = {
    headers: { ...signedAs("AKIAX", "iam"), ...FORM },
    body: `Action=AssumeRole&${bad}`,
  };
  const split = { ...foreign, path: "/?Action=AssumeRole", body: bad };
  const twice = { ...foreign, path: "/?Action=GetCallerIdentity" };
  const untyped = { headers: signedAs("AKIAX", "sts"), body: `Action=AssumeRole&${bad}` };
  const json = {
    headers: {
      ...signedAs("AKIAX", "sts"),
      "x-amz-target": "AWSSecurityTokenServiceV20110615.AssumeRole",
    },
    body: JSON.stringify({ RoleSessionName: "ok", DurationSeconds: 1 }),
  };
  for (const sent of [foreign, split, twice, untyped, json]) {
    assert.equal((await send(port, sent)).status, 400, JSON.stringify(sent));
  }
  assert.equal(seen.length, 0);
});

test("a step may answer, or look at what comes back: recording and faults are steps in the list", async (t) => {
  const recorded: string[] = [];
  const recorder: Step = async (exchange, next) => {
    const answer = await next();
    recorded.push(`${exchange.method} ${answer.status}`);
    return answer;
  };
  const fault: Step = async (exchange, next) =>
    exchange.target === "/broken" ? { status: 500, headers: [], body: Buffer.from("no") } : next();
  const { port } = await doorBefore(t, { steps: [recorder, fault] });
  await send(port, { path: "/fine" });
  await send(port, { path: "/broken", method: "PUT" });
  assert.deepEqual(recorded, ["POST 200", "PUT 500"]);
});

test("says so when the emulator is gone, in the service's format", async (t) => {
  const { port, upstream } = await doorBefore(t);
  shut(upstream);
  const answer = await send(port, {
    headers: { ...signedAs("AKIAX", "sts"), ...FORM },
    body: "Action=X",
  });
  assert.equal(answer.status, 503);
  assert.match(answer.body.toString(), /ServiceUnavailable.*npm run local:up/);
});

test("does not forward to, and its ports do not listen on, anything but loopback", async (t) => {
  for (const host of ["192.0.2.1", "example.org", "0.0.0.0", "::"]) {
    const options = { upstream: { host, port: 80 }, rootKey: ROOT_KEY, account: "000000000000" };
    assert.throws(() => createFrontDoor(options), /must be a loopback address/, host);
  }
  const { door } = await doorBefore(t);
  assert.equal((door.address() as AddressInfo).address, LOOPBACK);
});

test("a client that goes away in the middle of its body leaves the door working", async (t) => {
  const { port, seen } = await doorBefore(t);
  const socket = connect(port, LOOPBACK);
  const head = `POST / HTTP/1.1\r\nhost: x\r\nx-amz-content-sha256: ${sha256("")}\r\ncontent-length: 10\r\n\r\nabc`;
  await new Promise((resolve) => socket.write(head, resolve));
  socket.destroy();
  assert.equal((await send(port, { body: "x" })).status, 200);
  assert.equal(seen.length, 1);
});
