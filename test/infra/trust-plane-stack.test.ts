import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { actionFamilies, familyTargets } from "../../infra/action-families.ts";
import { parseDeployment } from "../../infra/deployment.ts";
import { FUNCTIONS } from "../../infra/functions.ts";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { ENV, ownResourcePrefix, parsePlaneId } from "../../lib/config.ts";
import { jwkThumbprint } from "../../lib/encoding/jwk.ts";
import { EXAMPLE, templateOf } from "./support/synthesise.ts";
import { ACCOUNT, functionArn, REGION, Resolved, roleArn } from "./support/template.ts";

const KEY_MATERIAL = /AKIA|ASIA|PRIVATE KEY|secret|password|token|"d"|"kty"/i;

const LOGICAL_IDS = [
  "DelegateLog4ED0E4B3",
  "EvidenceKey16700A33",
  "EvidenceTable4E70CC2C",
  "ExecuteLogE2D88F9D",
  "GovernLog6B4F0869",
  "IssueLogB26023DA",
  "PlaneKeyD6D71FCF",
  "RevokeLog828EF9D3",
  "SweepLogB49230B5",
  "TablesRegistry55D7706D",
  "TablesState705891C2",
];

/** What watches the plane has tests of its own. */
const isWatching = (logicalId: string): boolean => /^(EvidenceWatch|Monitoring)/.test(logicalId);

const RESERVED = { issue: 50, execute: 50, delegate: 10, govern: 2, revoke: 5, sweep: 1 };

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
    for (const [id, { Type }] of resolved.all()) {
      if (!isWatching(id)) counts[Type] = (counts[Type] ?? 0) + 1;
    }
    const families = new Set(CATALOGUE.map(({ family }) => family)).size;
    assert.deepEqual(counts, {
      "AWS::IAM::Role": 6 + 2 * families,
      "AWS::IAM::Policy": 6,
      "AWS::IAM::ManagedPolicy": 3 + 2 * families,
      "AWS::DynamoDB::Table": 3,
      "AWS::KMS::Key": 2,
      "AWS::KMS::Alias": 2,
      "AWS::Logs::LogGroup": 6,
      // With the one for events, whose code, role and log are those of revoke.
      "AWS::Lambda::Function": 7,
      "AWS::Lambda::EventInvokeConfig": 7,
      "AWS::Lambda::Url": 3,
      "AWS::Events::Rule": 2,
      "AWS::Lambda::Permission": 2,
      "AWS::S3::Bucket": 1,
      "AWS::S3::BucketPolicy": 1,
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
      "AWS::S3::Bucket": "BucketName",
    };
    for (const [type, property] of Object.entries(names)) {
      for (const { Properties } of resolved.ofType(type)) {
        assert.ok(String(Properties[property]).startsWith(ownResourcePrefix(plane)));
      }
    }
  });

  test("USR-12 outputs are what clients, the trust policy and a client in another language need", () => {
    const { IssueUrl, ExecuteUrl, DelegateUrl, EvidenceKeyId, PlaneKeyId, ...others } =
      resolved.outputs;
    const { AnchorKeys, Actions, FunctionRoles, ...named } = others;
    assert.deepEqual(JSON.parse(AnchorKeys ?? ""), EXAMPLE.anchors);
    assert.deepEqual(named, {
      Plane: `vai:${ACCOUNT}:${REGION}:example`,
      IssueFunction: "vai-example-issue",
      ExecuteFunction: "vai-example-execute",
      DelegateFunction: "vai-example-delegate",
      GovernFunction: "vai-example-govern",
      RevokeFunction: "vai-example-revoke",
      SweepFunction: "vai-example-sweep",
      EvidenceTable: "vai-example-evidence",
      StateTable: "vai-example-state",
      RegistryTable: "vai-example-registry",
      Anchor: EXAMPLE.anchors.map(jwkThumbprint)[0],
      BreakGlassBucket: `vai-example-glass-${ACCOUNT}-${REGION}`,
      Retain: "true",
      RegionalNames: "false",
      AgentPolicy: `arn:aws:iam::${ACCOUNT}:policy/vai-example-agent`,
      OperatorPolicy: `arn:aws:iam::${ACCOUNT}:policy/vai-example-operator`,
      AuditorPolicy: `arn:aws:iam::${ACCOUNT}:policy/vai-example-auditor`,
    });
    assert.match(IssueUrl ?? "", /^IssueFunctionFunctionUrl.*\.FunctionUrl$/);
    assert.match(ExecuteUrl ?? "", /^ExecuteFunctionFunctionUrl.*\.FunctionUrl$/);
    assert.match(DelegateUrl ?? "", /^DelegateFunctionFunctionUrl.*\.FunctionUrl$/);
    assert.match(EvidenceKeyId ?? "", /^EvidenceKey/);
    assert.match(PlaneKeyId ?? "", /^PlaneKey/);
    const roles = FUNCTIONS.map((name) => [name, roleArn(name)]);
    assert.deepEqual(JSON.parse(FunctionRoles ?? ""), Object.fromEntries(roles));
    assert.deepEqual(
      JSON.parse(Actions ?? ""),
      CATALOGUE.map(({ action, family }) => ({
        action,
        executionRoleArn: roleArn(`exec-${family}`),
        readerRoleArn: roleArn(`read-${family}`),
      })),
    );
  });

  test("USR-16 neither outputs nor environment variables carry a secret", () => {
    const { AnchorKeys = "[]", ...outputs } = resolved.outputs;
    for (const jwk of JSON.parse(AnchorKeys) as object[]) {
      assert.deepEqual(Object.keys(jwk).sort(), ["crv", "kty", "x", "y"]);
    }
    for (const [name, value] of Object.entries(outputs)) {
      assert.doesNotMatch(`${name} ${value}`, KEY_MATERIAL);
    }
    for (const { Properties } of resolved.ofType("AWS::Lambda::Function")) {
      const { Variables = {} } = (Properties["Environment"] ?? {}) as {
        Variables?: Record<string, string>;
      };
      const { [ENV.anchors]: anchors = "[]", ...others } = Variables;
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
      const {
        [ENV.evidenceKeyId]: evidenceKeyId,
        [ENV.planeKeyId]: planeKeyId,
        ...rest
      } = Variables;
      assert.match(evidenceKeyId ?? "", /^EvidenceKey/);
      assert.match(planeKeyId ?? "", /^PlaneKey/);
      assert.deepEqual(rest, {
        [ENV.plane]: `vai:${ACCOUNT}:${REGION}:example`,
        [ENV.evidenceTable]: "vai-example-evidence",
        [ENV.stateTable]: "vai-example-state",
        [ENV.registryTable]: "vai-example-registry",
        [ENV.sweepFunction]: "vai-example-sweep",
        [ENV.scopedCredentials]: "true",
        [ENV.breakGlassBucket]: `vai-example-glass-${ACCOUNT}-${REGION}`,
        [ENV.anchors]: JSON.stringify(EXAMPLE.anchors),
        [ENV.targetKeys]: "{}",
        [ENV.targets]: JSON.stringify(
          Object.fromEntries(
            actionFamilies(EXAMPLE.targets).map((family) => [family.name, familyTargets(family)]),
          ),
        ),
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
        MemorySize: 1024,
        Timeout: 30,
        ReservedConcurrentExecutions: RESERVED[name],
        Tags: [{ Key: "vai-plane", Value: "example" }],
        Role: roleArn(name),
        LoggingConfig: { LogGroup: `/vai/example/${name}` },
      });
      const log = resolved.one("AWS::Logs::LogGroup", "LogGroupName", `/vai/example/${name}`);
      assert.equal(log.Properties["RetentionInDays"], 365);
      assert.equal(log.DeletionPolicy, "RetainExceptOnCreate");
    });
  }

  test("USR-12 an asynchronous call is never tried again, nor tried after its request went stale", () => {
    for (const name of FUNCTIONS) {
      const { Properties } = resolved.one(
        "AWS::Lambda::EventInvokeConfig",
        "FunctionName",
        `vai-example-${name}`,
      );
      assert.equal(Properties["MaximumRetryAttempts"], 0);
      assert.equal(Properties["MaximumEventAgeInSeconds"], 60);
    }
  });

  test("USR-12 what the functions are told fits into 4 KB, for the most targets that are accepted", () => {
    const arn = (index: number) => `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/t-${index}-`;
    const tables = Array.from({ length: 20 }, (_, index) => arn(10 + index).padEnd(70, "x"));
    const functions = tables
      .slice(0, 16)
      .map((table) => table.replace("dynamodb", "lambda").replace("table/", "function:"));
    const targets = { "dynamodb:UpdateItem": tables, "lambda:UpdateAlias": functions };
    const { samples: _, retain: __, ...given } = EXAMPLE;
    const existingKeys = Object.fromEntries(
      ["evidence", "plane"].map((use) => [
        use,
        `arn:aws:kms:ap-southeast-1:${ACCOUNT}:key/${use.padEnd(36, "0")}`,
      ]),
    );
    const deployment = parseDeployment(
      { ...given, name: "a".repeat(20), targets, existingKeys },
      "full.json",
    );
    const full = new Resolved(templateOf(deployment));
    const { Properties } = full.one(
      "AWS::Lambda::Function",
      "FunctionName",
      `vai-${"a".repeat(20)}-issue`,
    );
    const { Variables } = Properties["Environment"] as { Variables: Record<string, string> };
    const anchors = 2 * (Variables[ENV.anchors] ?? "").length; // a second one while it is replaced
    const bytes = Object.entries(Variables).flat().join("").length + anchors;
    assert.ok(bytes <= 4_096, `${bytes} bytes`);
  });

  test("USR-12 the same deployment gives the same template", () => {
    assert.deepEqual(templateOf().toJSON(), template.toJSON());
  });

  test("USR-12 what holds data keeps its logical id: under another one an upgrade would replace it", () => {
    const stateful = ["AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Logs::LogGroup"];
    const resources = template.toJSON()["Resources"] as Record<string, { Type: string }>;
    const ids = Object.keys(resources).filter((id) => stateful.includes(resources[id]?.Type ?? ""));
    assert.deepEqual(ids.filter((id) => !isWatching(id)).sort(), LOGICAL_IDS);
  });

  test("VAI-112 signed commands as events have a function of their own, with the code and the role of revoke, and a cap", () => {
    const { Properties: events } = resolved.one(
      "AWS::Lambda::Function",
      "FunctionName",
      "vai-example-revoke-events",
    );
    const { Properties: revoke } = resolved.one(
      "AWS::Lambda::Function",
      "FunctionName",
      "vai-example-revoke",
    );
    for (const same of ["Role", "Code", "Environment", "LoggingConfig", "Timeout"]) {
      assert.deepEqual(events[same], revoke[same], same);
    }
    assert.equal(events["ReservedConcurrentExecutions"], 2);
    const { Properties: rule } = resolved.one("AWS::Events::Rule", "Name", "vai-example-commands");
    assert.deepEqual(rule["EventPattern"], { "detail-type": ["vai-command"] });
    assert.equal(rule["EventBusName"], undefined, "the default bus");
    const [target] = rule["Targets"] as { Arn: unknown }[];
    assert.equal(target?.Arn, functionArn("revoke-events"));
  });

  test("VAI-07 sweep runs each minute, one at a time, unless a deployment says that it does not", () => {
    const rule = (of: Resolved) =>
      of.one("AWS::Events::Rule", "Name", "vai-example-sweep").Properties;
    assert.equal(rule(resolved)["ScheduleExpression"], "rate(1 minute)");
    assert.equal(rule(resolved)["State"], "ENABLED");
    const [target] = rule(resolved)["Targets"] as { Arn: unknown }[];
    assert.equal(target?.Arn, functionArn("sweep"));
    const off = new Resolved(templateOf({ ...EXAMPLE, sweepEachMinute: false }));
    assert.equal(rule(off)["State"], "DISABLED");
  });

  test("VAI-129 what is open is found by when there is work on it, without a scan", () => {
    const { Properties } = resolved.one("AWS::DynamoDB::Table", "TableName", "vai-example-state");
    assert.deepEqual(Properties["GlobalSecondaryIndexes"], [
      {
        IndexName: "byDue",
        KeySchema: [
          { AttributeName: "view", KeyType: "HASH" },
          { AttributeName: "due", KeyType: "RANGE" },
        ],
        Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["open"] },
      },
    ]);
  });

  test("USR-12 what need not be retained goes with the stack", () => {
    const local = new Resolved(templateOf({ ...EXAMPLE, retain: false }));
    for (const type of ["AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Logs::LogGroup"]) {
      for (const { DeletionPolicy } of local.ofType(type)) assert.equal(DeletionPolicy, "Delete");
    }
  });
});
