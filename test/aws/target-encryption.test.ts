import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readTargetEncryption } from "../../lib/aws/inspect/target-encryption.ts";
import { type Answer, awsError, CREDENTIALS, fakeEndpoint } from "../actions/fake-endpoint.ts";

const TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/settings";
const OBJECTS = "arn:aws:s3:::settings-bucket/checkout/*";
const INSTANCE = "arn:aws:ec2:us-east-1:000000000000:instance/i-0123456789abcdef0";
const KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555";

const table = (SSEDescription?: object): Answer => ({
  status: 200,
  json: { Table: { TableName: "settings", ...(SSEDescription && { SSEDescription }) } },
});
const xml = (text: string, status = 200): Answer => ({
  ...{ status, text: `<?xml version="1.0"?>${text}` },
  headers: { "content-type": "text/xml" },
});
const bucket = (byDefault: string): Answer =>
  xml(
    `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>${byDefault}` +
      "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
  );
const sse = (algorithm: string, key?: string): Answer =>
  bucket(
    `<SSEAlgorithm>${algorithm}</SSEAlgorithm>${key ? `<KMSMasterKeyID>${key}</KMSMasterKeyID>` : ""}`,
  );
/** One body for both questions: what each does not ask for it does not read. */
const disks = (...keys: (string | undefined)[]): Answer => {
  const attached = keys.map(
    (_, index) => `<item><ebs><volumeId>vol-${index}</volumeId></ebs></item>`,
  );
  const volumes = keys.map((key) => `<item>${key ? `<kmsKeyId>${key}</kmsKeyId>` : ""}</item>`);
  return xml(
    "<Response><reservationSet><item><instancesSet><item><blockDeviceMapping>" +
      `${attached.join("")}</blockDeviceMapping></item></instancesSet></item></reservationSet>` +
      `<volumeSet>${volumes.join("")}</volumeSet></Response>`,
  );
};

const seen = (...value: string[]) => ({ status: "seen", value });
const lack = (permission: string) => ({
  ...{ status: "unseen", why: `you lack the permission ${permission}` },
});
const error = (code: string, status: number) => xml(`<Error><Code>${code}</Code></Error>`, status);

const CASES: Readonly<Record<string, readonly [string, Answer, object]>> = {
  "a table under a key": [
    TABLE,
    table({ SSEType: "KMS", Status: "ENABLED", KMSMasterKeyArn: KEY }),
    seen(KEY),
  ],
  "a table whose key is being changed": [
    TABLE,
    table({ SSEType: "KMS", Status: "UPDATING", KMSMasterKeyArn: KEY }),
    seen(KEY),
  ],
  "a table under AWS's own key": [TABLE, table(), seen()],
  "a table no longer under a key": [
    TABLE,
    table({ SSEType: "KMS", Status: "DISABLED", KMSMasterKeyArn: KEY }),
    seen(),
  ],
  "a table that may not be seen": [
    TABLE,
    awsError(400, "AccessDeniedException"),
    lack("dynamodb:DescribeTable"),
  ],
  "no table": [TABLE, awsError(400, "ResourceNotFoundException"), { status: "absent" }],
  "a bucket under a key": [OBJECTS, sse("aws:kms", KEY), seen(KEY)],
  "a bucket under two layers of a key": [OBJECTS, sse("aws:kms:dsse", KEY), seen(KEY)],
  "a bucket under S3's own keys": [OBJECTS, sse("AES256"), seen()],
  "a bucket without default": [
    OBJECTS,
    error("ServerSideEncryptionConfigurationNotFoundError", 404),
    seen(),
  ],
  "a bucket that may not be seen": [
    OBJECTS,
    error("AccessDenied", 403),
    lack("s3:GetEncryptionConfiguration"),
  ],
  "disks under a key": [INSTANCE, disks(KEY, undefined, KEY), seen(KEY)],
  "disks under two": [INSTANCE, disks(KEY, `${KEY}2`), seen(KEY, `${KEY}2`)],
  "disks under none": [INSTANCE, disks(undefined), seen()],
  "no disks": [INSTANCE, disks(), seen()],
  "what asks KMS nothing": [
    "arn:aws:ssm:us-east-1:000000000000:parameter/x",
    awsError(500, "InternalError"),
    seen(),
  ],
};

suite("USR-12 under which keys a target lies, by the service's own word", () => {
  for (const [name, [target, answer, expected]] of Object.entries(CASES)) {
    test(`USR-12 ${name}`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const { region, endpoint: url = "" } = endpoint.settings();
      const place = { region, endpoint: url, credentials: CREDENTIALS };
      assert.deepEqual(await readTargetEncryption(place, target), expected);
    });
  }

  test("USR-12 asks for the table, the bucket, the instance by their names", async () => {
    for (const [target, answer, sent] of [
      [TABLE, table(), /"TableName":"settings"/],
      [OBJECTS, sse("AES256"), /settings-bucket\/\?encryption=/],
      [INSTANCE, disks(), /InstanceId.1=i-0123456789abcdef0/],
    ] as const) {
      await using endpoint = await fakeEndpoint(answer);
      const { region, endpoint: url = "" } = endpoint.settings();
      await readTargetEncryption({ region, endpoint: url, credentials: CREDENTIALS }, target);
      const [{ path = "", body } = { body: "" }] = endpoint.seen;
      assert.match(`${path} ${typeof body === "string" ? body : JSON.stringify(body)}`, sent);
    }
  });
});
