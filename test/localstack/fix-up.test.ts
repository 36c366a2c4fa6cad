import assert from "node:assert/strict";
import { test } from "node:test";
import { type DeployedStack, resolve } from "../../localstack/deploy/fix-up/template.ts";

/** A placeholder of `Fn::Sub`. */
const slot = (name: string) => `\${${name}}`;

const stack: DeployedStack = {
  name: "vai-x",
  resources: {
    Role: { Type: "AWS::IAM::Role", Properties: { Path: "/p/" } },
    Table: { Type: "AWS::DynamoDB::Table" },
    Boundary: { Type: "AWS::IAM::ManagedPolicy" },
    Queue: { Type: "AWS::SQS::Queue" },
  },
  physical: new Map([
    ["Role", "vai-x-role"],
    ["Table", "vai-x-table"],
    ["Boundary", "arn:aws:iam::000000000000:policy/vai-x-boundary"],
    ["Queue", "queue"],
  ]),
};

test("references become what was deployed", () => {
  const value = {
    boundary: { Ref: "Boundary" },
    role: { "Fn::GetAtt": ["Role", "Arn"] },
    joined: {
      "Fn::Join": ["", ["arn:", { Ref: "AWS::Partition" }, ":x:", { Ref: "AWS::AccountId" }]],
    },
    list: [{ "Fn::GetAtt": ["Table", "Arn"] }, "plain", 3, true],
    sub: {
      "Fn::Sub": `${slot("AWS::Region")}/${slot("Table")}/${slot("Role.Arn")}/${slot("!Literal")}`,
    },
    named: { "Fn::Sub": [`${slot("a")}-${slot("AWS::StackName")}`, { a: { Ref: "Table" } }] },
  };
  assert.deepEqual(resolve(stack, value), {
    boundary: "arn:aws:iam::000000000000:policy/vai-x-boundary",
    role: "arn:aws:iam::000000000000:role/p/vai-x-role",
    joined: "arn:aws:x:000000000000",
    list: ["arn:aws:dynamodb:us-east-1:000000000000:table/vai-x-table", "plain", 3, true],
    sub: `us-east-1/vai-x-table/arn:aws:iam::000000000000:role/p/vai-x-role/${slot("Literal")}`,
    named: "vai-x-table-vai-x",
  });
});

test("what cannot be resolved stops the start instead of setting half a value", () => {
  const unknown = [
    { Ref: "Missing" },
    { "Fn::GetAtt": ["Queue", "Arn"] },
    { "Fn::GetAtt": ["Table", "StreamArn"] },
    { deep: [{ "Fn::ImportValue": "other" }] },
  ];
  for (const value of unknown)
    assert.throws(() => resolve(stack, value), /fix-up/, JSON.stringify(value));
});
