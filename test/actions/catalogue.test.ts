import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CATALOGUE, descriptorOf } from "../../lib/actions/catalogue.ts";
import { iamPatterns, isIamLiteral } from "../../lib/actions/iam-text.ts";

suite("OKG-08 the catalogue", () => {
  for (const descriptor of CATALOGUE) {
    test(`OKG-08 ${descriptor.action} describes itself`, () => {
      assert.equal(descriptor.action.split(":")[0], descriptor.family);
      assert.match(descriptor.target.example, descriptor.target.pattern);
      assert.ok(descriptor.reads.every((read) => read.startsWith(`${descriptor.family}:Get`)));
      assert.equal(descriptorOf(descriptor.action), descriptor);
    });

    test(`VAI-148 ${descriptor.action} works on exact ARNs only`, () => {
      const { example, pattern } = descriptor.target;
      for (const bad of [
        `${example}*`,
        `${example}/x`,
        `${example}:live`,
        example.replace(/\d{12}/, ""),
        ` ${example}`,
        `${example}\n`,
      ]) {
        assert.doesNotMatch(bad, pattern);
      }
    });
  }

  test("OKG-08 each action once", () => {
    assert.equal(new Set(CATALOGUE.map(({ action }) => action)).size, CATALOGUE.length);
  });

  test("ADV-06 names compare exactly", () => {
    for (const action of [
      "dynamodb:updateitem",
      "DynamoDB:UpdateItem",
      "dynamodb:BatchWriteItem",
      "",
    ]) {
      assert.equal(descriptorOf(action), undefined);
    }
  });
});

suite("VAI-148 text for IAM", () => {
  test("VAI-148 printable ASCII without wildcards and variables", () => {
    for (const good of ["svc-a", "a b", "$", "{}", "~", "a$b{c}"])
      assert.ok(isIamLiteral(good), good);
    for (const bad of ["", "*", "a?", `\${x}`, "ä", "a\n", "\u202e", "a\u0000"])
      assert.ok(!isIamLiteral(bad), bad);
  });

  test("VAI-43 what a constraint is as text", () => {
    assert.deepEqual(iamPatterns({ exact: 7 }), { patterns: ["7"], like: false });
    assert.deepEqual(iamPatterns({ oneOf: ["a", "b"] }), { patterns: ["a", "b"], like: false });
    assert.deepEqual(iamPatterns({ prefix: "a" }), { patterns: ["a*"], like: true });
    assert.deepEqual(iamPatterns({ all: [{ prefix: "a" }, { exact: "ab" }] }), {
      patterns: ["ab"],
      like: false,
    });
    for (const constraint of [
      { range: { min: 1 } },
      { notOneOf: ["a"] },
      { absent: true } as const,
    ]) {
      assert.equal(iamPatterns(constraint), undefined);
    }
  });
});
