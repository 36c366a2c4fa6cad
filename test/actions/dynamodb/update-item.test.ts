import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type CallOutcome, NOTHING_READ, type Operation } from "../../../lib/actions/descriptor.ts";
import { fromAttribute } from "../../../lib/actions/dynamodb/expression.ts";
import { dynamodbUpdateItem } from "../../../lib/actions/dynamodb/update-item.ts";
import { type Answer, awsError, fakeEndpoint, PLACE, patience } from "../fake-endpoint.ts";

const operation = (parameters: Operation["parameters"]): Operation => ({
  action: "dynamodb:UpdateItem",
  resource: "arn:aws:dynamodb:us-east-1:000000000000:table/Flags",
  parameters,
});

const LISTED = operation({
  "set/weight": 3,
  "key/pk": "svc-a",
  "expect/weight": 2,
  "set/on": true,
  "expect/a.b": "x",
});

suite("VAI-78 dynamodb:UpdateItem", () => {
  const INPUT = {
    TableName: "Flags",
    Key: { pk: { S: "svc-a" } },
    UpdateExpression: "SET #n0 = :v0, #n1 = :v1",
    ConditionExpression: "attribute_exists(#n2) AND #n3 = :v2 AND #n1 = :v3",
    ExpressionAttributeNames: { "#n0": "on", "#n1": "weight", "#n2": "pk", "#n3": "a.b" },
    ExpressionAttributeValues: {
      ":v0": { BOOL: true },
      ":v1": { N: "3" },
      ":v2": { S: "x" },
      ":v3": { N: "2" },
    },
    ReturnValues: "NONE",
  };

  test("VAI-78 describes the call exactly, whatever the order of the parameters", () => {
    assert.deepEqual(dynamodbUpdateItem.describeCall(LISTED, NOTHING_READ, PLACE), {
      api: "dynamodb:UpdateItem",
      input: INPUT,
    });
    const reversed = operation(Object.fromEntries(Object.entries(LISTED.parameters).reverse()));
    assert.deepEqual(dynamodbUpdateItem.describeCall(reversed, NOTHING_READ, PLACE).input, INPUT);
    assert.doesNotThrow(() => structuredClone(INPUT));
  });

  test("VAI-78 sends exactly what it described, once", async () => {
    await using endpoint = await fakeEndpoint({ status: 200, json: {} });
    const outcome = await dynamodbUpdateItem.call(LISTED, NOTHING_READ, endpoint.settings());
    assert.deepEqual(outcome, { status: "succeeded" });
    assert.equal(endpoint.seen.length, 1);
    assert.equal(endpoint.seen[0]?.target, "DynamoDB_20120810.UpdateItem");
    assert.deepEqual(endpoint.seen[0]?.body, INPUT);
  });

  const TABLE: [string, Answer, CallOutcome][] = [
    [
      "the item does not exist, or another value is there",
      awsError(400, "ConditionalCheckFailedException"),
      failed("ConditionalCheckFailedException", "precondition"),
    ],
    [
      "no such table",
      awsError(400, "ResourceNotFoundException"),
      failed("ResourceNotFoundException", "notFound"),
    ],
    ["denied", awsError(400, "AccessDeniedException"), failed("AccessDeniedException", "denied")],
    [
      "throttled",
      awsError(400, "ProvisionedThroughputExceededException"),
      failed("ProvisionedThroughputExceededException", "throttled"),
    ],
    ["invalid", awsError(400, "ValidationException"), failed("ValidationException", "invalid")],
    [
      "a failure of the service",
      awsError(500, "InternalServerError"),
      unknown("InternalServerError"),
    ],
  ];
  for (const [name, answer, expected] of TABLE) {
    test(`ADV-69 ${name}: one attempt, ${expected.status}`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      assert.deepEqual(
        await dynamodbUpdateItem.call(LISTED, NOTHING_READ, endpoint.settings()),
        expected,
      );
      assert.equal(endpoint.seen.length, 1);
    });
  }

  const SILENT: [string, Answer][] = [
    ["no answer before the timeout", { hang: true }],
    ["a lost connection", { reset: true }],
    ["a page that is not AWS's", { status: 502, html: "<html>bad gateway</html>" }],
    ["an answer that is not JSON", { status: 200, html: "<html>" }],
  ];
  for (const [name, answer] of SILENT) {
    test(`ADV-69 ${name}: one attempt, unknown`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const settings = endpoint.settings(patience(answer));
      const { status } = await dynamodbUpdateItem.call(LISTED, NOTHING_READ, settings);
      assert.equal(status, "unknown");
      assert.equal(endpoint.seen.length, 1);
    });
  }

  test("ADV-69 nobody listens: unknown", async () => {
    const endpoint = await fakeEndpoint({ status: 200, json: {} });
    const settings = endpoint.settings();
    await endpoint[Symbol.asyncDispose]();
    assert.equal((await dynamodbUpdateItem.call(LISTED, NOTHING_READ, settings)).status, "unknown");
  });

  test("VAI-78 a problem found before is an outcome without a call", async () => {
    await using endpoint = await fakeEndpoint({ status: 200, json: {} });
    const problem = { name: "Stopped", kind: "precondition" } as const;
    const outcome = await dynamodbUpdateItem.call(
      LISTED,
      { facts: {}, problem },
      endpoint.settings(),
    );
    assert.deepEqual(outcome, { status: "failed", error: problem });
    assert.equal(endpoint.seen.length, 0);
  });
});

function failed(
  name: string,
  kind: "precondition" | "notFound" | "denied" | "throttled" | "invalid",
): CallOutcome {
  return { status: "failed", error: { name, kind } };
}

function unknown(name: string): CallOutcome {
  return { status: "unknown", error: { name, kind: "other" } };
}

suite("VAI-78 dynamodb:UpdateItem read back", () => {
  const READ: [string, object, boolean, object][] = [
    [
      "the values asked for",
      { Item: { weight: { N: "3" }, on: { BOOL: true } } },
      true,
      { on: true, weight: 3 },
    ],
    [
      "another value",
      { Item: { weight: { N: "4" }, on: { BOOL: true } } },
      false,
      { on: true, weight: 4 },
    ],
    [
      "the value in another type",
      { Item: { weight: { S: "3" }, on: { BOOL: true } } },
      false,
      { on: true, weight: "3" },
    ],
    [
      "an attribute that is not there",
      { Item: { on: { BOOL: true } } },
      false,
      { on: true, weight: null },
    ],
    [
      "an attribute of a kind that no contract names",
      { Item: { on: { BOOL: true }, weight: { L: [] } } },
      false,
      { on: true, weight: null },
    ],
    ["no item", {}, false, { on: null, weight: null }],
  ];
  for (const [name, json, matches, observed] of READ) {
    test(`VAI-78 ${name}: ${matches}`, async () => {
      await using endpoint = await fakeEndpoint({ status: 200, json });
      assert.deepEqual(await dynamodbUpdateItem.readBack(LISTED, endpoint.settings()), {
        matches,
        observed,
      });
      assert.deepEqual(endpoint.seen[0]?.body, {
        TableName: "Flags",
        Key: { pk: { S: "svc-a" } },
        ConsistentRead: true,
        ProjectionExpression: "#n0, #n1",
        ExpressionAttributeNames: { "#n0": "on", "#n1": "weight" },
      });
    });
  }

  test("VAI-78 a read-back that fails is a fault, never a match", async () => {
    await using endpoint = await fakeEndpoint(awsError(400, "AccessDeniedException"));
    await assert.rejects(dynamodbUpdateItem.readBack(LISTED, endpoint.settings()), {
      code: "DEPENDENCY_UNAVAILABLE",
    });
  });
});

suite("VAI-41 dynamodb:UpdateItem parameters", () => {
  const BAD: [string, Operation["parameters"], string][] = [
    ["no key", { "set/weight": 1 }, ""],
    ["three keys", { "key/a": "1", "key/b": "1", "key/c": "1", "set/weight": 1 }, ""],
    ["nothing to set", { "key/pk": "a", "expect/weight": 1 }, ""],
    ["a key that is also set", { "key/pk": "a", "set/pk": "b" }, "/set~1pk"],
    ["a boolean key", { "key/pk": true, "set/weight": 1 }, "/key~1pk"],
    ["an empty key", { "key/pk": "", "set/weight": 1 }, "/key~1pk"],
    ["a key with a star", { "key/pk": "a*", "set/weight": 1 }, "/key~1pk"],
    ["a key outside of ASCII", { "key/pk": "ä", "set/weight": 1 }, "/key~1pk"],
    ["a key that is too long", { "key/pk": "a".repeat(1025), "set/weight": 1 }, "/key~1pk"],
    ["an attribute name with a star", { "key/pk": "a", "set/w*": 1 }, "/set~1w*"],
  ];
  for (const [name, parameters, place] of BAD) {
    test(`VAI-41 ${name}`, () => {
      const refusal = dynamodbUpdateItem.judgeParameters(operation(parameters));
      assert.equal(refusal?.code, "PARAMETER_OUT_OF_BOUNDS");
      assert.equal(refusal?.pointer, `/request/operation/parameters${place}`);
    });
  }

  test("VAI-41 two keys, a slash in a name, any text as value", () => {
    const parameters = { "key/pk": "a", "key/sk": 7, "set/a/b": `ä * \${x}`, "expect/a/b": "" };
    assert.equal(dynamodbUpdateItem.judgeParameters(operation(parameters)), undefined);
    const { input } = dynamodbUpdateItem.describeCall(operation(parameters), NOTHING_READ, PLACE);
    assert.deepEqual(input["Key"], { pk: { S: "a" }, sk: { N: "7" } });
    assert.deepEqual(input["ExpressionAttributeNames"], { "#n0": "a/b", "#n1": "pk", "#n2": "sk" });
  });

  test("VAI-43 knows its parameters and no others", () => {
    for (const name of ["key/pk", "set/a/b", "expect/x"])
      assert.ok(dynamodbUpdateItem.knows(name), name);
    for (const name of ["key/", "set", "remove/x", "KEY/pk", "ReturnValues", ""]) {
      assert.ok(!dynamodbUpdateItem.knows(name), name);
    }
  });
});

suite("what is read back", () => {
  test("VAI-48 a number that JavaScript would round is not the one that was asked for", () => {
    for (const stored of ["7.00000000000000000000001", "9007199254740993", "1E+2", "07"]) {
      assert.equal(fromAttribute({ N: stored }), null, stored);
    }
    assert.equal(fromAttribute({ N: "7" }), 7);
    assert.equal(fromAttribute({ N: "-7" }), -7);
  });
});
