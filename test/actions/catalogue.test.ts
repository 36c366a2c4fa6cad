import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CATALOGUE, descriptorOf } from "../../lib/actions/catalogue.ts";
import { iamPatterns, isIamLiteral } from "../../lib/actions/iam-text.ts";

suite("OKG-08 the catalogue", () => {
  for (const descriptor of CATALOGUE) {
    test(`OKG-08 ${descriptor.action} describes itself`, () => {
      assert.equal(descriptor.action.split(":")[0], descriptor.family);
      assert.match(descriptor.target.example, descriptor.target.pattern);
      const reads = [...descriptor.reads, ...(descriptor.readsAnywhere ?? [])];
      const isRead = descriptor.preRead !== undefined || descriptor.readBack !== undefined;
      assert.equal(reads.length > 0, isRead);
      for (const read of reads) {
        assert.match(read, new RegExp(`^${descriptor.family}:(Get|Describe)[A-Z]`));
      }
      assert.equal(descriptorOf(descriptor.action), descriptor);
    });

    test(`VAI-148 ${descriptor.action} works on exact ARNs only`, () => {
      const { example, pattern } = descriptor.target;
      const bad = [`${example}*`, `${example}?`, `${example}\${x}`, ` ${example}`, `${example}\n`];
      // Where targets have paths, one below another is another target and no qualifier of it.
      if (descriptor.ceiling === descriptor.target) bad.push(`${example}/x`, `${example}:live`);
      if (descriptor.accountInArn) bad.push(example.replace(/\d{12}/, ""));
      for (const each of bad) assert.doesNotMatch(each, pattern);
    });

    test(`VAI-45 ${descriptor.action} has a ceiling that an exact target lies in`, () => {
      const { example, pattern } = descriptor.ceiling;
      assert.match(example, pattern);
      assert.match(descriptor.target.example, pattern);
      for (const bad of ["*", `${example}*`, `*${example}`, example.replace("arn:aws:", "arn:*:")])
        assert.doesNotMatch(bad, pattern);
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
