import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Template } from "aws-cdk-lib/assertions";
import { addStacks, newApp, placed } from "../../infra/app.ts";
import { parseDeployment } from "../../infra/deployment.ts";
import { valuesOf } from "../../infra/organization.ts";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { exampleIn, inPartition, PARTITIONS, type Partition } from "./support/partitions.ts";
import { EXAMPLE, stubBundles, templateOf } from "./support/synthesise.ts";
import { ACCOUNT, REGION, Resolved } from "./support/template.ts";

const names = Object.keys(PARTITIONS) as Partition[];
const fileOf = ({ samples: _, retain: __, ...file }: typeof EXAMPLE) => file;
const BUCKET = { "s3:PutObject": ["arn:aws:s3:::settings-bucket/*"] };

suite("partitions and regions", () => {
  for (const partition of names) {
    test(`USR-12 a deployment in ${partition} is accepted, and its stack names no other partition`, () => {
      const deployment = exampleIn(partition);
      assert.deepEqual(parseDeployment(fileOf(deployment), "f").targets, deployment.targets);
      const text = JSON.stringify(templateOf(deployment).toJSON());
      const literal = new Set([...text.matchAll(/arn:(aws[a-z-]*):/g)].map(([, found]) => found));
      assert.deepEqual(
        [...literal],
        [partition],
        "the targets', as given; all else is AWS::Partition",
      );
    });

    test(`USR-12 roles, keys, topics and places elsewhere in ${partition} are accepted`, () => {
      const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
      const given = inPartition(
        {
          ...fileOf(EXAMPLE),
          account: ACCOUNT,
          existingRoles: { ssm: { executionRoleArn: role("a"), readerRoleArn: role("b") } },
          existingKeys: { evidence: `arn:aws:kms:us-east-1:${ACCOUNT}:key/0-0` },
          alarmTopicArn: `arn:aws:sns:us-east-1:${ACCOUNT}:alarms`,
          elsewhere: [{ account: ACCOUNT, region: "us-east-1", targets: EXAMPLE.targets }],
        },
        partition,
      );
      assert.doesNotThrow(() => parseDeployment(given, "f"));
    });
  }

  test("USR-12 targets of two partitions are refused by name, S3's too, which have no region", () => {
    const targets = {
      ...BUCKET,
      "ssm:PutParameter": [`arn:aws-us-gov:ssm:us-gov-west-1:${ACCOUNT}:parameter/limit`],
    };
    assert.throws(
      () => parseDeployment({ ...fileOf(EXAMPLE), targets }, "f"),
      /\/targets\/ssm:PutParameter\/0: must be in partition aws like the targets before it/,
    );
  });
});

suite("Function URLs", () => {
  const urls = (deployment: typeof EXAMPLE) => {
    const template = templateOf(deployment);
    const outputs = Object.keys(template.findOutputs("*")).filter((name) => name.endsWith("Url"));
    return [Object.keys(template.findResources("AWS::Lambda::Url")).length, outputs.sort()];
  };
  const BOTH = [3, ["DelegateUrl", "ExecuteUrl", "IssueUrl"]];
  const NONE = [0, []];

  test("USR-12 there are Function URLs where Lambda is known to have them, and none elsewhere", () => {
    assert.deepEqual(
      names.map((name) => urls(exampleIn(name))),
      [BOTH, NONE, NONE, NONE],
    );
    const zurich = JSON.parse(JSON.stringify(EXAMPLE).replaceAll("us-east-1", "eu-central-2"));
    assert.deepEqual(urls(zurich), NONE);
    const tomorrow = JSON.parse(JSON.stringify(EXAMPLE).replaceAll("us-east-1", "xx-new-1"));
    assert.deepEqual(urls(tomorrow), NONE);
  });

  test("USR-12 the deployment file says otherwise, either way", () => {
    assert.deepEqual(urls({ ...EXAMPLE, functionUrls: false }), NONE);
    assert.deepEqual(urls({ ...exampleIn("aws-eusc"), functionUrls: true }), BOTH);
    assert.equal(
      parseDeployment({ ...fileOf(EXAMPLE), functionUrls: false }, "f").functionUrls,
      false,
    );
    assert.throws(
      () => parseDeployment({ ...fileOf(EXAMPLE), functionUrls: "no" }, "f"),
      /\/functionUrls: must be of type boolean/,
    );
  });

  test("USR-12 where the targets do not say where the plane is, the CDK's region does", () => {
    const buckets = { ...EXAMPLE, targets: BUCKET };
    const said = (region?: string) => placed(buckets, region).functionUrls;
    assert.deepEqual([said("eu-west-1"), said("eu-central-2"), said()], [true, false, false]);
    assert.equal(placed(EXAMPLE, "eu-central-2").functionUrls, true, "the targets come first");
    const stack = addStacks(newApp(), placed(buckets, "eu-west-1"), stubBundles());
    Template.fromStack(stack).resourceCountIs("AWS::Lambda::Url", 3);
  });
});

/** Types whose names an account has once for all its regions (IAM; CloudWatch, "Dashboards are global"). */
const ACCOUNT_WIDE = [
  ["AWS::IAM::Role", "RoleName"],
  ["AWS::IAM::ManagedPolicy", "ManagedPolicyName"],
  ["AWS::CloudWatch::Dashboard", "DashboardName"],
] as const;

suite("two planes of one name in two regions of an account", () => {
  const regional = new Resolved(templateOf({ ...EXAMPLE, regionalNames: true }));
  const plain = new Resolved(templateOf());
  const namesOf = (resolved: Resolved) =>
    ACCOUNT_WIDE.flatMap(([type, property]) =>
      resolved.ofType(type).map(({ Properties }) => String(Properties[property])),
    ).sort();

  test("USR-12 with regional names, whatever an account has once is named after the region too", () => {
    const families = new Set(CATALOGUE.map(({ family }) => family)).size;
    assert.deepEqual(
      namesOf(regional),
      namesOf(plain)
        .map((name) => `${name}-${REGION}`)
        .sort(),
    );
    assert.equal(namesOf(regional).length, 7 + 2 * families + 3 + 2 * families + 1);
    for (const name of namesOf(regional)) {
      assert.ok(
        name.startsWith("vai-example-"),
        "still the plane's own, which no contract may name",
      );
    }
  });

  test("USR-12 names that a region has for itself stay, so that tables and functions are found by them", () => {
    for (const [type, property] of [
      ["AWS::DynamoDB::Table", "TableName"],
      ["AWS::Lambda::Function", "FunctionName"],
    ] as const) {
      const found = (resolved: Resolved) =>
        resolved.ofType(type).map(({ Properties }) => Properties[property]);
      assert.deepEqual(found(regional), found(plain));
    }
  });

  test("USR-12 with regional names a deployment has no roles elsewhere, which could not name the functions", () => {
    const place = { account: "444455556666", region: "us-east-1" };
    const targets = { "ssm:PutParameter": ["arn:aws:ssm:us-east-1:444455556666:parameter/limit"] };
    const elsewhere = [{ ...place, targets }];
    const file = { ...fileOf(EXAMPLE), account: ACCOUNT, elsewhere };
    assert.doesNotThrow(() => parseDeployment(file, "f"));
    assert.throws(
      () => parseDeployment({ ...file, regionalNames: true }, "f"),
      /\/elsewhere: cannot be given with regionalNames/,
    );
  });

  test("USR-12 an organisation's policies name the roles that there are", () => {
    const { FUNCTION_ROLES, SESSION_ROLES } = valuesOf(
      { ...EXAMPLE, account: ACCOUNT, regionalNames: true },
      undefined,
    );
    const roles = new Set(namesOf(regional));
    for (const arn of [FUNCTION_ROLES, SESSION_ROLES].flat()) {
      assert.ok(roles.has(`${arn}`.split("/")[1] ?? ""), `${arn}`);
    }
  });
});
