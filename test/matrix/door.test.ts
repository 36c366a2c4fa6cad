import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { delayBy } from "./delay-by.ts";
import { type Delay, type Door, openDoor, type Planned } from "./door.ts";

/** An AWS that answers everything at once, and what arrived there. */
async function behind(t: TestContext, planned?: Planned, delay?: Delay) {
  const arrived: string[] = [];
  const server = createServer((request, response) => {
    arrived.push(String(request.headers["amz-sdk-invocation-id"]));
    request.resume().on("end", () => response.end("{}"));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const door = await openDoor(new URL(`http://127.0.0.1:${port}`), planned, delay);
  t.after(async () => {
    await door.close();
    server.closeAllConnections();
    server.close();
  });
  return { arrived, door };
}

/** One try of a call, as the SDK sends it: the status, or `none` when no answer came. */
async function call(door: Door, id: string, operation = "Query"): Promise<number | "none"> {
  const headers = {
    "amz-sdk-invocation-id": id,
    "x-amz-target": `DynamoDB_20120810.${operation}`,
  };
  const body = JSON.stringify({ TableName: "vai-local-state" });
  return fetch(door.endpoint, { method: "POST", headers, body }).then(
    ({ status }) => status,
    () => "none" as const,
  );
}

const QUERY = "dynamodb:Query state";

test("VAI-98 a door numbers calls by name, and takes the tries of one for one call", async (t) => {
  const { door } = await behind(t);
  for (const id of ["a", "a", "b"]) await call(door, id);
  await call(door, "c", "PutItem");
  assert.deepEqual(
    door.calls.map(({ name, nth }) => `${name} ${nth}`),
    [`${QUERY} 1`, `${QUERY} 2`, "dynamodb:PutItem state 1"],
  );
  assert.equal(door.isHit, false);
});

test("VAI-98 every call is asked for its delay, and arrives", async (t) => {
  const delays = [200, 0];
  const { arrived, door } = await behind(t, undefined, () => delays.shift() ?? 0);
  await Promise.all([call(door, "late"), call(door, "early")]);
  assert.deepEqual(new Set(arrived), new Set(["late", "early"]));
  assert.deepEqual(delays, []);
});

test("VAI-98 delays by chance are the same for the same seed, and others for another", () => {
  const some = (text: string) => {
    const delay = delayBy(text);
    return Array.from({ length: 8 }, () => delay());
  };
  assert.deepEqual(some("1 issue"), some("1 issue"));
  assert.notDeepEqual(some("1 issue"), some("1 revoke"));
  assert.ok(some("1 issue").every((each) => each >= 0 && each <= 600));
});

test("VAI-98 a planned fault hits every try of its call and no other", async (t) => {
  const { arrived, door } = await behind(t, { name: QUERY, nth: 2, fault: "failed" });
  const said: (number | "none")[] = [];
  for (const id of ["a", "b", "b", "c"]) said.push(await call(door, id));
  assert.deepEqual(said, [200, 503, 503, 200]);
  assert.deepEqual([arrived, door.isHit], [["a", "c"], true]);
});

for (const fault of ["lost", "stopped"] as const) {
  test(`VAI-98 a call whose answer is ${fault} was made`, async (t) => {
    const { arrived, door } = await behind(t, { name: QUERY, nth: 1, fault });
    assert.equal(await call(door, "a"), "none");
    assert.deepEqual(arrived, ["a"]);
  });
}

test("VAI-98 a function that was stopped does nothing more, neither that call's tries nor another", async (t) => {
  const { arrived, door } = await behind(t, { name: QUERY, nth: 1, fault: "stopped" });
  await call(door, "a");
  await door.stopped;
  assert.deepEqual([await call(door, "a"), await call(door, "b", "PutItem")], ["none", "none"]);
  assert.deepEqual(arrived, ["a"]);
});

test("VAI-98 a silent call that was given up is made all the same, before its door is closed", async (t) => {
  const { arrived, door } = await behind(t, { name: QUERY, nth: 1, fault: "silent" });
  const giveUp = new AbortController();
  const asked = fetch(door.endpoint, {
    ...{ method: "POST", body: JSON.stringify({ TableName: "vai-local-state" }) },
    headers: { "amz-sdk-invocation-id": "a", "x-amz-target": "DynamoDB_20120810.Query" },
    signal: giveUp.signal,
  });
  while (door.calls.length === 0) await new Promise(setImmediate);
  giveUp.abort();
  await assert.rejects(asked);
  assert.deepEqual(arrived, []);
  await door.close();
  assert.deepEqual(arrived, ["a"]);
});

test("VAI-98 sweep is woken by nobody but the matrix", async (t) => {
  const { arrived, door } = await behind(t);
  const path = "/2015-03-31/functions/vai-local-sweep/invocations";
  const { status } = await fetch(`${door.endpoint}${path}`, {
    ...{ method: "POST", body: "{}" },
    headers: {
      "amz-sdk-invocation-id": "a",
      authorization:
        "AWS4-HMAC-SHA256 Credential=ASIA0/20260505/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0",
    },
  });
  assert.deepEqual([status, arrived], [202, []]);
});
