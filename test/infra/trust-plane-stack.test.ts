import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FUNCTIONS } from "../../infra/functions.ts";
import { ENV, ownResourcePrefix, parsePlaneId } from "../../lib/config.ts";
import { EXAMPLE, templateOf } from "./support/synthesise.ts";
import { ACCOUNT, REGION, Resolved, roleArn } from "./support/template.ts";

const KEY_MATERIAL = /AKIA|ASIA|PRIVATE KEY|secret|password|token|"d"|"kty"/i;

const LOGICAL_IDS = [
  "EvidenceKey16700A33",
  "EvidenceTable4E70CC2C",
  "ExecuteLogE2D88F9D",
  "GovernLog6B4F0869",
  "IssueLogB26023DA",
  "PlaneKeyD6D71FCF",
  "TablesRegistry55D7706D",
  "TablesState705891C2",
];

suite("trust plane stack", () => {
  const template = templateOf();
  const resolved = new Resolved(template);

  test("USR-02 there are no IAM users, groups or access keys", () => {
    for (const type of ["User", "AccessKey", "Group", "UserPolicy", "UserToGroupAddition"]) {
      template.resourceCountIs(`AWS::IAM::${type}`, 0);
    }
  });

  test("USR-12 the stack consists of known kinds of resources", () => {
    const counts: Record<string, number> = {};
    for (const { Type } of Object.values(
      template.toJSON()["Resources"] as Record<string, { Type: string }>,
    )) {
      counts[Type] = (counts[Type] ?? 0) + 1;
    }
    assert.deepEqual(counts, {
      "AWS::IAM::Role": 6,
      "AWS::IAM::Policy": 2,
      "AWS::IAM::ManagedPolicy": 6,
      "AWS::DynamoDB::Table": 3,
      "AWS::KMS::Key": 1,
      "AWS::KMS::Alias": 1,
      "AWS::Logs::LogGroup": 2,
      "AWS::Lambda::Function": 2,
      "AWS::Lambda::EventInvokeConfig": 2,
      "AWS::Lambda::Url": 1,
    });
  });

  test("USR-12 every physical name begins with the plane's prefix, so contracts cannot name it", () => {
    const plane = parsePlaneId(resolved.outputs["Plane"] ?? "");
    assert.ok(plane !== undefined, "the functions could not read their own plane id");
    const names = {
      "AWS::DynamoDB::Table": "TableName",
      "AWS::Lambda::Function": "FunctionName",
      "AWS::IAM::Role": "RoleName",
      "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    };
    for (const [type, property] of Object.entries(names)) {
      for (const { Properties } of resolved.ofType(type)) {
        assert.ok(String(Properties[property]).startsWith(ownResourcePrefix(plane)));
      }
    }
  });

  test("USR-12 outputs are what clients, the trust policy and a client in another language need", () => {
    const { IssueUrl, EvidenceKeyId, Actions, ...named } = resolved.outputs;
    assert.deepEqual(named, {
      Plane: `vai:${ACCOUNT}:${REGION}:example`,
      IssueFunction: "vai-example-issue",
      GovernFunction: "vai-example-govern",
      EvidenceTable: "vai-example-evidence",
      StateTable: "vai-example-state",
      RegistryTable: "vai-example-registry",
      AgentPolicy: `arn:aws:iam::${ACCOUNT}:policy/vai-example-agent`,
      AuditorPolicy: `arn:aws:iam::${ACCOUNT}:policy/vai-example-auditor`,
    });
    assert.match(IssueUrl ?? "", /^IssueFunctionFunctionUrl.*\.FunctionUrl$/);
    assert.match(EvidenceKeyId ?? "", /^EvidenceKey/);
    assert.deepEqual(JSON.parse(Actions ?? ""), [
      {
        action: "dynamodb:UpdateItem",
        executionRoleArn: roleArn("exec-dynamodb"),
        readerRoleArn: roleArn("read-dynamodb"),
      },
      {
        action: "lambda:UpdateAlias",
        executionRoleArn: roleArn("exec-lambda"),
        readerRoleArn: roleArn("read-lambda"),
      },
    ]);
  });

  test("USR-16 neither outputs nor environment variables carry a secret", () => {
    for (const [name, value] of Object.entries(resolved.outputs)) {
      assert.doesNotMatch(`${name} ${value}`, KEY_MATERIAL);
    }
    for (const { Properties } of resolved.ofType("AWS::Lambda::Function")) {
      const { Variables } = Properties["Environment"] as { Variables: Record<string, string> };
      const { [ENV.anchors]: anchors = "", ...others } = Variables;
      for (const [name, value] of Object.entries(others)) {
        assert.doesNotMatch(`${name} ${value}`, KEY_MATERIAL);
      }
      for (const jwk of JSON.parse(anchors) as object[]) {
        assert.deepEqual(Object.keys(jwk).sort(), ["crv", "kty", "x", "y"]);
      }
    }
  });

  for (const name of FUNCTIONS) {
    test(`USR-12 ${name} is told its plane, tables, key, anchors and targets, and nothing else`, () => {
      const { Properties } = resolved.one(
        "AWS::Lambda::Function",
        "FunctionName",
        `vai-example-${name}`,
      );
      const { Variables } = Properties["Environment"] as { Variables: Record<string, string> };
      const { [ENV.evidenceKeyId]: keyId, ...rest } = Variables;
      assert.match(keyId ?? "", /^EvidenceKey/);
      assert.deepEqual(rest, {
        [ENV.plane]: `vai:${ACCOUNT}:${REGION}:example`,
        [ENV.evidenceTable]: "vai-example-evidence",
        [ENV.stateTable]: "vai-example-state",
        [ENV.registryTable]: "vai-example-registry",
        [ENV.anchors]: JSON.stringify(EXAMPLE.anchors),
        [ENV.targets]: JSON.stringify({
          dynamodb: EXAMPLE.targets["dynamodb:UpdateItem"],
          lambda: EXAMPLE.targets["lambda:UpdateAlias"],
        }),
      });
    });

    test(`USR-12 ${name} runs on Node 24 under its own role, for 30 s, with its own retained log`, () => {
      const { Properties } = resolved.one(
        "AWS::Lambda::Function",
        "FunctionName",
        `vai-example-${name}`,
      );
      const { Code: _, Environment: __, Description: ___, ...rest } = Properties;
      assert.deepEqual(rest, {
        FunctionName: `vai-example-${name}`,
        Architectures: ["arm64"],
        Handler: "index.handler",
        Runtime: "nodejs24.x",
        MemorySize: 512,
        Timeout: 30,
        Role: roleArn(name),
        LoggingConfig: { LogGroup: `/vai/example/${name}` },
      });
      const log = resolved.one("AWS::Logs::LogGroup", "LogGroupName", `/vai/example/${name}`);
      assert.equal(log.Properties["RetentionInDays"], 365);
      assert.equal(log.DeletionPolicy, "Retain");
    });
  }

  test("USR-12 an asynchronous call is never tried again", () => {
    const configs = resolved.ofType("AWS::Lambda::EventInvokeConfig");
    assert.deepEqual(
      configs.map(({ Properties }) => [
        Properties["FunctionName"],
        Properties["MaximumRetryAttempts"],
      ]),
      [
        ["vai-example-issue", 0],
        ["vai-example-govern", 0],
      ],
    );
  });

  test("USR-12 the same deployment gives the same template", () => {
    assert.deepEqual(templateOf().toJSON(), template.toJSON());
  });

  test("USR-12 what holds data keeps its logical id: under another one an upgrade would replace it", () => {
    const stateful = ["AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Logs::LogGroup"];
    const resources = template.toJSON()["Resources"] as Record<string, { Type: string }>;
    const ids = Object.keys(resources).filter((id) => stateful.includes(resources[id]?.Type ?? ""));
    assert.deepEqual(ids.sort(), LOGICAL_IDS);
  });

  test("USR-12 what need not be retained goes with the stack", () => {
    const local = new Resolved(templateOf({ ...EXAMPLE, retain: false }));
    for (const type of ["AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Logs::LogGroup"]) {
      for (const { DeletionPolicy } of local.ofType(type)) assert.equal(DeletionPolicy, "Delete");
    }
  });
});
