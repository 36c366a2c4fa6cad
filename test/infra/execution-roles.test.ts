import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Template } from "aws-cdk-lib/assertions";
import {
  AccountRootPrincipal,
  ArnPrincipal,
  Role,
  ServicePrincipal,
  StarPrincipal,
  WebIdentityPrincipal,
} from "aws-cdk-lib/aws-iam";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { EXAMPLE, stackOf, templateOf } from "./support/synthesise.ts";
import {
  ACCOUNT,
  REGION,
  Resolved,
  roleArn,
  type Statement,
  statements,
} from "./support/template.ts";

type Allowed = Pick<Statement, "Action" | "Resource" | "Condition">;

interface Expected {
  /** What the execution role may do, with the tag. */
  readonly run: readonly Allowed[];
  /** What the reader role may do. */
  readonly look: readonly Allowed[];
}

const arn = (service: string, resource: string) =>
  `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
const instance = (number: number) => arn("ec2", `instance/i-0123456789abcdef${number}`);
const BUCKET = `arn:aws:s3:::settings-bucket-${ACCOUNT}`;
const OBJECTS = `${BUCKET}/checkout/*`;
const OWNED = { StringEquals: { "aws:ResourceAccount": ACCOUNT } };

/** One row more, or one action more in a row, is a failure. */
const FAMILIES: Readonly<Record<string, Expected>> = {
  dynamodb: {
    run: [{ Action: ["dynamodb:UpdateItem"], Resource: [arn("dynamodb", "table/settings")] }],
    look: [
      {
        Action: ["dynamodb:DescribeTable", "dynamodb:GetItem"],
        Resource: [arn("dynamodb", "table/settings")],
      },
    ],
  },
  ec2: {
    run: [
      { Action: ["ec2:StartInstances", "ec2:StopInstances"], Resource: [instance(0)] },
      { Action: ["ec2:TerminateInstances"], Resource: [instance(1)] },
    ],
    // IAM cannot bound the lists to an instance or its disks; the reader's session cannot leave the region.
    look: [
      {
        Action: ["ec2:DescribeInstances", "ec2:DescribeVolumes"],
        Resource: ["*"],
        Condition: { StringEquals: { "aws:RequestedRegion": REGION } },
      },
    ],
  },
  ecs: {
    run: [{ Action: ["ecs:UpdateService"], Resource: [arn("ecs", "service/shop/checkout")] }],
    look: [{ Action: ["ecs:DescribeServices"], Resource: [arn("ecs", "service/shop/checkout")] }],
  },
  lambda: {
    run: [
      { Action: ["lambda:InvokeFunction"], Resource: [arn("lambda", "function:refunds:live")] },
      { Action: ["lambda:UpdateAlias"], Resource: [arn("lambda", "function:checkout")] },
    ],
    // Of a function with its qualifier nothing is read.
    look: [{ Action: ["lambda:GetAlias"], Resource: [arn("lambda", "function:checkout")] }],
  },
  s3: {
    run: [{ Action: ["s3:PutObject"], Resource: [OBJECTS], Condition: OWNED }],
    look: [
      { Action: ["s3:GetObject"], Resource: [OBJECTS], Condition: OWNED },
      { Action: ["s3:GetEncryptionConfiguration"], Resource: [BUCKET], Condition: OWNED },
    ],
  },
  ssm: {
    run: [{ Action: ["ssm:PutParameter"], Resource: [arn("ssm", "parameter/checkout/*")] }],
    look: [{ Action: ["ssm:GetParameter"], Resource: [arn("ssm", "parameter/checkout/*")] }],
  },
};

const TAGGED = {
  StringLike: { "aws:PrincipalTag/vai-identity": "vai-*" },
  Null: { "aws:PrincipalTag/vai-identity": "false", "aws:PrincipalTag/vai-probe": "true" },
};

const CUT: Allowed = {
  Action: ["sts:GetScopedCredentials"],
  Resource: ["*"],
  Condition: {
    StringLike: { "aws:PrincipalTag/vai-identity": "vai-*" },
    Null: { "aws:PrincipalTag/vai-identity": "false" },
  },
};

const ceiling = (allowed: readonly Allowed[], conditions: Statement["Condition"] = {}) =>
  allowed.map(({ Action, Resource, Condition }, index): Statement => {
    const all = { ...conditions, ...Condition };
    return {
      ...{ Sid: `Ceiling${index + 1}`, Effect: "Allow", Action, Resource },
      ...(Object.keys(all).length > 0 && { Condition: all }),
    };
  });

/** What is acted with: the targets, each with the tag of an identity alone; and the cut, for whoever has that tag. */
const acting = (run: readonly Allowed[]) => [
  ...ceiling(run, TAGGED),
  ...ceiling([...run, CUT]).slice(run.length),
];

const never = (Action: string[]): Statement => ({
  ...{ Sid: "Never", Effect: "Deny", Action, Resource: ["*"] },
});
const NEVER_READING = [never(["iam:*", "kms:*", "organizations:*", "sts:*"])];
const neverActing = (run: readonly Allowed[]): readonly Statement[] => [
  never(["iam:*", "kms:*", "organizations:*"]),
  {
    ...{ Sid: "NothingElse", Effect: "Deny", Action: [], Resource: ["*"] },
    ...{ NotAction: [...run, CUT].flatMap(({ Action }) => Action) },
  },
  {
    ...{ Sid: "NeverMoreAsAProbe", Effect: "Deny", Action: [], Resource: ["*"] },
    ...{ NotAction: "sts:GetScopedCredentials" },
    Condition: { Null: { "aws:PrincipalTag/vai-probe": "false" } },
  },
];

const DENIES: readonly Statement[] = [
  {
    Sid: "NotThePlane",
    Effect: "Deny",
    Action: ["*"],
    Resource: [
      `arn:aws:cloudformation:*:${ACCOUNT}:stack/vai-example-*`,
      `arn:aws:cloudwatch:*:${ACCOUNT}:alarm:vai-example-*`,
      `arn:aws:cloudwatch::${ACCOUNT}:dashboard/vai-example-*`,
      `arn:aws:dynamodb:*:${ACCOUNT}:table/vai-example-*`,
      `arn:aws:lambda:*:${ACCOUNT}:function:vai-example-*`,
      `arn:aws:logs:*:${ACCOUNT}:log-group:/vai/example/*`,
      "arn:aws:s3:::vai-example-*",
      `arn:aws:sns:*:${ACCOUNT}:vai-example-*`,
      `arn:aws:ssm:*:${ACCOUNT}:parameter/vai-example-*`,
    ],
  },
];

const CALLERS = { AWS: [roleArn("execute"), roleArn("issue")] };
const READERS = { AWS: [...CALLERS.AWS, roleArn("sweep")] };
const PROBERS = { AWS: [roleArn("revoke"), roleArn("sweep")] };
const EVERYBODY = { AWS: [...CALLERS.AWS, ...PROBERS.AWS] };

suite("execution and reader roles", () => {
  const resolved = new Resolved(templateOf());
  const role = (part: string) =>
    resolved.one("AWS::IAM::Role", "RoleName", `vai-example-${part}`).Properties;
  const trust = (part: string) => statements(role(part)["AssumeRolePolicyDocument"]);
  const boundary = (part: string) => resolved.managedStatements(`vai-example-boundary-${part}`);

  for (const [family, { run, look }] of Object.entries(FAMILIES)) {
    test(`VAI-45 only issue and execute assume the ${family} execution role as an identity, only revoke and sweep as a probe`, () => {
      assert.deepEqual(trust(`exec-${family}`), [
        {
          Sid: "AsAnIdentity",
          Effect: "Allow",
          Principal: CALLERS,
          Action: ["sts:AssumeRole"],
          Resource: [],
          Condition: {
            StringLike: {
              "sts:RoleSessionName": "vai-*",
              "sts:SourceIdentity": "vai-*",
              "aws:RequestTag/vai-identity": "vai-*",
            },
            Null: { "aws:RequestTag/vai-probe": "true" },
          },
        },
        {
          Sid: "AsAProbe",
          Effect: "Allow",
          Principal: PROBERS,
          Action: ["sts:AssumeRole"],
          Resource: [],
          Condition: {
            StringEquals: {
              "sts:RoleSessionName": "vai-probe",
              "sts:SourceIdentity": "vai-probe",
              "aws:RequestTag/vai-probe": "true",
            },
            StringLike: { "aws:RequestTag/vai-identity": "vai-*" },
          },
        },
        {
          Sid: "SourceIdentity",
          Effect: "Allow",
          Principal: EVERYBODY,
          Action: ["sts:SetSourceIdentity"],
          Resource: [],
          Condition: { StringLike: { "sts:SourceIdentity": "vai-*" } },
        },
        {
          Sid: "TheseTagsOnly",
          Effect: "Allow",
          Principal: EVERYBODY,
          Action: ["sts:TagSession"],
          Resource: [],
          Condition: {
            "ForAllValues:StringEquals": { "aws:TagKeys": ["vai-identity", "vai-probe"] },
            Null: { "aws:TagKeys": "false" },
            StringLike: { "aws:RequestTag/vai-identity": "vai-*" },
          },
        },
      ]);
    });

    test(`VAI-45 only issue, execute and sweep assume the ${family} reader role, under the reader's name`, () => {
      assert.deepEqual(trust(`read-${family}`), [
        {
          Sid: "OnlyAsReader",
          Effect: "Allow",
          Principal: READERS,
          Action: ["sts:AssumeRole"],
          Resource: [],
          Condition: { StringEquals: { "sts:RoleSessionName": "vai-reader" } },
        },
      ]);
    });

    test(`VAI-46 the ${family} execution role does its actions on their targets with the tag of an identity only, and as a probe one call of STS`, () => {
      assert.deepEqual(resolved.roleStatements(`vai-example-exec-${family}`), acting(run));
    });

    test(`VAI-46 the ${family} reader role looks at its targets and does nothing else`, () => {
      assert.deepEqual(resolved.roleStatements(`vai-example-read-${family}`), ceiling(look));
    });

    test(`VAI-45 boundaries of the ${family} roles repeat the ceiling and deny the plane itself`, () => {
      const sorted = (found: readonly Statement[]) =>
        found.map((each) => ({ ...each, Resource: each.Resource.toSorted() }));
      assert.deepEqual(sorted(boundary(family)), [...acting(run), ...neverActing(run), ...DENIES]);
      assert.deepEqual(sorted(boundary(`read-${family}`)), [
        ...ceiling(look),
        ...NEVER_READING,
        ...DENIES,
      ]);
    });

    test(`VAI-45 the ${family} roles have their boundary, the shortest sessions and no identity of their own`, () => {
      for (const [part, name] of [
        [`exec-${family}`, family],
        [`read-${family}`, `read-${family}`],
      ] as const) {
        const { PermissionsBoundary, MaxSessionDuration, Tags } = role(part);
        assert.equal(
          PermissionsBoundary,
          `arn:aws:iam::${ACCOUNT}:policy/vai-example-boundary-${name}`,
        );
        assert.equal(MaxSessionDuration, 3600);
        // A role's tags count as principal tags.
        assert.deepEqual(Tags, [{ Key: "vai-plane", Value: "example" }]);
      }
    });
  }

  test("VAI-45 the roles that any AWS principal may assume are exactly these pairs", () => {
    const assumable = resolved
      .ofType("AWS::IAM::Role")
      .filter(({ Properties }) =>
        statements(Properties["AssumeRolePolicyDocument"]).some(
          ({ Principal }) => !Object.hasOwn(Principal as object, "Service"),
        ),
      )
      .map(({ Properties }) => Properties["RoleName"]);
    const pairs = Object.keys(FAMILIES).flatMap((family) => [
      `vai-example-exec-${family}`,
      `vai-example-read-${family}`,
    ]);
    assert.deepEqual(assumable.sort(), pairs.sort());
  });

  test("VAI-45 every action of the catalogue is in this test, and in the example", () => {
    const actions = CATALOGUE.map(({ action }) => action).sort();
    const tested = Object.values(FAMILIES).flatMap(({ run }) => run.flatMap((each) => each.Action));
    assert.deepEqual(tested.sort(), actions);
    assert.deepEqual(Object.keys(EXAMPLE.targets).sort(), actions);
  });

  test("VAI-45 an action without a ceiling is not deployed", () => {
    const targets = { "dynamodb:UpdateItem": EXAMPLE.targets["dynamodb:UpdateItem"] };
    const only = new Resolved(templateOf({ ...EXAMPLE, targets }));
    const names = only
      .ofType("AWS::IAM::Role")
      .map(({ Properties }) => String(Properties["RoleName"]))
      .filter((name) => /-(exec|read)-/.test(name));
    assert.deepEqual(names.sort(), ["vai-example-exec-dynamodb", "vai-example-read-dynamodb"]);
    assert.doesNotMatch(JSON.stringify(only.outputs), /lambda:UpdateAlias/);
  });

  test("VAI-45 the widest ceiling that a deployment may have fits into a boundary", () => {
    // As many targets as a session policy holds, on each action of the family that has most.
    const many = Array.from(
      { length: 20 },
      (_, index) => `${instance(0).slice(0, -2)}${10 + index}`,
    );
    const actions = ["ec2:StartInstances", "ec2:StopInstances", "ec2:TerminateInstances"];
    const targets = Object.fromEntries(actions.map((action) => [action, many]));
    const wide = new Resolved(templateOf({ ...EXAMPLE, targets }));
    for (const { Properties } of wide.ofType("AWS::IAM::ManagedPolicy")) {
      const characters = JSON.stringify(Properties["PolicyDocument"]).length;
      assert.ok(characters <= 6_144, `${Properties["ManagedPolicyName"]} has ${characters}`);
    }
  });

  for (const [who, principal] of [
    ["a role", new ArnPrincipal(roleArn("issue"))],
    ["the account", new AccountRootPrincipal()],
    ["everyone", new StarPrincipal()],
    ["an identity provider", new WebIdentityPrincipal("provider")],
  ] as const) {
    test(`VAI-45 a role that ${who} may assume does not synthesise without a boundary`, () => {
      const stack = stackOf();
      new Role(stack, "Sneaky", { assumedBy: principal });
      assert.throws(
        () => Template.fromStack(stack),
        /vai-example\/Sneaky\/Resource has no permissions boundary/,
      );
    });
  }

  test("VAI-45 a role that only a service may assume needs no boundary", () => {
    const stack = stackOf();
    new Role(stack, "Service", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    assert.doesNotThrow(() => Template.fromStack(stack));
  });
});
