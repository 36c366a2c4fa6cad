import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { issueDependencies } from "../../lib/aws/function/dependencies.ts";
import { readTargetKeys } from "../../lib/aws/function/target-keys.ts";
import { ENV, parsePlaneId } from "../../lib/config.ts";
import { KEYS } from "../support/keys.ts";

const PLANE = parsePlaneId("vai:111122223333:us-east-1:example");
const ID = "11111111-2222-3333-4444-555555555555";
const KEY = `arn:aws:kms:us-east-1:111122223333:key/${ID}`;
const TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/settings";

const read = (key: string, own: readonly string[] = []) => {
  assert.ok(PLANE);
  return readTargetKeys(JSON.stringify({ [TABLE]: key }), PLANE, own);
};

suite("X-45 the keys that a function serves sessions with", () => {
  test("X-45 are those that the stack named", () => assert.deepEqual(read(KEY), { [TABLE]: KEY }));

  test("X-45 are never the plane's own, by id or by ARN", () => {
    const message = /the key of .*table\/settings is the trust plane's own/;
    const replica = KEY.replace("us-east-1", "eu-west-1");
    for (const own of [[ID], [KEY], ["another", ID], [replica]]) {
      assert.throws(() => read(KEY, own), { name: "TypeError", message });
    }
    assert.deepEqual(read(KEY, ["another"]), { [TABLE]: KEY });
  });

  for (const [name, key] of [
    ["an alias", "arn:aws:kms:us-east-1:111122223333:alias/x"],
    ["a pattern", "arn:aws:kms:us-east-1:111122223333:key/*"],
  ] as const) {
    test(`X-45 are no ${name}`, () =>
      assert.throws(() => read(key), /is not the ARN of a KMS key/));
  }
  for (const [name, key] of [
    ["partition", KEY.replace("arn:aws:", "arn:aws-us-gov:")],
    ["region", KEY.replace("us-east-1", "us-east-2")],
    ["account", KEY.replace("111122223333", "444455556666")],
  ] as const) {
    test(`X-45 are of no other ${name}`, () =>
      assert.throws(() => read(key), /is not of the plane's own place/));
  }
});

suite("X-45 what a function is told by its stack", () => {
  const environment = (targetKeys: string, changes: Record<string, string> = {}) => ({
    [ENV.plane]: "vai:111122223333:us-east-1:example",
    [ENV.evidenceTable]: "e",
    [ENV.stateTable]: "s",
    [ENV.registryTable]: "r",
    [ENV.evidenceKeyId]: "evidence-key",
    [ENV.planeKeyId]: "plane-key",
    [ENV.anchors]: JSON.stringify([KEYS.anchor.jwk]),
    [ENV.targets]: "{}",
    [ENV.targetKeys]: targetKeys,
    [ENV.scopedCredentials]: "true",
    [ENV.breakGlassBucket]: "vai-example-glass",
    AWS_ACCESS_KEY_ID: "ASIAX",
    AWS_SECRET_ACCESS_KEY: "x",
    AWS_SESSION_TOKEN: "x",
    ...changes,
  });
  const told = JSON.stringify({ [TABLE]: KEY });

  test("X-45 is what it serves sessions with", () => {
    assert.deepEqual(issueDependencies("issue", environment(told)).targetKeys, { [TABLE]: KEY });
  });

  for (const name of [ENV.evidenceKeyId, ENV.planeKeyId]) {
    test(`X-45 never starts with the key of ${name} for a target`, () => {
      const own = environment(told, { [name]: ID });
      assert.throws(() => issueDependencies("issue", own), /is the trust plane's own/);
    });
  }

  test("X-45 nor without having been told", () => {
    const { [ENV.targetKeys]: _, ...without } = environment(told);
    assert.throws(() => issueDependencies("issue", without), /VAI_TARGET_KEYS is not set/);
  });

  test("X-01 whether what it delivers is cut is said by one of two words, or it never starts", () => {
    const saying = (value: string) =>
      issueDependencies("issue", environment(told, { [ENV.scopedCredentials]: value }));
    assert.equal(typeof saying("true").cutSession, "function");
    assert.equal(saying("false").cutSession, undefined);
    for (const value of ["yes", "True", "1"]) {
      assert.throws(() => saying(value), /VAI_SCOPED_CREDENTIALS is not true or false/);
    }
    const { [ENV.scopedCredentials]: _, ...without } = environment(told);
    assert.throws(() => issueDependencies("issue", without), /VAI_SCOPED_CREDENTIALS is not set/);
  });
});
