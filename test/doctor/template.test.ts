import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { StackFacts } from "../../lib/aws/inspect/stack.ts";
import { administratorsIn } from "../../lib/doctor/written/administrators.ts";
import { readTemplate, UnresolvedError } from "../../lib/doctor/written/template.ts";
import { writtenBy } from "../../lib/doctor/written/written.ts";
import { EXAMPLE, templateOf } from "../infra/support/synthesise.ts";

const ID = "arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/vai-x/0";
const STREAMS = new Map([["vai-x-evidence", "arn:aws-cn:dynamodb:…/stream/now"]]);

const RESOURCES: Readonly<
  Record<string, readonly [type: string, physicalId: string, properties?: object]>
> = {
  Role: ["AWS::IAM::Role", "vai-x-issue", { Path: "/teams/" }],
  Table: ["AWS::DynamoDB::Table", "vai-x-evidence"],
  Function: ["AWS::Lambda::Function", "vai-x-issue"],
  Key: ["AWS::KMS::Key", "0000"],
  Log: ["AWS::Logs::LogGroup", "/vai/x/issue"],
  Policy: ["AWS::IAM::ManagedPolicy", "arn:aws-cn:iam::111122223333:policy/vai-x-agent"],
  Gone: ["AWS::IAM::Role", ""],
};

const factsOf = (template: object, physical = RESOURCES): StackFacts => ({
  ...{ id: ID, status: "CREATE_COMPLETE", template: JSON.stringify(template) },
  resources: Object.entries(physical).map(([logicalId, [, physicalId]]) => ({
    ...{ logicalId, physicalId },
  })),
});
const TEMPLATE = {
  Resources: Object.fromEntries(
    Object.entries(RESOURCES).map(([id, [Type, , Properties = {}]]) => [id, { Type, Properties }]),
  ),
};
const resolve = (value: unknown): unknown =>
  readTemplate(factsOf(TEMPLATE), STREAMS).resolve(value);
const sub = (name: string): string => `\${${name}}`;

suite("a deployed template", () => {
  const VALUES: readonly (readonly [value: unknown, became: unknown])[] = [
    [{ Ref: "AWS::Partition" }, "aws-cn"],
    [{ Ref: "AWS::Region" }, "cn-north-1"],
    [{ Ref: "AWS::AccountId" }, "111122223333"],
    [{ Ref: "AWS::StackName" }, "vai-x"],
    [{ Ref: "Policy" }, "arn:aws-cn:iam::111122223333:policy/vai-x-agent"],
    [{ "Fn::GetAtt": ["Role", "Arn"] }, "arn:aws-cn:iam::111122223333:role/teams/vai-x-issue"],
    [{ "Fn::GetAtt": "Key.Arn" }, "arn:aws-cn:kms:cn-north-1:111122223333:key/0000"],
    [
      { "Fn::GetAtt": ["Table", "Arn"] },
      "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/vai-x-evidence",
    ],
    [{ "Fn::GetAtt": ["Table", "StreamArn"] }, "arn:aws-cn:dynamodb:…/stream/now"],
    [
      { "Fn::GetAtt": ["Function", "Arn"] },
      "arn:aws-cn:lambda:cn-north-1:111122223333:function:vai-x-issue",
    ],
    [
      { "Fn::GetAtt": ["Log", "Arn"] },
      "arn:aws-cn:logs:cn-north-1:111122223333:log-group:/vai/x/issue:*",
    ],
    [{ "Fn::Join": ["-", ["a", { Ref: "AWS::Region" }]] }, "a-cn-north-1"],
    [
      { "Fn::Sub": `${sub("AWS::Region")}/${sub("Key.Arn")}` },
      "cn-north-1/arn:aws-cn:kms:cn-north-1:111122223333:key/0000",
    ],
    [
      { "Fn::Sub": [`${sub("own")}${sub("!x")}`, { own: { Ref: "Function" } }] },
      `vai-x-issue${sub("x")}`,
    ],
    // What belongs to a policy and only looks like a function of templates.
    [
      { Statement: [{ Condition: { Bool: { a: "b" } } }] },
      { Statement: [{ Condition: { Bool: { a: "b" } } }] },
    ],
    [
      [1, true, null],
      [1, true, null],
    ],
  ];
  test("USR-12 references become what was deployed, in the stack's own partition and place", () => {
    for (const [value, became] of VALUES) assert.deepEqual(resolve(value), became);
  });

  const UNKNOWN: readonly unknown[] = [
    { Ref: "Nothing" },
    { Ref: "Gone" },
    { "Fn::GetAtt": ["Gone", "Arn"] },
    { "Fn::GetAtt": ["Role", "RoleId"] },
    { "Fn::ImportValue": "x" },
    { "Fn::If": ["a", "b", "c"] },
    { "Fn::Join": ["-", "a"] },
    { "Fn::Sub": sub("Nothing") },
    { deep: [{ Condition: "IsProduction" }] },
  ];
  test("USR-12 what cannot be told is refused, not left half", () => {
    for (const value of UNKNOWN) assert.throws(() => resolve(value), UnresolvedError);
    const streamless = readTemplate(factsOf(TEMPLATE), new Map());
    assert.throws(
      () => streamless.resolve({ "Fn::GetAtt": ["Table", "StreamArn"] }),
      UnresolvedError,
    );
    for (const template of ["not JSON", "{}", "[]"]) {
      assert.throws(() => readTemplate({ ...factsOf({}), template }, STREAMS), UnresolvedError);
    }
  });

  test("USR-12 a template that grants a function to others than its own rules is of another version, and is not compared with", () => {
    for (const Type of ["AWS::Lambda::Permission", "AWS::Lambda::Alias", "AWS::IAM::RolePolicy"]) {
      const facts = factsOf({ Resources: { More: { Type, Properties: {} } } });
      assert.throws(() => writtenBy(facts, STREAMS), /the template has More, of type/);
    }
    const Rule = { Type: "AWS::Events::Rule", Properties: {} };
    const SourceArn = { "Fn::GetAtt": ["Rule", "Arn"] };
    const permission = (Properties: object) => {
      const More = { Type: "AWS::Lambda::Permission", Properties };
      return () => writtenBy(factsOf({ Resources: { Rule, More } }), STREAMS);
    };
    assert.doesNotThrow(permission({ Principal: "events.amazonaws.com", SourceArn }));
    for (const other of [
      { Principal: "events.amazonaws.com" },
      { Principal: "events.amazonaws.com", SourceArn: { "Fn::GetAtt": ["Other", "Arn"] } },
      { Principal: "*", SourceArn },
    ]) {
      assert.throws(permission(other), /the template has More, of type/);
    }
  });

  test("USR-12 all that the stack writes can be told, whoever it is deployed for", () => {
    for (const administrators of [undefined, ["arn:aws:iam::111122223333:role/platform-*"]]) {
      const template = templateOf({
        ...EXAMPLE,
        ...(administrators && { administrators }),
      }).toJSON();
      const names = Object.entries(template["Resources"] as Record<string, Deployed>);
      const physical = Object.fromEntries(
        names.map(([id, { Type, Properties = {} }]) => [
          id,
          [Type, physicalId(id, Type, Properties)] as const,
        ]),
      );
      const streams = new Map([["vai-example-evidence", "arn:aws:dynamodb:…/stream/now"]]);
      const written = writtenBy(factsOf(template, physical), streams);
      const bad = [...written.roles].filter(([, role]) => role instanceof UnresolvedError);
      assert.deepEqual(bad, []);
      const count = (type: string): number => names.filter(([, { Type }]) => Type === type).length;
      assert.equal(written.roles.size, count("AWS::IAM::Role"));
      assert.equal(written.managed.size, count("AWS::IAM::ManagedPolicy"));
      assert.equal(written.keys.size, count("AWS::KMS::Key"));
      assert.deepEqual([...written.tables.keys()].sort(), [
        ...["vai-example-evidence", "vai-example-registry", "vai-example-state"],
      ]);
      for (const policy of written.tables.values()) {
        const named = administratorsIn(policy);
        assert.ok(named.length > 0);
        // CloudFormation's own role comes first.
        if (administrators !== undefined) assert.deepEqual(named.slice(1), administrators);
      }
      const issue = written.functions.get("vai-example-issue");
      assert.equal(issue?.concurrency, 50);
      assert.equal(issue?.environment["VAI_EVIDENCE_TABLE"], "vai-example-evidence");
      assert.deepEqual(written.functions.get("vai-example-watch"), { environment: {} });
    }
  });
});

interface Deployed {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** What CloudFormation would call a resource: its fixed name, of a managed policy the ARN. */
function physicalId(
  id: string,
  type: string,
  properties: Readonly<Record<string, unknown>>,
): string {
  if (type === "AWS::IAM::ManagedPolicy") return `arn:aws:iam::1:policy/${id}`;
  const names = ["RoleName", "TableName", "FunctionName", "LogGroupName"];
  return String(names.map((name) => properties[name]).find((name) => name !== undefined) ?? id);
}
