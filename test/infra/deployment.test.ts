import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { DeploymentError, parseDeployment, readDeployment } from "../../infra/deployment.ts";
import { EXAMPLE, stubBundles } from "./support/synthesise.ts";

const { samples: _samples, retain: _retain, ...GOOD } = EXAMPLE;
const TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/settings";
const PARAMETER = "arn:aws:ssm:us-east-1:111122223333:parameter";
const SERVICE = "arn:aws:ecs:us-east-1:111122223333:service";
const INSTANCE = "arn:aws:ec2:us-east-1:111122223333:instance/i-00123456789abcdef";
const ROLE = "arn:aws:iam::111122223333:role/platform/acting";
const KEY = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555";
const ELSEWHERE = {
  account: "111122223333",
  region: "us-east-1",
  targets: { "dynamodb:UpdateItem": [TABLE] },
};
const [ANCHOR] = EXAMPLE.anchors;
/** So many, numbered with two digits. */
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index + 10));

/** What is wrong → the change that makes it so → what the message says, pointer included. */
const DEFECTS: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
  ["no name", { name: undefined }, /\/name: must be of type string/],
  ["a name in capitals", { name: "Prod" }, /\/name: must begin with a-z and have at most 20/],
  ["a name of 21 characters", { name: "a".repeat(21) }, /\/name: must begin with a-z/],
  ["no anchors", { anchors: [] }, /\/anchors: must hold one public JWK/],
  ["three anchors", { anchors: [ANCHOR, ANCHOR, ANCHOR] }, /\/anchors: must hold at most two/],
  [
    "one anchor twice",
    { anchors: [ANCHOR, ANCHOR] },
    /\/anchors: must not hold the same key twice/,
  ],
  [
    "an anchor that is null",
    { anchors: [null] },
    /\/anchors\/0: is not a JWK object; put the public/,
  ],
  [
    "a private anchor",
    { anchors: [{ ...ANCHOR, d: "c2VjcmV0" }] },
    /\/anchors\/0: has members "crv d kty x y"; a public JWK has exactly "crv kty x y"/,
  ],
  ["an anchor off the curve", { anchors: [{ ...ANCHOR, y: "A".repeat(43) }] }, /\/anchors\/0: /],
  ["no targets", { targets: {} }, /\/targets: must have at least one of dynamodb:UpdateItem/],
  [
    "an action without targets",
    { targets: { "dynamodb:UpdateItem": [] } },
    /\/targets\/dynamodb:UpdateItem: must name at least one ARN/,
  ],
  [
    "an unknown action",
    { targets: { "iam:PutRolePolicy": ["*"] } },
    /\/targets\/iam:PutRolePolicy: unknown; known are dynamodb:UpdateItem, /,
  ],
  [
    "a wildcard",
    { targets: { "dynamodb:UpdateItem": [`${TABLE}*`] } },
    /\/targets\/dynamodb:UpdateItem\/0: must be one exact ARN such as arn:aws:dynamodb/,
  ],
  [
    "a policy variable",
    { targets: { "dynamodb:UpdateItem": [`${TABLE}-\${aws:username}`] } },
    /\/targets\/dynamodb:UpdateItem\/0: must be one exact ARN/,
  ],
  [
    "an index of a table",
    { targets: { "dynamodb:UpdateItem": [`${TABLE}/index/byName`] } },
    /\/targets\/dynamodb:UpdateItem\/0: must be one exact ARN/,
  ],
  [
    "a qualified function",
    {
      targets: { "lambda:UpdateAlias": ["arn:aws:lambda:us-east-1:111122223333:function:f:live"] },
    },
    /\/targets\/lambda:UpdateAlias\/0: must be one exact ARN .* no qualifier/,
  ],
  [
    "an ARN twice",
    { targets: { "dynamodb:UpdateItem": [TABLE, TABLE] } },
    /\/targets\/dynamodb:UpdateItem: must name each ARN once/,
  ],
  [
    "more ARNs than a session policy holds",
    { targets: { "dynamodb:UpdateItem": Array.from({ length: 30 }, (_, i) => `${TABLE}-${i}`) } },
    /\/targets: has \d+ characters of dynamodb ARNs; at most 1400/,
  ],
  [
    "more objects than a session policy holds beside their buckets",
    {
      targets: {
        "s3:PutObject": Array.from({ length: 38 }, (_, i) => `arn:aws:s3:::a${100 + i}/*`),
      },
    },
    /\/targets: has 1583 characters of s3 ARNs; at most 1400, .* and with objects their buckets/,
  ],
  [
    "the plane's own table",
    { targets: { "dynamodb:UpdateItem": [TABLE.replace("settings", "vai-example-state")] } },
    /\/targets\/dynamodb:UpdateItem\/0: is one of the trust plane's own resources/,
  ],
  [
    "the plane's own function",
    {
      targets: {
        "lambda:UpdateAlias": ["arn:aws:lambda:us-east-1:111122223333:function:vai-example-issue"],
      },
    },
    /\/targets\/lambda:UpdateAlias\/0: is one of the trust plane's own resources/,
  ],
  [
    "a bucket of the plane",
    { targets: { "s3:PutObject": ["arn:aws:s3:::vai-example-log/*"] } },
    /\/targets\/s3:PutObject\/0: is one of the trust plane's own resources/,
  ],
  [
    "a parameter of the plane, in other letters",
    { targets: { "ssm:PutParameter": [`${PARAMETER}/VAI-Example-x`] } },
    /\/targets\/ssm:PutParameter\/0: is one of the trust plane's own resources/,
  ],
  [
    "a cluster of the plane",
    { targets: { "ecs:UpdateService": [`${SERVICE}/vai-example-x/web`] } },
    /\/targets\/ecs:UpdateService\/0: is one of the trust plane's own resources/,
  ],
  [
    "all buckets",
    { targets: { "s3:PutObject": ["arn:aws:s3:::*"] } },
    /\/targets\/s3:PutObject\/0: must be one exact ARN such as .*, or one that ends in \*/,
  ],
  [
    "all parameters",
    { targets: { "ssm:PutParameter": [`${PARAMETER}/*`] } },
    /\/targets\/ssm:PutParameter\/0: must be one exact ARN such as .*, or one that ends in \*/,
  ],
  [
    "all instances",
    { targets: { "ec2:StopInstances": ["arn:aws:ec2:us-east-1:111122223333:instance/*"] } },
    /\/targets\/ec2:StopInstances\/0: must be one exact ARN such as .*: no wildcard/,
  ],
  [
    "more ARNs than an environment variable holds",
    {
      targets: {
        "dynamodb:UpdateItem": many(24, (index) => `${TABLE}-${index}`),
        "ec2:StopInstances": many(22, (index) => INSTANCE.replace("00", `${index}`)),
      },
    },
    /\/targets: has \d+ characters of ARNs; at most 2600, because one environment/,
  ],
  ["an account that is a number", { account: 111122223333 }, /\/account: must be of type string/],
  [
    "a target of another account than the plane's",
    { account: "444455556666" },
    /\/targets\/dynamodb:UpdateItem\/0: must be in account 444455556666/,
  ],
  [
    "targets in two regions",
    {
      targets: {
        "dynamodb:UpdateItem": [TABLE],
        "ssm:PutParameter": [`${PARAMETER}/a`, `${PARAMETER.replace("us-east-1", "eu-west-1")}/a`],
      },
    },
    /\/targets\/ssm:PutParameter\/1: must be in 111122223333, us-east-1 like the targets before it/,
  ],
  [
    "targets in two accounts",
    {
      targets: {
        "s3:PutObject": ["arn:aws:s3:::bucket/a"],
        "dynamodb:UpdateItem": [TABLE, TABLE.replace("111122223333", "444455556666")],
      },
    },
    /\/targets\/dynamodb:UpdateItem\/1: must be in 111122223333, us-east-1/,
  ],
  [
    "everyone as administrator",
    { administrators: ["*"] },
    /\/administrators\/0: must be the ARN of a role or user, .* or of root/,
  ],
  [
    "every role as administrator",
    { administrators: ["arn:aws:iam::111122223333:role/*"] },
    /\/administrators\/0: must be the ARN of a role or user, .* or of root/,
  ],
  [
    "no concurrency at all",
    { concurrency: { issue: 0 } },
    /\/concurrency\/issue: Too small|\/concurrency\/issue: /,
  ],
  [
    "a retention that CloudWatch does not have",
    { logRetentionDays: 100 },
    /\/logRetentionDays: must be one of 1, 3, 5, 7, /,
  ],
  ["an alarm for nobody", { alarmEmails: ["team"] }, /\/alarmEmails\/0: must be an e-mail address/],
  ["a topic's name", { alarmTopicArn: "alarms" }, /\/alarmTopicArn: must be an SNS topic's ARN/],
  [
    "e-mails to a topic that exists",
    {
      alarmEmails: ["team@example.org"],
      alarmTopicArn: "arn:aws:sns:us-east-1:111122223333:alarms",
    },
    /\/alarmEmails: has no use beside alarmTopicArn/,
  ],
  // IAM counts a role's own tags as the session's.
  ["the identity tag", { tags: { "VAI-Identity": "x" } }, /\/tags\/VAI-Identity: must not be vai-/],
  ["a tag of AWS", { tags: { "aws:x": "y" } }, /\/tags\/aws:x: must not be vai-identity/],
  [
    "one role for both uses",
    { existingRoles: { dynamodb: { executionRoleArn: ROLE, readerRoleArn: ROLE } } },
    /\/existingRoles\/dynamodb: must be two different roles/,
  ],
  [
    "roles of a family that is not opened",
    {
      targets: { "dynamodb:UpdateItem": [TABLE] },
      existingRoles: { s3: { executionRoleArn: ROLE, readerRoleArn: `${ROLE}2` } },
    },
    /\/existingRoles\/s3: has no use: no action of s3 is in targets/,
  ],
  [
    "a key by its alias",
    { existingKeys: { plane: "alias/plane" } },
    /\/existingKeys\/plane: must be the ARN of a KMS key, not of an alias/,
  ],
  [
    "one key for two uses",
    { existingKeys: { plane: KEY, evidence: KEY } },
    /\/existingKeys: must be two different keys/,
  ],
  [
    "roles elsewhere of a plane of no account",
    { elsewhere: [ELSEWHERE] },
    /\/account: must be given with elsewhere/,
  ],
  [
    "targets elsewhere that are here",
    { account: "111122223333", elsewhere: [{ ...ELSEWHERE, account: "444455556666" }] },
    /\/elsewhere\/0\/targets\/dynamodb:UpdateItem\/0: must be in account 444455556666/,
  ],
  [
    "the same place twice",
    { account: "111122223333", elsewhere: [ELSEWHERE, ELSEWHERE] },
    /\/elsewhere\/1: must name each account and region once/,
  ],
  ["samples that are no boolean", { samples: "yes" }, /\/samples: must be of type boolean/],
  ["an unknown property", { region: "us-east-1" }, /\/region: unknown; known are name, anchors/],
];

suite("deployment file", () => {
  for (const [name, change, message] of DEFECTS) {
    test(`USR-12 refuses ${name}, with pointer and what would be right`, () => {
      assert.throws(
        () => parseDeployment({ ...GOOD, ...change }, "deployment.json"),
        (error: Error) => {
          assert.ok(error instanceof DeploymentError);
          assert.match(error.message, /^deployment\.json is not a deployment description:\n/);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  test("USR-12 names every defect at once", () => {
    assert.throws(() => parseDeployment({ name: 1, anchors: 2, targets: 3 }, "f"), {
      message: [
        "f is not a deployment description:",
        "  /name: must be of type string",
        "  /anchors: must be of type array",
        "  /targets: must be of type object",
      ].join("\n"),
    });
  });

  test("USR-12 retains by default, unless the samples say that this is a throw-away", () => {
    assert.equal(parseDeployment(GOOD, "f").retain, true);
    assert.equal(parseDeployment(GOOD, "f").samples, false);
    assert.equal(parseDeployment({ ...GOOD, samples: true }, "f").retain, false);
    assert.equal(parseDeployment({ ...GOOD, samples: true, retain: true }, "f").retain, true);
    assert.equal(parseDeployment({ ...GOOD, retain: false }, "f").retain, false);
  });

  test("USR-12 what is not said has a safe default", () => {
    const { name, anchors, targets, administrators } = GOOD;
    const given = { name, anchors, targets, administrators };
    const { retain, samples, ...rest } = parseDeployment(given, "f");
    assert.deepEqual([retain, samples], [true, false]);
    assert.deepEqual(rest, {
      ...{ ...given, targetKeys: {} },
      concurrency: {
        ...{ issue: 50, execute: 50, delegate: 10, govern: 2 },
        ...{ revoke: 5, revokeEvents: 2, sweep: 1 },
      },
      ...{ scopedCredentials: true, sweepEachMinute: true },
      logRetentionDays: 365,
      regionalNames: false,
      ...{ alarmEmails: [], tags: {}, existingRoles: {}, existingKeys: {}, elsewhere: [] },
    });
    assert.deepEqual(parseDeployment({ ...GOOD, concurrency: { issue: null } }, "f").concurrency, {
      ...{ issue: null, execute: 50, delegate: 10, govern: 2 },
      ...{ revoke: 5, revokeEvents: 2, sweep: 1 },
    });
  });

  test("USR-12 targets that come and go may be opened by a prefix", () => {
    const targets = {
      "s3:PutObject": [
        "arn:aws:s3:::settings-bucket/*",
        "arn:aws:s3:::settings-bucket/vai-example-/x*",
      ],
      "ssm:PutParameter": [`${PARAMETER}/checkout/*`],
    };
    assert.throws(() => parseDeployment({ ...GOOD, targets }, "f"), /s3:PutObject\/1: is one of/);
    const [bucket = ""] = targets["s3:PutObject"];
    const good = { ...targets, "s3:PutObject": [bucket] };
    assert.deepEqual(parseDeployment({ ...GOOD, targets: good }, "f").targets, good);
  });

  test("USR-12 a missing file, and one that is not JSON, say what to do", () => {
    const missing = join(stubBundles(), "absent.json");
    assert.throws(
      () => readDeployment(missing),
      /cannot read .*absent\.json: name an existing file in/,
    );
    const broken = join(stubBundles(), "broken.json");
    writeFileSync(broken, "{ name: 1 }");
    assert.throws(() => readDeployment(broken), /broken\.json is not JSON: /);
  });
});
