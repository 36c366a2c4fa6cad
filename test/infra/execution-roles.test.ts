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
import { ACCOUNT, Resolved, roleArn, type Statement, statements } from "./support/template.ts";

const TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/settings";
const FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:checkout";
const FAMILIES = [
  { family: "dynamodb", run: "dynamodb:UpdateItem", look: "dynamodb:GetItem", target: TABLE },
  { family: "lambda", run: "lambda:UpdateAlias", look: "lambda:GetAlias", target: FUNCTION },
];
const TAGGED = {
  StringLike: { "aws:PrincipalTag/vai-identity": "vai-*" },
  Null: { "aws:PrincipalTag/vai-identity": "false" },
};

suite("execution and reader roles", () => {
  const resolved = new Resolved(templateOf());
  const role = (part: string) =>
    resolved.one("AWS::IAM::Role", "RoleName", `vai-example-${part}`).Properties;
  const trust = (part: string) => statements(role(part)["AssumeRolePolicyDocument"]);

  for (const { family, run, look, target } of FAMILIES) {
    test(`VAI-45 only issue assumes the ${family} execution role, as an identity`, () => {
      const principal = { AWS: roleArn("issue") };
      assert.deepEqual(trust(`exec-${family}`), [
        {
          Sid: "OnlyAsAnIdentity",
          Effect: "Allow",
          Principal: principal,
          Action: ["sts:AssumeRole"],
          Resource: [],
          Condition: {
            StringLike: {
              "sts:RoleSessionName": "vai-*",
              "sts:SourceIdentity": "vai-*",
              "aws:RequestTag/vai-identity": "vai-*",
            },
          },
        },
        {
          Sid: "WithSourceIdentity",
          Effect: "Allow",
          Principal: principal,
          Action: ["sts:SetSourceIdentity"],
          Resource: [],
          Condition: { StringLike: { "sts:SourceIdentity": "vai-*" } },
        },
        {
          Sid: "WithTheIdentityTagOnly",
          Effect: "Allow",
          Principal: principal,
          Action: ["sts:TagSession"],
          Resource: [],
          Condition: {
            "ForAllValues:StringEquals": { "aws:TagKeys": ["vai-identity"] },
            Null: { "aws:TagKeys": "false" },
            StringLike: { "aws:RequestTag/vai-identity": "vai-*" },
          },
        },
      ]);
    });

    test(`VAI-45 only issue assumes the ${family} reader role, and only under the reader's name`, () => {
      assert.deepEqual(trust(`read-${family}`), [
        {
          Sid: "OnlyAsReader",
          Effect: "Allow",
          Principal: { AWS: roleArn("issue") },
          Action: ["sts:AssumeRole"],
          Resource: [],
          Condition: { StringEquals: { "sts:RoleSessionName": "vai-reader" } },
        },
      ]);
    });

    test(`VAI-46 the ${family} execution role does its action on its targets, with the tag only`, () => {
      assert.deepEqual(resolved.roleStatements(`vai-example-exec-${family}`), [
        {
          Sid: "Ceiling1",
          Effect: "Allow",
          Action: [run],
          Resource: [target],
          Condition: TAGGED,
        },
      ]);
    });

    test(`VAI-46 the ${family} reader role looks at its targets and does nothing else`, () => {
      assert.deepEqual(resolved.roleStatements(`vai-example-read-${family}`), [
        { Sid: "Ceiling1", Effect: "Allow", Action: [look], Resource: [target] },
      ]);
    });

    test(`VAI-45 boundaries of the ${family} roles repeat the ceiling and deny the plane itself`, () => {
      const denies: Statement[] = [
        {
          Sid: "Never",
          Effect: "Deny",
          Action: ["iam:*", "kms:*", "organizations:*", "sts:*"],
          Resource: ["*"],
        },
        {
          Sid: "NotThePlane",
          Effect: "Deny",
          Action: ["*"],
          Resource: [
            `arn:aws:dynamodb:*:${ACCOUNT}:table/vai-example-*`,
            `arn:aws:lambda:*:${ACCOUNT}:function:vai-example-*`,
            `arn:aws:logs:*:${ACCOUNT}:log-group:/vai/example/*`,
          ],
        },
      ];
      const ceiling = { Sid: "Ceiling1", Effect: "Allow", Resource: [target] };
      assert.deepEqual(resolved.managedStatements(`vai-example-boundary-${family}`), [
        { ...ceiling, Action: [run], Condition: TAGGED },
        ...denies,
      ]);
      assert.deepEqual(resolved.managedStatements(`vai-example-boundary-read-${family}`), [
        { ...ceiling, Action: [look] },
        ...denies,
      ]);
    });

    test(`VAI-45 the ${family} roles have their boundary, the shortest sessions and no tag of their own`, () => {
      const boundary = (name: string) =>
        `arn:aws:iam::${ACCOUNT}:policy/vai-example-boundary-${name}`;
      for (const [part, name] of [
        [`exec-${family}`, family],
        [`read-${family}`, `read-${family}`],
      ] as const) {
        assert.equal(role(part)["PermissionsBoundary"], boundary(name));
        assert.equal(role(part)["MaxSessionDuration"], 3600);
        assert.equal(role(part)["Tags"], undefined); // a role's tags count as principal tags
      }
    });
  }

  test("VAI-45 the roles that any AWS principal may assume are exactly these four", () => {
    const assumable = resolved
      .ofType("AWS::IAM::Role")
      .filter(({ Properties }) =>
        statements(Properties["AssumeRolePolicyDocument"]).some(
          ({ Principal }) => !Object.hasOwn(Principal as object, "Service"),
        ),
      )
      .map(({ Properties }) => Properties["RoleName"]);
    assert.deepEqual(assumable.sort(), [
      "vai-example-exec-dynamodb",
      "vai-example-exec-lambda",
      "vai-example-read-dynamodb",
      "vai-example-read-lambda",
    ]);
  });

  test("VAI-45 every action of the catalogue is in this test, and in the example", () => {
    const actions = CATALOGUE.map(({ action }) => action);
    assert.deepEqual(
      FAMILIES.map(({ run }) => run),
      actions,
    );
    assert.deepEqual(Object.keys(EXAMPLE.targets), actions);
  });

  test("VAI-45 an action without a ceiling is not deployed", () => {
    const { "lambda:UpdateAlias": _, ...targets } = EXAMPLE.targets;
    const only = new Resolved(templateOf({ ...EXAMPLE, targets }));
    const names = only.ofType("AWS::IAM::Role").map(({ Properties }) => Properties["RoleName"]);
    assert.deepEqual(names.sort(), [
      "vai-example-exec-dynamodb",
      "vai-example-govern",
      "vai-example-issue",
      "vai-example-read-dynamodb",
    ]);
    assert.doesNotMatch(JSON.stringify(only.outputs), /lambda:UpdateAlias/);
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
