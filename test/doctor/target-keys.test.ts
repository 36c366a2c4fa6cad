import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { TargetEncryption } from "../../lib/aws/inspect/target-encryption.ts";
import { ENV } from "../../lib/config.ts";
import type { Finding } from "../../lib/doctor/finding.ts";
import { checkTargetKeys, judgeTargetKey } from "../../lib/doctor/target-keys.ts";

const TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/settings";
const OBJECTS = "arn:aws:s3:::settings-bucket/checkout/*";
const INSTANCE = "arn:aws:ec2:us-east-1:111122223333:instance/i-0123456789abcdef0";
const KEY = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555";
const OTHER = KEY.replaceAll("1", "9");
const under = (...value: string[]): TargetEncryption => ({ status: "seen", value });

suite("USR-12 one target's encryption against what the functions were told", () => {
  const CASES: Readonly<
    Record<string, readonly [TargetEncryption, Record<string, string>, Finding["status"], RegExp]>
  > = {
    "under a key that is not named": [
      under(KEY),
      {},
      "problem",
      /lies under .*555555555555, and targetKeys do not name it: AWS denies every call on it/,
    ],
    "under another key than named": [
      under(KEY),
      { [TABLE]: OTHER },
      "problem",
      /and targetKeys name .*key\/99999999/,
    ],
    "under no key although one is named": [
      under(),
      { [TABLE]: KEY },
      "problem",
      /needs no key, and targetKeys name .*: sessions may use a key for nothing/,
    ],
    "under several keys": [under(KEY, OTHER), { [TABLE]: KEY }, "problem", /lies under several/],
    "not to be seen": [
      { status: "unseen", why: "you lack the permission dynamodb:DescribeTable" },
      { [TABLE]: KEY },
      "unseen",
      /you lack the permission/,
    ],
    "not there": [{ status: "absent" }, {}, "unseen", /there is no such target/],
  };
  for (const [name, [seen, keys, status, text]] of Object.entries(CASES)) {
    test(`USR-12 ${name}`, () => {
      const found = judgeTargetKey(TABLE, seen, keys);
      assert.equal(found?.status, status);
      assert.match(found.text, text);
      assert.ok((found.next ?? "").length > 10);
      assert.equal(found.subject, `target ${TABLE}`);
    });
  }

  test("USR-12 as it was named, or without need: nothing to say", () => {
    assert.equal(judgeTargetKey(TABLE, under(KEY), { [TABLE]: KEY }), undefined);
    assert.equal(judgeTargetKey(TABLE, under(), { [OBJECTS]: KEY }), undefined);
    assert.equal(judgeTargetKey(OBJECTS, under(KEY), { [OBJECTS]: KEY }), undefined);
  });

  test("USR-12 an instance may be opened to be stopped alone, which needs no key", () => {
    const found = judgeTargetKey(INSTANCE, under(KEY), {});
    assert.equal(found?.status, "unseen");
    assert.match(found.text, /it can be stopped, not started/);
    assert.match(found.next ?? "", /if ec2:StartInstances is opened for it, add it to targetKeys/);
    assert.equal(judgeTargetKey(INSTANCE, under(KEY), { [INSTANCE]: OTHER })?.status, "problem");
  });

  test("USR-12 what to do can be pasted", () => {
    const { next = "" } = judgeTargetKey(TABLE, under(KEY), {}) ?? {};
    assert.ok(next.includes(`"${TABLE}": "${KEY}"`));
  });
});

suite("USR-12 all targets of a deployment", () => {
  const environment = (targets: object, keys: object) => ({
    [ENV.targets]: JSON.stringify(targets),
    [ENV.targetKeys]: JSON.stringify(keys),
  });
  const see = (found: Readonly<Record<string, TargetEncryption>>) => ({
    targetEncryption: async (target: string) => found[target] ?? under(),
  });

  test("USR-12 each is looked at, and only what is wrong is told", async () => {
    const told = environment({ dynamodb: [TABLE], s3: [OBJECTS] }, { [TABLE]: KEY });
    const found = await checkTargetKeys(
      see({ [TABLE]: under(KEY), [OBJECTS]: under(OTHER) }),
      told,
    );
    assert.deepEqual(
      found.map(({ status, subject }) => [status, subject]),
      [["problem", `target ${OBJECTS}`]],
    );
  });

  test("USR-12 in order is said once", async () => {
    const told = environment({ dynamodb: [TABLE] }, { [TABLE]: KEY });
    const found = await checkTargetKeys(see({ [TABLE]: under(KEY) }), told);
    assert.deepEqual(
      found.map(({ status }) => status),
      ["ok"],
    );
    assert.deepEqual(await checkTargetKeys(see({}), environment({}, {})), []);
  });

  for (const [name, text] of [
    ["no JSON", "{"],
    ["another form", '{"dynamodb": 1}'],
  ] as const) {
    test(`USR-12 ${name} in a function's environment is a problem, never passed over`, async () => {
      for (const variable of [ENV.targets, ENV.targetKeys]) {
        const told = { ...environment({ dynamodb: [TABLE] }, {}), [variable]: text };
        const [found] = await checkTargetKeys(see({}), told);
        assert.equal(found?.status, "problem");
        assert.match(found.text, /cannot be read/);
      }
    });
  }
});
