import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { overbroadProblem } from "../../lib/authority/derive/overbroad.ts";
import type { Contract } from "../../lib/contract/contract.ts";
import {
  ACCOUNT,
  contractOf,
  FUNCTION,
  REGION,
  TABLE,
  updateAlias,
  updateItem,
} from "./fixtures.ts";

const OWN = "vai-local-";

suite("VAI-148 CONTRACT_OVERBROAD", () => {
  test("VAI-148 an honest contract passes", () => {
    assert.equal(overbroadProblem(contractOf([updateItem(), updateAlias()]), OWN), undefined);
  });

  const RESOURCES: [string, string][] = [
    ["ADV-04 a star", `${TABLE.replace("Flags", "*")}`],
    ["ADV-04 a question mark", `${TABLE}?`],
    ["ADV-05 a policy variable", `arn:aws:dynamodb:us-east-1:000000000000:table/\${aws:username}`],
    ["VAI-148 a letter that looks like another", TABLE.replace("Flags", "Fl\u0430gs")],
    ["VAI-148 a control", `${TABLE}\u0000`],
    [
      "VAI-148 the plane's own table",
      `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/vai-local-evidence`,
    ],
    [
      "VAI-148 the plane's own table in other letters",
      `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/VAI-Local-Evidence`,
    ],
    [
      "VAI-148 an index of the plane's own table",
      `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/vai-local-evidence/index/byActor`,
    ],
    [
      "VAI-148 the plane's own function",
      `arn:aws:lambda:${REGION}:${ACCOUNT}:function:vai-local-issue`,
    ],
    [
      "VAI-148 the plane's own role, with a path",
      `arn:aws:iam::${ACCOUNT}:role/service/vai-local-execution`,
    ],
    ["VAI-148 the plane's own bucket", "arn:aws:s3:::vai-local-mirror/checkpoints/1"],
    ["VAI-148 a key named after the plane's own", "arn:aws:s3:::other/vai-local-mirror/1"],
    ["VAI-148 a star in a key", "arn:aws:s3:::settings-bucket/checkout/*"],
    ["VAI-148 a policy variable in a key", `arn:aws:s3:::settings-bucket/\${aws:username}`],
    [
      "VAI-148 the plane's own parameter",
      `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/vai-local-config`,
    ],
    [
      "VAI-148 the plane's own parameter below a path",
      `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/config/VAI-local-issue`,
    ],
    [
      "VAI-148 the plane's own log group",
      `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/aws/lambda/vai-local-issue`,
    ],
    [
      "VAI-148 the plane's own key alias",
      `arn:aws:kms:${REGION}:${ACCOUNT}:alias/vai-local-evidence`,
    ],
  ];
  for (const [title, resource] of RESOURCES) {
    test(title, () => {
      const problem = overbroadProblem(
        contractOf([updateAlias(), updateItem({ resources: [TABLE, resource] })]),
        OWN,
      );
      assert.equal(problem?.code, "CONTRACT_OVERBROAD");
      assert.equal(problem?.pointer, "/contract/authorization_details/1/resources/1");
    });
  }

  test("VAI-148 a name that merely ends so is somebody else's", () => {
    const resource = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/not-vai-local-evidence`;
    assert.equal(
      overbroadProblem(contractOf([updateItem({ resources: [resource] })]), OWN),
      undefined,
    );
  });

  test("VAI-148 the resource of an assumption and of a rollback", () => {
    const assumptions: Contract["assumptions"] = [
      {
        name: "a",
        read: "dynamodb:GetItem",
        resource: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/vai-local-state`,
        parameters: {},
        path: "",
        expect: { exact: 1 },
        maxAgeSeconds: 1,
        recheck: false,
      },
    ];
    assert.equal(
      overbroadProblem(contractOf([updateItem()], { assumptions }), OWN)?.pointer,
      "/contract/assumptions/0/resource",
    );
    const rollback: Contract["rollback"] = {
      when: "obligationUnmet",
      step: "undo",
      operation: { action: "lambda:UpdateAlias", resource: `${FUNCTION}*`, parameters: {} },
    };
    assert.equal(
      overbroadProblem(contractOf([updateItem()], { rollback }), OWN)?.pointer,
      "/contract/rollback/operation/resource",
    );
  });

  test("VAI-148 a value that IAM carries", () => {
    const parameters = { "key/pk": { oneOf: ["a", `\${aws:userid}`] }, "set/weight": { exact: 1 } };
    const problem = overbroadProblem(contractOf([updateItem({ parameters })]), OWN);
    assert.equal(problem?.pointer, "/contract/authorization_details/0/parameters/key~1pk");
  });
});
