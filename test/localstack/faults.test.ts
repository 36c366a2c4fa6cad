import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  clearFaults,
  type FaultRule,
  faultsInForce,
  injectFault,
  readTrail,
} from "../../localstack/machine/control.ts";
import { LOOPBACK } from "../../localstack/machine/ports.ts";
import { doorBefore, FORM, type Sent, send, signedAs, told } from "./support/door.ts";

const TOKEN = "t".repeat(48);

async function breakableDoor(t: TestContext, allowFaults = true) {
  const caller = {
    ...{ type: "AssumedRole", arn: "arn:aws:sts::000000000000:assumed-role/exec/vai-1" },
    ...{ principalId: "A:vai-1", account: "000000000000", accessKeyId: "ASIA1" },
  };
  const made = await doorBefore(t, {
    control: { token: TOKEN, allowFaults },
    answer: ({ headers }) => ({
      headers: headers.authorization?.includes("ASIA1/") ? told(caller) : told(null),
    }),
  });
  const access = { endpoint: `http://${LOOPBACK}:${made.port}`, token: TOKEN };
  return { ...made, access, inject: (rule: FaultRule) => injectFault(access, rule) };
}

const call = (service: string, operation: string, key = "ASIA1"): Sent => ({
  headers: { ...signedAs(key, service), "x-amz-target": `X_1.${operation}` },
  body: "{}",
});

test("a fault hits what matches, so often, after so many, and ends at once", async (t) => {
  const { port, inject, access, seen } = await breakableDoor(t);
  const put = () => send(port, call("dynamodb", "PutItem")).then(({ status }) => status);
  const action = { status: 503, errorCode: "ServiceUnavailable" };
  await inject({
    match: { service: "dynamodb", operation: "PutItem" },
    do: action,
    times: 2,
    skip: 1,
  });
  assert.deepEqual([await put(), await put(), await put(), await put()], [200, 503, 503, 200]);
  assert.equal((await send(port, call("dynamodb", "GetItem"))).status, 200);
  assert.equal((await send(port, call("kms", "PutItem"))).status, 200);
  assert.deepEqual(
    (await faultsInForce(access)).map(({ hits }) => hits),
    [2],
  );
  assert.equal(seen.length, 4, "what was hit did not reach the emulator");
  await inject({ match: {}, do: action });
  assert.equal(await put(), 503);
  await clearFaults(access);
  assert.deepEqual([await put(), await faultsInForce(access)], [200, []]);
});

test("a fault by session or role hits no other caller", async (t) => {
  const { port, inject } = await breakableDoor(t);
  const as = (key: string) => send(port, call("kms", "Sign", key)).then(({ status }) => status);
  await as("ASIA1"); // from here on the door knows whose key this is
  for (const match of [{ session: "vai-1" }, { role: "exec" }]) {
    await inject({ match, do: { throttle: true }, times: 1 });
    assert.deepEqual([await as("ASIA2"), await as("ASIA1"), await as("ASIA1")], [200, 400, 200]);
  }
  await inject({ match: { session: "vai-2" }, do: { throttle: true } });
  await inject({ match: { role: "other" }, do: { throttle: true } });
  assert.equal(await as("ASIA1"), 200);
});

const THROTTLED: readonly (readonly [Sent, number, RegExp])[] = [
  [call("dynamodb", "PutItem"), 400, /"ThrottlingException"/],
  [
    {
      headers: { ...signedAs("ASIA1", "sts"), ...FORM },
      body: "Action=AssumeRole&RoleSessionName=ab",
    },
    400,
    /<Code>Throttling</,
  ],
  [{ method: "PUT", path: "/b/k", headers: signedAs("ASIA1", "s3") }, 503, /<Code>SlowDown</],
  [
    { method: "GET", path: "/2015-03-31/functions/f", headers: signedAs("ASIA1", "lambda") },
    429,
    /TooManyRequestsException/,
  ],
  [
    { headers: { ...signedAs("ASIA1", "ec2"), ...FORM }, body: "Action=StopInstances" },
    503,
    /RequestLimitExceeded/,
  ],
];
test("throttling is said as each service says it, and recorded as its error", async (t) => {
  const { port, inject, access } = await breakableDoor(t);
  await inject({ match: {}, do: { throttle: true } });
  for (const [sent, status, text] of THROTTLED) {
    const answered = await send(port, sent);
    assert.equal(answered.status, status);
    assert.match(answered.body.toString(), text);
  }
  const { events } = await readTrail(access);
  assert.deepEqual(
    events.map(({ event }) => event.errorCode),
    [
      "ThrottlingException",
      "Throttling",
      "SlowDown",
      "TooManyRequestsException",
      "RequestLimitExceeded",
    ],
  );
});

test("a lost answer: the call is made and recorded as made, and the caller's connection ends", async (t) => {
  const { port, inject, access, seen } = await breakableDoor(t);
  await inject({ match: { operation: "PutItem" }, do: { dropAnswer: true }, times: 1 });
  await assert.rejects(send(port, call("dynamodb", "PutItem")), /socket hang up|ECONNRESET/);
  assert.equal(seen.length, 1);
  const [recorded] = (await readTrail(access)).events;
  assert.deepEqual([recorded?.event.eventName, recorded?.event.errorCode], ["PutItem", undefined]);
  assert.equal((await send(port, call("dynamodb", "PutItem"))).status, 200);
});

test("a delay holds the call back and lets others pass meanwhile", async (t) => {
  const { port, inject, seen } = await breakableDoor(t);
  await inject({ match: { operation: "PutItem" }, do: { latencyMs: 300 } });
  const slow = send(port, call("dynamodb", "PutItem"));
  await send(port, call("dynamodb", "GetItem"));
  assert.deepEqual(
    seen.map(({ headers }) => headers["x-amz-target"]),
    ["X_1.GetItem"],
  );
  assert.equal((await slow).status, 200);
  assert.equal(seen.length, 2);
});

test("a distance is the whole time of a call, whatever the emulator needs of it, and says what it held", async (t) => {
  const { port, inject, access } = await breakableDoor(t);
  const batch = { one: { Keys: [{}, {}] }, other: { Keys: [{}] } };
  const body = JSON.stringify({ RequestItems: batch });
  await inject({ match: { operation: "BatchGetItem" }, do: { distanceMs: 60 } });
  await inject({ match: { service: "kms" }, do: { distanceMs: 1 } });
  await send(port, { ...call("dynamodb", "BatchGetItem"), body });
  await send(port, call("kms", "Sign"));
  const [far, near] = (await faultsInForce(access)).map(({ held }) => held?.[0]);
  assert.ok(far && near);
  assert.equal(far.name, "dynamodb:BatchGetItem");
  assert.deepEqual(far.tables, { one: 2, other: 1 });
  assert.ok(far.emulatorMs <= far.to - far.from && far.bytes > 0);
  // A timer may be early by the part of a millisecond that it was rounded.
  assert.ok(far.to - far.from >= 59, `${far.to - far.from} ms`);
  assert.equal(near.name, "kms:Sign");
});

test("a moved clock is told to the emulator, for what matches alone", async (t) => {
  const { port, inject, seen } = await breakableDoor(t);
  await inject({ match: { service: "kms" }, do: { skewSeconds: -90 } });
  await send(port, call("kms", "Sign"));
  await send(port, call("dynamodb", "GetItem"));
  assert.deepEqual(
    seen.map(({ headers }) => headers["x-vai-clock"]),
    ["-90", undefined],
  );
});

test("nothing is broken on request in a local AWS that was not started for tests", async (t) => {
  const { port, inject } = await breakableDoor(t, false);
  const rule: FaultRule = { match: {}, do: { throttle: true } };
  await assert.rejects(inject(rule), /not started for tests.*VAI_ALLOW_FAULTS=1/);
  assert.equal((await send(port, call("kms", "Sign"))).status, 200);
});

test("a rule with a mistake is refused, never half believed", async (t) => {
  const { access, inject } = await breakableDoor(t);
  const bad: readonly object[] = [
    { do: { throttle: true } },
    { match: { servce: "kms" }, do: { throttle: true } },
    { match: {}, do: {} },
    { match: {}, do: { status: 200, errorCode: "X" } },
    { match: {}, do: { throttle: true, latencyMs: 5 } },
    { match: {}, do: { latencyMs: 1e9 } },
    { match: {}, do: { throttle: true }, times: 0 },
  ];
  for (const rule of bad) await assert.rejects(inject(rule as FaultRule), JSON.stringify(rule));
  assert.deepEqual(await faultsInForce(access), []);
});
