import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { callKeys, KEY_ARN, keyOf, readKeys } from "../../lib/actions/target-keys.ts";

const key = (index: number): string =>
  `arn:aws:kms:us-east-1:111122223333:key/0000000${index}-2222-3333-4444-555555555555`;
const TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/settings";
const OBJECT = "arn:aws:s3:::settings-bucket/checkout/limits.json";
const INSTANCE = "arn:aws:ec2:us-east-1:111122223333:instance/i-0123456789abcdef0";

const targeted = (action: string, ...targets: string[]) => {
  const descriptor = CATALOGUE.find((each) => each.action === action);
  assert.ok(descriptor);
  return { descriptor, targets };
};

suite("VAI-45 which key a target lies under", () => {
  const keys = {
    [TABLE]: key(1),
    "arn:aws:s3:::settings-bucket/*": key(2),
    "arn:aws:s3:::settings-bucket/checkout/*": key(3),
    "arn:aws:s3:::settings-bucket/exact": key(4),
  };
  const OF: [string, string | undefined][] = [
    [TABLE, key(1)],
    [`${TABLE}2`, undefined],
    ["arn:aws:s3:::settings-bucket/any", key(2)],
    [OBJECT, key(3)],
    ["arn:aws:s3:::settings-bucket/exact", key(4)],
    ["arn:aws:s3:::settings-bucket/exactly", key(2)],
    ["arn:aws:s3:::settings-bucket2/any", undefined],
    ["toString", undefined],
  ];
  for (const [target, expected] of OF) {
    test(`VAI-45 ${target}: ${expected ?? "none"}`, () =>
      assert.equal(keyOf(target, keys), expected));
  }
});

suite("VAI-45 what AWS documents that a service asks of KMS for its caller, and no more", () => {
  const of = { [TABLE]: key(1), [OBJECT]: key(2), [INSTANCE]: key(3) };
  const table = { key: "kms:EncryptionContext:aws:dynamodb:tableName", values: ["settings"] };
  const object = {
    key: "kms:EncryptionContext:aws:s3:arn",
    values: [OBJECT, "arn:aws:s3:::settings-bucket"],
  };
  const decrypt = { actions: ["kms:Decrypt"] };

  test("VAI-45 DynamoDB: decrypts for who reaches the table", () => {
    const update = [targeted("dynamodb:UpdateItem", TABLE)];
    const needed = [{ service: "dynamodb", ...decrypt, keys: [key(1)], context: table }];
    assert.deepEqual(callKeys(update, of), needed);
    assert.deepEqual(readKeys(update, of), needed);
  });

  test("VAI-45 S3: a data key for a put, decrypted for a Bucket Key and for a checksum", () => {
    const put = [targeted("s3:PutObject", OBJECT)];
    const [service, keys] = ["s3", [key(2)]];
    const actions = ["kms:GenerateDataKey", "kms:Decrypt"];
    assert.deepEqual(callKeys(put, of), [{ service, actions, keys, context: object }]);
    assert.deepEqual(readKeys(put, of), [{ service, ...decrypt, keys, context: object }]);
  });

  test("VAI-45 EC2: a grant to start an instance, nothing to stop or end it, nothing to look", () => {
    const start = [targeted("ec2:StartInstances", INSTANCE)];
    const grant = { actions: ["kms:CreateGrant"], keys: [key(3)], context: undefined };
    assert.deepEqual(callKeys(start, of), [{ service: "ec2", ...grant }]);
    const others = ["ec2:StopInstances", "ec2:TerminateInstances"].map((action) =>
      targeted(action, INSTANCE),
    );
    assert.deepEqual(callKeys(others, of), []);
    assert.deepEqual(readKeys([...start, ...others], of), []);
  });

  test("VAI-45 every other action asks nothing, and a target without key needs none", () => {
    const asking = ["dynamodb:UpdateItem", "s3:PutObject", "ec2:StartInstances"];
    const users = CATALOGUE.filter(({ keyUse }) => keyUse !== undefined);
    assert.deepEqual(users.map(({ action }) => action).sort(), asking.sort());
    assert.deepEqual(callKeys([targeted("dynamodb:UpdateItem", `${TABLE}2`)], of), []);
    assert.deepEqual(callKeys([targeted("lambda:UpdateAlias", TABLE)], of), []);
  });

  test("VAI-45 several targets together name all their keys and values, each once", () => {
    const two = [targeted("dynamodb:UpdateItem", TABLE, `${TABLE}2`, `${TABLE}3`)];
    const keys = { ...of, [`${TABLE}2`]: key(1), [`${TABLE}3`]: key(4) };
    const values = ["settings", "settings2", "settings3"];
    const context = { ...table, values };
    assert.deepEqual(callKeys(two, keys), [
      { service: "dynamodb", ...decrypt, keys: [key(1), key(4)], context },
    ]);
    const services = callKeys([...two, targeted("s3:PutObject", OBJECT)], keys);
    assert.deepEqual(
      services.map(({ service }) => service),
      ["dynamodb", "s3"],
    );
  });
});

suite("VAI-148 what is taken for a key", () => {
  const uuid = "11111111-2222-3333-4444-555555555555";
  for (const arn of [
    `arn:aws:kms:us-east-1:111122223333:key/${uuid}`,
    `arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/${uuid}`,
    `arn:aws:kms:us-east-1:111122223333:key/mrk-${"0".repeat(32)}`,
  ])
    test(`VAI-148 ${arn}`, () => assert.match(arn, KEY_ARN));
  for (const arn of [
    "arn:aws:kms:us-east-1:111122223333:alias/settings",
    "arn:aws:kms:us-east-1:111122223333:key/*",
    `arn:aws:kms:*:111122223333:key/${uuid}`,
    `arn:aws-cn:kms:cn-north-1:111122223333:key/${uuid}`,
    uuid,
  ])
    test(`VAI-148 not ${arn}`, () => assert.doesNotMatch(arn, KEY_ARN));
});
