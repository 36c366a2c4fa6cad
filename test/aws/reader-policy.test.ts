import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { evaluatePolicies } from "../../lib/authority/evaluate/evaluate.ts";
import { readerPolicy } from "../../lib/aws/ports/reader-policy.ts";

const REGION = "us-east-1";
const ACCOUNT = "000000000000";
const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/vai-local-read/vai-reader`;
const ANYTHING = { Effect: "Allow", Action: "*", Resource: "*" };
const policy = (...Statement: object[]) => ({ Version: "2012-10-17", Statement });

/** Two targets of each family whose reads IAM can bound, one call on the first and one on a stranger. */
const FAMILIES: [string, string, readonly string[], string, string][] = [
  [
    "dynamodb",
    "dynamodb:GetItem",
    [`arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/settings`],
    `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/settings`,
    `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/ledger`,
  ],
  [
    "lambda",
    "lambda:GetAlias",
    [`arn:aws:lambda:${REGION}:${ACCOUNT}:function:checkout`],
    `arn:aws:lambda:${REGION}:${ACCOUNT}:function:checkout`,
    `arn:aws:lambda:${REGION}:${ACCOUNT}:function:vai-local-issue`,
  ],
  [
    "s3",
    "s3:GetObject",
    ["arn:aws:s3:::settings-bucket/checkout/*", "arn:aws:s3:::other-bucket/one"],
    "arn:aws:s3:::settings-bucket/checkout/limits.json",
    "arn:aws:s3:::settings-bucket/payroll/limits.json",
  ],
  [
    "ssm",
    "ssm:GetParameter",
    [`arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/checkout/*`],
    `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/checkout/limit`,
    `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/payroll/limit`,
  ],
  [
    "ecs",
    "ecs:DescribeServices",
    [`arn:aws:ecs:${REGION}:${ACCOUNT}:service/shop/checkout`],
    `arn:aws:ecs:${REGION}:${ACCOUNT}:service/shop/checkout`,
    `arn:aws:ecs:${REGION}:${ACCOUNT}:service/shop/payroll`,
  ],
];

/** The decision for a role that may do everything; with `granted`, a resource policy names its session too. */
function decide(
  session: object,
  { action, resource, region = REGION }: { action: string; resource: string; region?: string },
  granted: boolean,
): string {
  const grant = policy({ ...ANYTHING, Principal: { AWS: SESSION } });
  return evaluatePolicies(
    { identity: [policy(ANYTHING)], session, ...(granted && { resource: [grant] }) },
    { action, resource, principalArn: SESSION, context: { "aws:RequestedRegion": region } },
  ).decision;
}

suite("PROTOCOL.md §9 the reader's session policy", () => {
  for (const [family, action, targets, mine, foreign] of FAMILIES) {
    const session = readerPolicy(family, targets, REGION);

    test(`PROTOCOL.md §9 ${family}: reads its targets`, () => {
      assert.equal(decide(session, { action, resource: mine }, false), "Allow");
    });

    for (const granted of [false, true]) {
      const how = granted ? "even if a resource policy names the session" : "whatever its role may";
      test(`VAI-46 ${family}: nothing else, ${how}`, () => {
        const write = CATALOGUE.find((each) => each.family === family)?.action ?? "";
        const calls = [
          { action, resource: foreign },
          { action: write, resource: mine },
          { action: "kms:Sign", resource: "*" },
          { action, resource: mine, region: "eu-west-1" },
          // Object ARNs carry no account; the read itself demands the bucket's owner.
          { action, resource: family === "s3" ? foreign : mine.replace(ACCOUNT, "999999999999") },
        ];
        for (const call of calls)
          assert.equal(decide(session, call, granted), "ExplicitDeny", JSON.stringify(call));
      });
    }
  }

  test("PROTOCOL.md §9 ec2: describes instances and disks in its region, and no more", () => {
    const targets = [`arn:aws:ec2:${REGION}:${ACCOUNT}:instance/i-0123456789abcdef0`];
    const session = readerPolicy("ec2", targets, REGION);
    const describe = { action: "ec2:DescribeInstances", resource: "*" };
    assert.equal(decide(session, describe, false), "Allow");
    assert.equal(decide(session, { ...describe, region: "eu-west-1" }, true), "ExplicitDeny");
    const disks = { action: "ec2:DescribeVolumes", resource: "*" };
    assert.equal(decide(session, disks, false), "Allow", "under which keys its disks lie");
    assert.equal(decide(session, { ...disks, region: "eu-west-1" }, true), "ExplicitDeny");
    for (const action of ["ec2:StopInstances", "ec2:DescribeSnapshots"]) {
      const call = { action, resource: targets[0] ?? "" };
      assert.equal(decide(session, call, true), "ExplicitDeny", action);
    }
  });

  test("PROTOCOL.md §9 s3: how the buckets of its objects are encrypted, of no others and nothing else of them", () => {
    const objects = ["settings-bucket/checkout/*", "settings-bucket/x", "other-bucket/one"];
    const session = readerPolicy(
      "s3",
      objects.map((name) => `arn:aws:s3:::${name}`),
      REGION,
    );
    const of = (bucket: string, action = "s3:GetEncryptionConfiguration") => ({
      ...{ action, resource: `arn:aws:s3:::${bucket}` },
    });
    for (const bucket of ["settings-bucket", "other-bucket"])
      assert.equal(decide(session, of(bucket), false), "Allow");
    for (const other of [
      of("payroll-bucket"),
      of("settings-bucket2"),
      of("settings-bucket", "s3:ListBucket"),
      of("settings-bucket", "s3:PutEncryptionConfiguration"),
      { ...of("settings-bucket"), region: "eu-west-1" },
    ])
      assert.equal(decide(session, other, true), "ExplicitDeny", JSON.stringify(other));
  });

  test("PROTOCOL.md §9 dynamodb: how its tables are encrypted, and no others", () => {
    const arn = (name: string) => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}`;
    const session = readerPolicy("dynamodb", [arn("settings")], REGION);
    const describe = (name: string) => ({ action: "dynamodb:DescribeTable", resource: arn(name) });
    assert.equal(decide(session, describe("settings"), false), "Allow");
    assert.equal(decide(session, describe("ledger"), true), "ExplicitDeny");
  });

  test("VAI-46 without targets, or of a family without reads, everything is denied", () => {
    for (const session of [
      readerPolicy("lambda", [], REGION),
      readerPolicy("iam", ["x"], REGION),
    ]) {
      const call = { action: "lambda:GetAlias", resource: "*" };
      assert.equal(decide(session, call, true), "ExplicitDeny");
    }
  });

  suite("VAI-46 the keys of encrypted targets", () => {
    const key = (index: number) =>
      `arn:aws:kms:${REGION}:${ACCOUNT}:key/${index}0000000-2222-3333-4444-555555555555`;
    const TARGETS: Readonly<Record<string, string>> = {
      dynamodb: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/settings`,
      s3: "arn:aws:s3:::settings-bucket/*",
    };
    for (const [family, target] of Object.entries(TARGETS)) {
      const session = readerPolicy(family, [target], REGION, { [target]: key(1), other: key(2) });
      const use = (resource: string, service?: string, action = "kms:Decrypt") => ({
        ...{ action, resource, principalArn: SESSION },
        context: {
          "aws:RequestedRegion": REGION,
          ...(service !== undefined && { "kms:ViaService": `${service}.${REGION}.amazonaws.com` }),
        },
      });
      const decided = (request: ReturnType<typeof use>): string[] =>
        [[], [policy({ ...ANYTHING, Principal: { AWS: SESSION } })]].map(
          (resource) =>
            evaluatePolicies(
              { identity: [policy(ANYTHING)], session, ...(resource.length > 0 && { resource }) },
              request,
            ).decision,
        );

      test(`VAI-46 ${family}: are used through the service`, () =>
        assert.deepEqual(decided(use(key(1), family)), ["Allow", "Allow"]));

      test(`VAI-46 ${family}: and in no other way, whoever names the session`, () => {
        const denied = ["ExplicitDeny", "ExplicitDeny"];
        for (const other of [
          use(key(1)),
          use(key(1), "lambda"),
          use(key(2), family),
          use(key(1), family, "kms:GenerateDataKey"),
          use(key(1), family, "kms:Encrypt"),
        ])
          assert.deepEqual(decided(other), denied, JSON.stringify(other));
      });
    }

    test("VAI-147 as many as a deployment may name fit beside the targets", () => {
      const tables = Array.from({ length: 8 }, (_, index) => `${TARGETS["dynamodb"]}-${index}`);
      const keys = Object.fromEntries(
        tables.slice(0, 7).map((table, index) => [table, key(index)]),
      );
      const characters = [...tables, ...Object.values(keys)].join("").length;
      assert.ok(characters <= 1400 - 340 && characters > 1000 - 100, String(characters));
      const text = JSON.stringify(readerPolicy("dynamodb", tables, "ap-southeast-1", keys));
      assert.ok(text.length <= 2048, String(text.length));
    });
  });

  test("VAI-147 1,400 characters of targets fit, however short each is", () => {
    const shortest: [string, string][] = [
      ["ssm", `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/a`],
      ["ecs", `arn:aws:ecs:${REGION}:${ACCOUNT}:service/c/s`],
      ["lambda", `arn:aws:lambda:${REGION}:${ACCOUNT}:function:f`],
      ["dynamodb", `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/abc`],
      ["ec2", `arn:aws:ec2:${REGION}:${ACCOUNT}:instance/i-01234567`],
    ];
    const families = new Set(CATALOGUE.map(({ family }) => family));
    assert.deepEqual(new Set([...shortest.map(([family]) => family), "s3"]), families);
    for (const [family, arn] of shortest) {
      const targets = Array.from({ length: Math.floor(1400 / arn.length) }, () => arn);
      const text = JSON.stringify(readerPolicy(family, targets, "ap-southeast-1"));
      assert.ok(text.length <= 2048, `${family}: ${text.length}`);
    }
  });

  test("VAI-147 as many objects as a deployment may open fit, in one bucket or in one each", () => {
    const AROUND = 100;
    const inOne = Array.from({ length: 64 }, (_, index) => `arn:aws:s3:::abc/${100 + index}`);
    const inMany = Array.from({ length: 33 }, (_, index) => `arn:aws:s3:::a${100 + index}/*`);
    for (const objects of [inOne, inMany]) {
      const buckets = [...new Set(objects.map((arn) => arn.slice(0, arn.indexOf("/"))))];
      const counted = objects.join("").length + JSON.stringify(buckets).length + AROUND;
      assert.ok(counted > 1300 && counted <= 1400, String(counted));
      const text = JSON.stringify(readerPolicy("s3", objects, "ap-southeast-1"));
      assert.ok(text.length <= 2048, String(text.length));
    }
  });
});
