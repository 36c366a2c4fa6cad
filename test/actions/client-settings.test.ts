import assert from "node:assert/strict";
import { afterEach, beforeEach, suite, test } from "node:test";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { CALL_ATTEMPTS, clientOptions } from "../../lib/actions/client-settings.ts";
import { NOTHING_READ, type Operation } from "../../lib/actions/descriptor.ts";
import { CREDENTIALS, fakeEndpoint, PLACE } from "./fake-endpoint.ts";

const OPERATIONS: Record<string, Operation> = {
  "dynamodb:UpdateItem": {
    action: "dynamodb:UpdateItem",
    resource: "arn:aws:dynamodb:us-east-1:000000000000:table/Flags",
    parameters: { "key/pk": "svc-a", "set/weight": 3 },
  },
  "lambda:UpdateAlias": {
    action: "lambda:UpdateAlias",
    resource: "arn:aws:lambda:us-east-1:000000000000:function:checkout",
    parameters: { alias: "live", version: "7", percent: 10 },
  },
  "s3:PutObject": {
    action: "s3:PutObject",
    resource: "arn:aws:s3:::settings-bucket/checkout/limits.json",
    parameters: { body: "{}" },
  },
  "ssm:PutParameter": {
    action: "ssm:PutParameter",
    resource: "arn:aws:ssm:us-east-1:000000000000:parameter/checkout/limit",
    parameters: { value: "10" },
  },
};

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
        const operation = OPERATIONS[descriptor.action] as Operation;
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
    const [descriptor] = CATALOGUE;
    await descriptor?.call(
      OPERATIONS["dynamodb:UpdateItem"] as Operation,
      NOTHING_READ,
      endpoint.settings(),
    );
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
