import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import {
  CreateTableCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
} from "@aws-sdk/client-kms";
import {
  CreateBucketCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { descriptorOf } from "../../lib/actions/catalogue.ts";
import type { TargetKeys } from "../../lib/actions/target-keys.ts";
import { deriveAuthority } from "../../lib/authority/derive/derive.ts";
import { readTargetEncryption } from "../../lib/aws/inspect/target-encryption.ts";
import { readerPolicy } from "../../lib/aws/ports/reader-policy.ts";
import type { Step } from "../../lib/contract/step.ts";
import { isRefusal } from "../../lib/refusal.ts";
import type { Clients } from "../../localstack/deploy/clients.ts";
import { contractOf, trustPolicy } from "../authority/fixtures.ts";
import { TABLE } from "../support/governed.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";
import {
  actingWith,
  allow,
  assume,
  denied,
  document,
  makeRole,
  type RunningEmulator,
  startEmulator,
} from "./support/emulator.ts";

// A table's or bucket's key is used in the name of whoever reaches it, so his policies decide.

const REGION = "us-east-1";
const ACCOUNT = "000000000000";
const ROOT = `arn:aws:iam::${ACCOUNT}:root`;

let emulator: RunningEmulator;
/** A key that leaves it to the account's policies, and one that lets in nobody but the account's root and deployer. */
let key: string;
let closedKey: string;

before(async () => {
  emulator = await startEmulator();
  key = await makeKey({ AWS: ROOT });
  closedKey = await makeKey({ AWS: `arn:aws:iam::${ACCOUNT}:user/deployer` });
  await makeTables();
});
after(() => emulator?.stop());

async function makeKey(Principal: object): Promise<string> {
  const Policy = document({ ...allow("kms:*", "*"), Principal });
  const { KeyMetadata } = await emulator.deployer.kms.send(new CreateKeyCommand({ Policy }));
  return KeyMetadata?.Arn ?? "";
}

const TABLES = {
  sealed: () => ({ Enabled: true, KMSMasterKeyId: key }),
  closed: () => ({ Enabled: true, KMSMasterKeyId: closedKey }),
  managed: () => ({ Enabled: true }),
  open: () => ({ Enabled: false }),
  /** The table of the plane in memory. */
  settings: () => ({ Enabled: true, KMSMasterKeyId: key }),
};
type Table = keyof typeof TABLES;
const tableArn = (name: string) => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}`;

async function makeTables(): Promise<void> {
  for (const [TableName, specification] of Object.entries(TABLES)) {
    const { dynamoDb } = emulator.deployer;
    await dynamoDb.send(
      new CreateTableCommand({
        ...{ TableName, BillingMode: "PAY_PER_REQUEST", SSESpecification: specification() },
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      }),
    );
    await dynamoDb.send(new PutItemCommand({ TableName, Item: { pk: { S: "a" } } }));
  }
}

const update = ({ dynamoDb }: Clients, TableName: Table) =>
  dynamoDb.send(
    new UpdateItemCommand({
      ...{ TableName, Key: { pk: { S: "a" } }, UpdateExpression: "SET n = :n" },
      ExpressionAttributeValues: { ":n": { N: "1" } },
    }),
  );
const items = allow(["dynamodb:UpdateItem", "dynamodb:GetItem"], tableArn("*"));
const decrypt = (conditions: object, on = key) =>
  allow("kms:Decrypt", on, { StringEquals: conditions });
const via = { "kms:ViaService": `dynamodb.${REGION}.amazonaws.com` };
const context = (name: string) => ({ "kms:EncryptionContext:aws:dynamodb:tableName": name });

suite("a table under a key", () => {
  test("is reached by who may decrypt with it, through DynamoDB and for this table", async () => {
    const may = await actingWith(emulator, items, decrypt({ ...via, ...context("sealed") }));
    await update(may, "sealed");
    await may.dynamoDb.send(new GetItemCommand({ TableName: "sealed", Key: { pk: { S: "a" } } }));
  });

  const DENIED: Readonly<Record<string, () => object[]>> = {
    "without the key": () => [],
    "with another key": () => [decrypt(via, closedKey)],
    "through another service": () => [decrypt({ "kms:ViaService": `s3.${REGION}.amazonaws.com` })],
    "of another region": () => [decrypt({ "kms:ViaService": "dynamodb.eu-west-1.amazonaws.com" })],
    "for another table": () => [decrypt({ ...via, ...context("open") })],
    "for the table of another account": () => [
      decrypt({ ...via, "kms:EncryptionContext:aws:dynamodb:subscriberId": "111122223333" }),
    ],
    "against a Deny": () => [decrypt(via), { ...allow("kms:*", "*"), Effect: "Deny" }],
  };
  for (const [name, statements] of Object.entries(DENIED)) {
    test(`is denied ${name}`, async () => {
      const mayNot = await actingWith(emulator, items, ...statements());
      await denied(update(mayNot, "sealed"));
      await update(mayNot, "open");
    });
  }

  test("is denied to whom the key's own policy does not let in", async () => {
    const may = await actingWith(emulator, items, decrypt(via, closedKey));
    await denied(update(may, "closed"));
    await update(emulator.deployer, "closed");
  });

  test("that AWS manages needs no permission, and heeds a Deny", async () => {
    await update(await actingWith(emulator, items), "managed");
    const Deny = { ...allow("kms:*", "*"), Effect: "Deny" };
    await denied(update(await actingWith(emulator, items, Deny), "managed"));
  });

  test("lends the key to nobody who calls KMS himself", async () => {
    const EncryptionContext = { "aws:dynamodb:tableName": "sealed" };
    const { CiphertextBlob } = await emulator.deployer.kms.send(
      new EncryptCommand({ KeyId: key, Plaintext: Buffer.from("x"), EncryptionContext }),
    );
    const input = { KeyId: key, CiphertextBlob, EncryptionContext };
    const through = await actingWith(emulator, decrypt({ ...via, ...context("sealed") }));
    await denied(through.kms.send(new DecryptCommand(input)));
    const direct = await actingWith(emulator, decrypt(context("sealed")));
    await direct.kms.send(new DecryptCommand(input));
  });
});

suite("VAI-45 sessions of the plane and the key of an encrypted table", () => {
  const target = tableArn("sealed");
  const step: Step = {
    ...{ type: "aws", id: "set", actions: ["dynamodb:UpdateItem"], resources: [target] },
    parameters: { "key/pk": { exact: "a" }, "set/n": { exact: 1 } },
  };
  /** A session as it is issued, of a role that may do everything: only its own policy stands in the way. */
  async function issued(targetKeys: TargetKeys): Promise<Clients> {
    const now = Math.floor(Date.now() / 1000);
    const contract = contractOf([step], { nbf: now - 60, exp: now + 600 });
    const authority = deriveAuthority(contract, step, trustPolicy, { targetKeys });
    if (isRefusal(authority)) throw new Error(authority.detail);
    return sessionWith(authority.sessionPolicy);
  }
  async function sessionWith(policy: object): Promise<Clients> {
    const { arn } = await makeRole(emulator, [allow("*", "*")]);
    return (await assume(emulator, arn, { Policy: JSON.stringify(policy) })).clients;
  }
  const read = ({ dynamoDb }: Clients, TableName: Table) =>
    dynamoDb.send(new GetItemCommand({ TableName, Key: { pk: { S: "a" } } }));

  test("VAI-45 with the key the bounded call is made, without it DynamoDB may not decrypt", async () => {
    await update(await issued({ [target]: key }), "sealed");
    await denied(update(await issued({}), "sealed"));
    await denied(update(await issued({ [target]: closedKey }), "sealed"));
  });

  test("VAI-45 with the key the session reads nothing, and reaches no other table under it", async () => {
    const session = await issued({ [target]: key });
    await denied(read(session, "sealed"));
    await denied(update(session, "closed"));
    await denied(update(session, "managed"));
  });

  test("VAI-45 with the key the session asks KMS nothing itself, whatever context it gives", async () => {
    const EncryptionContext = { "aws:dynamodb:tableName": "sealed" };
    const input = { KeyId: key, Plaintext: Buffer.from("x"), EncryptionContext };
    const { CiphertextBlob } = await emulator.deployer.kms.send(new EncryptCommand(input));
    const { kms } = await issued({ [target]: key });
    await denied(kms.send(new DecryptCommand({ KeyId: key, CiphertextBlob, EncryptionContext })));
    await denied(kms.send(new EncryptCommand(input)));
    await denied(kms.send(new DescribeKeyCommand({ KeyId: key })));
  });

  test("VAI-46 the reader's session decrypts through DynamoDB, and in no other way", async () => {
    const reader = await sessionWith(readerPolicy("dynamodb", [target], REGION, { [target]: key }));
    await read(reader, "sealed");
    await denied(update(reader, "sealed"));
    await denied(reader.kms.send(new DescribeKeyCommand({ KeyId: key })));
    const without = await sessionWith(readerPolicy("dynamodb", [target], REGION));
    await denied(read(without, "sealed"));
  });
});

suite("VAI-47 a plane whose reader looks at a table under a key", () => {
  /** The plane in memory, but for its reader: the real look, by the role's own session. */
  async function looking(statements: object[], targetKeys: TargetKeys = {}): Promise<Plane> {
    const plane = await newPlane();
    const { descriptorOf: inMemory } = plane.deps;
    const { arn } = await makeRole(emulator, statements);
    const policy = readerPolicy("dynamodb", [TABLE], REGION, targetKeys);
    const { credentials } = await assume(emulator, arn, { Policy: JSON.stringify(policy) });
    plane.deps = {
      ...plane.deps,
      targetKeys,
      targetEndpoint: emulator.access.endpoint,
      readerCredentials: async () => credentials,
      descriptorOf: (action) => {
        const [memory, real] = [inMemory(action), descriptorOf(action)];
        return memory && real?.keyUse ? { ...memory, keyUse: real.keyUse } : memory;
      },
    };
    return plane;
  }
  const describe = allow("dynamodb:DescribeTable", TABLE);

  test("VAI-47 refuses the action before STS is asked for an execution role", async () => {
    const plane = await looking([describe]);
    const answer = refused(await plane.ask({ base: "item" }));
    assert.equal(answer.code, "ACTION_UNREGISTERED");
    assert.match(answer.detail, /lies under a KMS key/);
    assert.equal(plane.sts.executions.length, 0);
  });

  test("VAI-47 serves it where the key is named, or the role may not look", async () => {
    for (const plane of [
      await looking([describe], { [TABLE]: key }),
      await looking([allow("dynamodb:GetItem", TABLE)]),
    ])
      assert.ok((await plane.ask({ base: "item" })).ok);
  });
});

suite("an object under a bucket's key", () => {
  const arn = (bucket: string, rest = "") => `arn:aws:s3:::${bucket}${rest}`;
  const BUCKETS = { plain: false, shared: true };
  before(async () => {
    const { s3 } = emulator.deployer;
    for (const [name, BucketKeyEnabled] of Object.entries(BUCKETS)) {
      const Bucket = `sealed-${name}`;
      await s3.send(new CreateBucketCommand({ Bucket }));
      const byDefault = { SSEAlgorithm: "aws:kms" as const, KMSMasterKeyID: key };
      await s3.send(
        new PutBucketEncryptionCommand({
          Bucket,
          ServerSideEncryptionConfiguration: {
            Rules: [{ ApplyServerSideEncryptionByDefault: byDefault, BucketKeyEnabled }],
          },
        }),
      );
    }
  });

  const throughS3 = (action: string, of: string) =>
    allow(action, key, {
      StringEquals: {
        "kms:ViaService": `s3.${REGION}.amazonaws.com`,
        "kms:EncryptionContext:aws:s3:arn": of,
      },
    });

  for (const [name, isShared] of Object.entries(BUCKETS)) {
    const Bucket = `sealed-${name}`;
    const of = isShared ? arn(Bucket) : arn(Bucket, "/a");
    const other = isShared ? arn(Bucket, "/a") : arn(Bucket);
    const objects = allow(["s3:PutObject", "s3:GetObject"], arn(Bucket, "/*"));
    const put = ({ s3 }: Clients) =>
      s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "x", ChecksumAlgorithm: "SHA256" }));
    const head = ({ s3 }: Clients, ChecksumMode?: "ENABLED") =>
      s3.send(new HeadObjectCommand({ Bucket, Key: "a", ...(ChecksumMode && { ChecksumMode }) }));
    const whose = isShared ? "the bucket's name" : "the object's name";

    test(`is put by a data key, under ${whose}`, async () => {
      await put(await actingWith(emulator, objects, throughS3("kms:GenerateDataKey", of)));
      await denied(put(await actingWith(emulator, objects)));
      await denied(put(await actingWith(emulator, objects, throughS3("kms:Decrypt", of))));
      const elsewhere = throughS3("kms:GenerateDataKey", other);
      await denied(put(await actingWith(emulator, objects, elsewhere)));
    });

    test(`shows its checksum to who may decrypt, under ${whose}`, async () => {
      await put(emulator.deployer);
      await head(await actingWith(emulator, objects, throughS3("kms:Decrypt", of)), "ENABLED");
      const mayNot = await actingWith(emulator, objects);
      await head(mayNot);
      await denied(head(mayNot, "ENABLED").catch(forbidden));
    });
  }

  test("VAI-46 shows its reader that key's presence, on its own bucket and no other", async () => {
    const { lookAt } = descriptorOf("s3:PutObject")?.keyUse ?? {};
    assert.ok(lookAt);
    const { arn: role } = await makeRole(emulator, [allow("*", "*")]);
    const policy = readerPolicy("s3", [arn("sealed-plain", "/*")], REGION);
    const { credentials } = await assume(emulator, role, { Policy: JSON.stringify(policy) });
    const settings = {
      ...{ account: ACCOUNT, region: REGION, endpoint: emulator.access.endpoint },
      ...{ credentials, timeoutMilliseconds: 5_000 },
    };
    assert.equal(await lookAt(arn("sealed-plain", "/a"), settings), true);
    await assert.rejects(lookAt(arn("sealed-shared", "/a"), settings), { message: /AccessDenied/ });
  });

  test("is found by doctor under that key, however the bucket names it", async () => {
    const { endpoint, credentials } = emulator.access;
    const look = (target: string) =>
      readTargetEncryption({ region: REGION, endpoint, credentials }, target);
    const found = { status: "seen", value: [key] };
    assert.deepEqual(await look(arn("sealed-plain", "/*")), found);
    const byId = { SSEAlgorithm: "aws:kms" as const, KMSMasterKeyID: key.split("/")[1] };
    await emulator.deployer.s3.send(
      new PutBucketEncryptionCommand({
        Bucket: "sealed-plain",
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: byId }],
        },
      }),
    );
    assert.deepEqual(await look(arn("sealed-plain", "/*")), found);
    assert.deepEqual(await look(tableArn("sealed")), found);
    assert.deepEqual(await look(tableArn("open")), { status: "seen", value: [] });
  });

  /** A HEAD has no body, so the SDK knows no more of the error than its status. */
  const forbidden = (error: { $metadata?: { httpStatusCode?: number } }) =>
    Promise.reject(error.$metadata?.httpStatusCode === 403 ? new Error("AccessDenied") : error);
});
