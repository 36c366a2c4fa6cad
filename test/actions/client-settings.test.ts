import assert from "node:assert/strict";
import { afterEach, beforeEach, suite, test } from "node:test";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { CALL_ATTEMPTS, clientOptions, readingClient } from "../../lib/actions/client-settings.ts";
import {
  type ActionDescriptor,
  NOTHING_READ,
  type Operation,
} from "../../lib/actions/descriptor.ts";
import { dynamodbUpdateItem } from "../../lib/actions/dynamodb/update-item.ts";
import { awsError, CREDENTIALS, fakeEndpoint, PLACE } from "./fake-endpoint.ts";

/** Parameters that each action takes; of those that take none there is no line. */
const PARAMETERS: Record<string, Operation["parameters"]> = {
  "dynamodb:UpdateItem": { "key/pk": "svc-a", "set/weight": 3 },
  "ecs:UpdateService": { desiredCount: 2 },
  "lambda:UpdateAlias": { alias: "live", version: "7", percent: 10 },
  "s3:PutObject": { body: "{}" },
  "ssm:PutParameter": { value: "10" },
};

const operationOf = ({ action, target }: ActionDescriptor): Operation => ({
  ...{ action, resource: target.example, parameters: PARAMETERS[action] ?? {} },
});

const AMBIENT = {
  AWS_ACCESS_KEY_ID: "AKIAAMBIENT",
  AWS_SECRET_ACCESS_KEY: "ambient",
  AWS_SESSION_TOKEN: "ambient",
};

suite("VAI-76 only issued credentials", () => {
  const before = Object.fromEntries(Object.keys(AMBIENT).map((name) => [name, process.env[name]]));
  beforeEach(() => Object.assign(process.env, AMBIENT));
  afterEach(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  const MISSING: [string, unknown][] = [
    ["none", undefined],
    ["null", null],
    ["an empty object", {}],
    ["an empty key id", { ...CREDENTIALS, accessKeyId: "" }],
    ["a blank secret", { ...CREDENTIALS, secretAccessKey: " " }],
    ["no token: a standing key", { ...CREDENTIALS, sessionToken: undefined }],
    ["a provider instead of values", async () => CREDENTIALS],
  ];
  for (const descriptor of CATALOGUE) {
    for (const [name, credentials] of MISSING) {
      test(`ADV-39 ${descriptor.action} with ${name}, while the environment has some`, async () => {
        await using endpoint = await fakeEndpoint({ status: 200, json: {} });
        const settings = endpoint.settings({ credentials: credentials as typeof CREDENTIALS });
        const operation = operationOf(descriptor);
        const missing = { name: "Fault", code: "CREDENTIALS_MISSING" };
        await assert.rejects(descriptor.call(operation, NOTHING_READ, settings), missing);
        if (descriptor.readBack !== undefined) {
          await assert.rejects(descriptor.readBack(operation, settings), missing);
        }
        if (descriptor.preRead !== undefined) {
          await assert.rejects(descriptor.preRead(operation, settings), missing);
        }
        assert.equal(endpoint.seen.length, 0);
      });
    }
  }

  test("VAI-76 what is sent is signed with the issued key and carries its token", async () => {
    await using endpoint = await fakeEndpoint({ status: 200, json: {} });
    const settings = endpoint.settings();
    await dynamodbUpdateItem.call(operationOf(dynamodbUpdateItem), NOTHING_READ, settings);
    assert.match(endpoint.seen[0]?.authorization ?? "", /Credential=ASIAEXAMPLEISSUED001\//);
    assert.equal(endpoint.seen[0]?.token, "token");
  });

  test("VAI-76 options hold nothing else of the credentials, and one attempt", () => {
    const options = clientOptions(
      {
        ...PLACE,
        credentials: { ...CREDENTIALS, extra: "x" } as never,
        timeoutMilliseconds: 1,
      },
      CALL_ATTEMPTS,
    );
    assert.deepEqual(options.credentials, CREDENTIALS);
    assert.equal(options.maxAttempts, 1);
    assert.ok(!("endpoint" in options));
  });

  test("VAI-76 nothing around a function decides where or how it calls with issued credentials", async () => {
    await using endpoint = await fakeEndpoint({ status: 200, json: {} });
    const around = {
      AWS_ENDPOINT_URL_DYNAMODB: "http://127.0.0.1:1",
      AWS_USE_FIPS_ENDPOINT: "true",
      AWS_USE_DUALSTACK_ENDPOINT: "true",
      AWS_RETRY_MODE: "adaptive",
      AWS_DEFAULTS_MODE: "auto",
      AWS_AUTH_SCHEME_PREFERENCE: "sigv4a",
      AWS_SDK_UA_APP_ID: "somebody",
    };
    Object.assign(process.env, around);
    try {
      const operation = operationOf(dynamodbUpdateItem);
      const outcome = await dynamodbUpdateItem.call(operation, NOTHING_READ, endpoint.settings());
      assert.deepEqual(outcome, { status: "succeeded" });
      assert.doesNotMatch(JSON.stringify(endpoint.seen[0]?.headers), /app\/somebody/);
    } finally {
      for (const name of Object.keys(around)) delete process.env[name];
    }
  });

  test("VAI-100 a session of the reader role has one client, as long as it is the session", () => {
    const make = () => ({});
    const settings = { ...PLACE, credentials: { ...CREDENTIALS }, timeoutMilliseconds: 1 };
    const first = readingClient("s3", settings, make);
    assert.equal(readingClient("s3", settings, make), first);
    const others = [
      readingClient("ssm", settings, make),
      readingClient("s3", { ...settings, region: "eu-west-1" }, make),
      readingClient("s3", { ...settings, endpoint: "http://127.0.0.1:1" }, make),
      // The next session of the role, even if it looked the same.
      readingClient("s3", { ...settings, credentials: { ...CREDENTIALS } }, make),
    ];
    for (const other of others) assert.notEqual(other, first);
  });

  test("VAI-100 a bounded call is tried once, also when the same session has read before", async () => {
    await using endpoint = await fakeEndpoint(awsError(503, "ServiceUnavailable"));
    const [settings, operation] = [endpoint.settings(), operationOf(dynamodbUpdateItem)];
    await assert.rejects(dynamodbUpdateItem.readBack(operation, settings));
    const reads = endpoint.seen.length;
    assert.equal(reads, 3);
    await dynamodbUpdateItem.call(operation, NOTHING_READ, settings);
    assert.equal(endpoint.seen.length, reads + 1);
  });
});
