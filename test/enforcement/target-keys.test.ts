import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { TargetKeys } from "../../lib/actions/target-keys.ts";
import { type Mutation, TABLE } from "../support/governed.ts";
import { newPlane, refused } from "../support/plane.ts";

const KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555";

async function planeWith(targetKeys: TargetKeys) {
  const plane = await newPlane();
  plane.deps = { ...plane.deps, targetKeys };
  return plane;
}

suite("VAI-47 a target under a key, from the request to STS", () => {
  test("VAI-47 the session that is asked for uses the key through the service alone", async () => {
    const plane = await planeWith({ [TABLE]: KEY });
    assert.ok((await plane.ask({ base: "item" })).ok);
    const [asked] = plane.sts.executions;
    const { Statement } = JSON.parse(asked?.Policy ?? "{}") as { Statement: object[] };
    const ofKeys = Statement.map((each) => JSON.stringify(each)).filter((text) =>
      text.includes('"Action":"kms:Decrypt"'),
    );
    assert.deepEqual(
      ofKeys.map((text) => JSON.parse(text)),
      [
        { Effect: "Allow", Action: "kms:Decrypt", Resource: KEY },
        {
          ...{ Effect: "Deny", Action: "kms:Decrypt", Resource: "*" },
          Condition: { StringNotEquals: { "kms:ViaService": "dynamodb.us-east-1.amazonaws.com" } },
        },
        {
          ...{ Effect: "Deny", Action: "kms:Decrypt", Resource: "*" },
          Condition: {
            StringNotEquals: {
              "kms:EncryptionContext:aws:dynamodb:tableName": TABLE.split("/")[1],
            },
          },
        },
      ],
    );
  });

  test("VAI-47 a target without a key is served without one", async () => {
    const plane = await planeWith({ [`${TABLE}2`]: KEY });
    assert.ok((await plane.ask({ base: "item" })).ok);
    assert.doesNotMatch(plane.sts.executions[0]?.Policy ?? "", /kms:/);
  });

  test("ADV-40 a step that no policy can hold as a whole, though the one item asked for would fit", async () => {
    const others = Array.from({ length: 8 }, (_, index) => `another-item-of-it-${index}`);
    const mutation: Mutation = {
      base: "item",
      contract: {
        set: {
          "/authorization_details/0/parameters/key~1pk": { oneOf: ["svc-a", ...others] },
        },
      },
    };
    const plane = await planeWith({ [TABLE]: KEY });
    assert.equal(refused(await plane.ask(mutation)).code, "SESSION_POLICY_TOO_LARGE");
    const without = await planeWith({});
    assert.ok((await without.ask(mutation)).ok);
  });

  test("ADV-40 a step that no policy can hold with its keys never reaches STS", async () => {
    const plane = await planeWith({ [TABLE]: KEY });
    const attributes = Object.fromEntries(
      Array.from({ length: 8 }, (_, index) => [
        `/authorization_details/0/parameters/set~1attribute-${index}-of-many`,
        { exact: 1 },
      ]),
    );
    const asked = Object.fromEntries(
      Object.keys(attributes).map((path) => [
        path.replace("/authorization_details/0/", "/operation/"),
        1,
      ]),
    );
    const mutation: Mutation = {
      ...{ base: "item", contract: { set: attributes }, request: { set: asked } },
    };
    const answer = refused(await plane.ask(mutation));
    assert.deepEqual([answer.code, answer.stage], ["SESSION_POLICY_TOO_LARGE", "authority"]);
    assert.equal(plane.sts.executions.length, 0);
    const without = await planeWith({});
    assert.ok((await without.ask(mutation)).ok);
  });
});
