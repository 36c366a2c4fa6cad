import assert from "node:assert/strict";
import { afterEach, beforeEach, suite, test } from "node:test";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { CALL_ATTEMPTS, clientOptions } from "../../lib/actions/client-settings.ts";
import {
  type ActionDescriptor,
  NOTHING_READ,
  type Operation,
} from "../../lib/actions/descriptor.ts";
import { dynamodbUpdateItem } from "../../lib/actions/dynamodb/update-item.ts";
import { CREDENTIALS, fakeEndpoint, PLACE } from "./fake-endpoint.ts";

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
        await assert.rejects(descriptor.readBack(operation, settings), missing);
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
});
