import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Stack } from "aws-cdk-lib";
import { Annotations, Match, Template } from "aws-cdk-lib/assertions";
import { addStacks, newApp } from "../../infra/app.ts";
import type { Deployment } from "../../infra/deployment.ts";
import { ENV } from "../../lib/config.ts";
import { EXAMPLE, stackOf, stubBundles, templateOf } from "./support/synthesise.ts";
import { ACCOUNT, REGION, Resolved, roleArn, statements } from "./support/template.ts";

const OTHER = "444455556666";
const FUNCTION_TYPE = "AWS::Lambda::Function";

/** What a cloud team may decide besides names, anchors and targets, and what it changes. */
suite("deployment properties", () => {
  test("USR-12 reserved concurrency can be given up, function by function", () => {
    const concurrency = {
      ...{ issue: 7, execute: null, delegate: 10, govern: 2 },
      ...{ revoke: 5, revokeEvents: 2, sweep: 1 },
    };
    const resolved = new Resolved(templateOf({ ...EXAMPLE, concurrency }));
    const reserved = (name: string) =>
      resolved.one(FUNCTION_TYPE, "FunctionName", `vai-example-${name}`).Properties[
        "ReservedConcurrentExecutions"
      ];
    assert.deepEqual(
      [reserved("issue"), reserved("execute"), reserved("govern")],
      [7, undefined, 2],
    );
  });

  test("USR-12 logs are kept as long as the cloud team says", () => {
    const resolved = new Resolved(templateOf({ ...EXAMPLE, logRetentionDays: 90 }));
    for (const { Properties } of resolved.ofType("AWS::Logs::LogGroup")) {
      assert.equal(Properties["RetentionInDays"], 90);
    }
  });

  test("USR-12 tags are on everything that can have tags, and on the plane's name", () => {
    const tags = { team: "payments" };
    const resolved = new Resolved(templateOf({ ...EXAMPLE, tags }));
    const wanted = [
      { Key: "team", Value: "payments" },
      { Key: "vai-plane", Value: "example" },
    ];
    for (const type of ["IAM::Role", "DynamoDB::Table", "KMS::Key", "Lambda::Function"]) {
      const found = resolved.ofType(`AWS::${type}`);
      assert.ok(found.length > 0);
      for (const { Properties } of found) assert.deepEqual(Properties["Tags"], wanted, type);
    }
  });

  test("USR-12 a named account is the only one that the CDK deploys to", () => {
    assert.equal(
      stackOf({ ...EXAMPLE, account: ACCOUNT }).environment,
      `aws://${ACCOUNT}/unknown-region`,
    );
    assert.equal(stackOf().environment, "aws://unknown-account/unknown-region");
  });
});

suite("roles and keys that exist already", () => {
  const pair = {
    executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/platform/acting`,
    readerRoleArn: `arn:aws:iam::${ACCOUNT}:role/platform/looking`,
  };
  const keys = {
    evidence: `arn:aws:kms:${REGION}:${OTHER}:key/11111111-2222-3333-4444-555555555555`,
    plane: `arn:aws:kms:${REGION}:${OTHER}:key/66666666-7777-8888-9999-000000000000`,
  };

  test("VAI-145 the stack makes no role of a family whose roles exist, and uses those", () => {
    const stack = stackOf({ ...EXAMPLE, existingRoles: { dynamodb: pair } });
    const resolved = new Resolved(Template.fromStack(stack));
    const named = resolved
      .all()
      .filter(([, { Properties }]) => /dynamodb$/.test(String(Properties["RoleName"])));
    assert.deepEqual(named, []);
    for (const name of ["issue", "execute"]) {
      const may = (sid: string) =>
        resolved.roleStatements(`vai-example-${name}`).find(({ Sid }) => Sid === sid)?.Resource;
      assert.ok(may("ObtainBoundedSession")?.includes(pair.executionRoleArn));
      assert.ok(may("ObtainReaderSession")?.includes(pair.readerRoleArn));
      assert.ok(!may("ObtainBoundedSession")?.includes(roleArn("exec-dynamodb")));
    }
    const [first] = JSON.parse(resolved.outputs["Actions"] ?? "[]");
    assert.deepEqual(first, { action: "dynamodb:UpdateItem", ...pair });
  });

  test("VAI-145 VAI-45 any boundary does for a role that exists, and for no role that the stack makes", () => {
    const stack = stackOf({ ...EXAMPLE, existingRoles: { dynamodb: pair } });
    const resolved = new Resolved(Template.fromStack(stack));
    const policy = (name: string) => `arn:aws:iam::${ACCOUNT}:policy/${name}`;
    for (const name of ["revoke", "sweep"]) {
      const puts = resolved
        .roleStatements(`vai-example-${name}`)
        .filter(({ Action }) => Action.includes("iam:PutRolePolicy"))
        .map(({ Resource, Condition }) => [Resource, Condition?.["StringLike"]]);
      assert.equal(puts.length, 2);
      const [[made, ofMade], [brought, ofBrought]] = puts as [unknown[], unknown[]];
      assert.ok(!(made as string[]).includes(pair.executionRoleArn));
      const own = (made as string[]).map((arn) => policy(`vai-example-boundary-${family(arn)}`));
      assert.deepEqual(boundariesIn(ofMade), own);
      assert.deepEqual(brought, [pair.executionRoleArn]);
      assert.deepEqual(boundariesIn(ofBrought), [policy("*")]);
    }
  });

  test("VAI-145 VAI-45 the stack says that it cannot see the boundary of roles that exist", () => {
    const stack = stackOf({ ...EXAMPLE, existingRoles: { dynamodb: pair } });
    const said = Match.stringLikeRegexp("the dynamodb roles are yours: .* boundary");
    Annotations.fromStack(stack).hasInfo("*", said);
  });

  test("VAI-145 the stack makes no key for a use whose key exists, and writes no policy for it", () => {
    const resolved = new Resolved(templateOf({ ...EXAMPLE, existingKeys: keys }));
    assert.deepEqual(
      resolved.ofType("AWS::KMS::Key").filter(({ Properties }) => Properties["KeySpec"]),
      [],
    );
    const sign = (name: string) =>
      resolved
        .roleStatements(`vai-example-${name}`)
        .filter(({ Action }) => Action.includes("kms:Sign"))
        .flatMap(({ Resource }) => Resource);
    assert.deepEqual(sign("issue"), [keys.evidence, keys.plane]);
    assert.deepEqual(sign("execute"), [keys.evidence]);
    const { Properties } = resolved.one(FUNCTION_TYPE, "FunctionName", "vai-example-govern");
    const { Variables } = Properties["Environment"] as { Variables: Record<string, string> };
    // By ARN: by its id alone, a key of another account would not be found.
    assert.equal(Variables[ENV.evidenceKeyId], keys.evidence);
    assert.equal(Variables[ENV.planeKeyId], keys.plane);
    assert.equal(resolved.outputs["PlaneKeyId"], keys.plane);
  });

  test("VAI-145 one key can exist while the stack makes the other", () => {
    const resolved = new Resolved(templateOf({ ...EXAMPLE, existingKeys: { plane: keys.plane } }));
    const made = resolved.all().filter(([, { Type, Properties }]) => {
      return Type === "AWS::KMS::Key" && Properties["KeySpec"] !== undefined;
    });
    assert.deepEqual(
      made.map(([id]) => id),
      ["EvidenceKey16700A33"],
    );
  });
});

suite("roles elsewhere", () => {
  const place = {
    account: OTHER,
    region: "eu-central-1",
    targets: { "dynamodb:UpdateItem": [`arn:aws:dynamodb:eu-central-1:${OTHER}:table/settings`] },
  };
  const deployment: Deployment = { ...EXAMPLE, account: ACCOUNT, elsewhere: [place] };
  const app = newApp();
  const plane = new Resolved(Template.fromStack(addStacks(app, deployment, stubBundles())));
  const stack = app.node.findChild(`vai-example-roles-${OTHER}-eu-central-1`) as Stack;
  const there = new Resolved(Template.fromStack(stack));

  test("VAI-45 the same pair, in the other account and region, trusts the plane's two functions only", () => {
    assert.equal(stack.environment, `aws://${OTHER}/eu-central-1`);
    const roles = there.ofType("AWS::IAM::Role").map(({ Properties }) => Properties);
    // The region is in the name: an account has each name once for all its regions.
    assert.deepEqual(roles.map(({ RoleName }) => RoleName).sort(), [
      "vai-example-exec-dynamodb-eu-central-1",
      "vai-example-read-dynamodb-eu-central-1",
    ]);
    for (const { AssumeRolePolicyDocument, PermissionsBoundary } of roles) {
      assert.ok(PermissionsBoundary !== undefined);
      for (const { Principal, Condition } of statements(AssumeRolePolicyDocument)) {
        assert.deepEqual(Principal, { AWS: [roleArn("execute"), roleArn("issue")] });
        assert.ok(Condition !== undefined);
      }
    }
  });

  test("VAI-46 elsewhere too, nothing is allowed without the identity tag and beyond the targets", () => {
    const name = "vai-example-exec-dynamodb-eu-central-1";
    assert.deepEqual(there.roleStatements(name), [
      {
        Sid: "Ceiling1",
        Effect: "Allow",
        Action: ["dynamodb:UpdateItem"],
        Resource: place.targets["dynamodb:UpdateItem"],
        Condition: {
          StringLike: { "aws:PrincipalTag/vai-identity": "vai-*" },
          Null: {
            "aws:PrincipalTag/vai-identity": "false",
            "aws:PrincipalTag/vai-probe": "true",
          },
        },
      },
    ]);
    const boundary = there.managedStatements("vai-example-boundary-dynamodb-eu-central-1");
    assert.deepEqual(
      boundary.map(({ Sid }) => Sid),
      ["Ceiling1", "Never", "NotThePlane"],
    );
  });

  test("VAI-45 issue and execute may obtain sessions there, govern may not", () => {
    const arn = `arn:aws:iam::${OTHER}:role/vai-example-exec-dynamodb-eu-central-1`;
    const may = (name: string) =>
      plane
        .roleStatements(`vai-example-${name}`)
        .some(
          ({ Action, Resource }) => Action.includes("sts:AssumeRole") && Resource.includes(arn),
        );
    assert.deepEqual([may("issue"), may("execute"), may("govern")], [true, true, false]);
  });
});

const family = (arn: string): string => arn.slice(arn.lastIndexOf("-") + 1);
const boundariesIn = (condition: unknown): string[] =>
  [(condition as Record<string, string | string[]>)["iam:PermissionsBoundary"] ?? []].flat();
