import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { type Answer, awsError, CREDENTIALS, fakeEndpoint, PLACE } from "./fake-endpoint.ts";

const KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555";

const xml = (text: string, status = 200): Answer => ({
  ...{ status, text: `<?xml version="1.0"?>${text}` },
  headers: { "content-type": "text/xml" },
});
const table = (SSEDescription?: object, TableName = "settings"): Answer => ({
  status: 200,
  json: { Table: { TableName, ...(SSEDescription && { SSEDescription }) } },
});
const bucket = (algorithm: string): Answer =>
  xml(
    "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>" +
      `<SSEAlgorithm>${algorithm}</SSEAlgorithm>` +
      "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
  );
const disks = (...keys: (string | undefined)[]): Answer => {
  const volumes = keys.map((key) => `<item>${key ? `<kmsKeyId>${key}</kmsKeyId>` : ""}</item>`);
  return xml(
    `<DescribeVolumesResponse><volumeSet>${volumes.join("")}</volumeSet></DescribeVolumesResponse>`,
  );
};
const s3Error = (code: string, status: number) =>
  xml(`<Error><Code>${code}</Code></Error>`, status);
const ec2Error = (code: string, status: number) =>
  xml(`<Response><Errors><Error><Code>${code}</Code></Error></Errors></Response>`, status);

const TABLE = [
  "dynamodb:UpdateItem",
  `arn:aws:dynamodb:us-east-1:000000000000:table/settings`,
] as const;
const OBJECT = ["s3:PutObject", "arn:aws:s3:::settings-bucket/checkout/limits.json"] as const;
const INSTANCE = [
  "ec2:StartInstances",
  "arn:aws:ec2:us-east-1:000000000000:instance/i-0123456789abcdef0",
] as const;

function lookAt([action, target]: readonly [string, string]) {
  const keyUse = CATALOGUE.find((each) => each.action === action)?.keyUse;
  assert.ok(keyUse);
  return (settings: Parameters<typeof keyUse.lookAt>[1]) => keyUse.lookAt(target, settings);
}
/** A session of its own: by it a client is known, and with it its endpoint. */
const session = () => ({ credentials: { ...CREDENTIALS } });

const TOLD: Readonly<Record<string, readonly [readonly [string, string], Answer, boolean]>> = {
  "a table under a key": [
    TABLE,
    table({ SSEType: "KMS", Status: "ENABLED", KMSMasterKeyArn: KEY }),
    true,
  ],
  "a table whose key is being changed": [
    TABLE,
    table({ SSEType: "KMS", Status: "UPDATING", KMSMasterKeyArn: KEY }),
    true,
  ],
  "a table no longer under a key": [
    TABLE,
    table({ SSEType: "KMS", Status: "DISABLED", KMSMasterKeyArn: KEY }),
    false,
  ],
  "a table under a key that DynamoDB owns": [TABLE, table(), false],
  "a bucket under KMS": [OBJECT, bucket("aws:kms"), true],
  "a bucket twice under KMS": [OBJECT, bucket("aws:kms:dsse"), true],
  "a bucket that S3 encrypts by itself": [OBJECT, bucket("AES256"), false],
  "a bucket of before S3 encrypted": [
    OBJECT,
    s3Error("ServerSideEncryptionConfigurationNotFoundError", 404),
    false,
  ],
  "an instance with a disk under a key": [INSTANCE, disks(undefined, KEY), true],
  "an instance whose disks lie under none": [INSTANCE, disks(undefined), false],
  "an instance without disks": [INSTANCE, disks(), false],
};

const UNKNOWN: Readonly<Record<string, readonly [readonly [string, string], Answer, RegExp]>> = {
  "a table that may not be described": [
    TABLE,
    awsError(400, "AccessDeniedException"),
    /dynamodb:DescribeTable failed: AccessDeniedException/,
  ],
  "another table": [TABLE, table(undefined, "ledger"), /did not answer with the table asked for/],
  "no table": [TABLE, { status: 200, json: {} }, /did not answer with the table asked for/],
  "a bucket that may not be asked": [
    OBJECT,
    s3Error("AccessDenied", 403),
    /s3:GetEncryptionConfiguration failed: AccessDenied/,
  ],
  "a bucket that is not there": [OBJECT, s3Error("NoSuchBucket", 404), /failed: NoSuchBucket/],
  "no configuration": [
    OBJECT,
    xml("<ServerSideEncryptionConfiguration/>"),
    /without a configuration/,
  ],
  "disks that may not be described": [
    INSTANCE,
    ec2Error("UnauthorizedOperation", 403),
    /ec2:DescribeVolumes failed: UnauthorizedOperation/,
  ],
  "no disks": [INSTANCE, xml("<DescribeVolumesResponse/>"), /answered without disks/],
};

suite("VAI-45 whether a target lies under a key, as its service tells the reader role", () => {
  for (const [name, [of, answer, expected]] of Object.entries(TOLD)) {
    test(`VAI-45 ${name}: ${expected ? "yes" : "no"}`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      assert.equal(await lookAt(of)(endpoint.settings(session())), expected);
      assert.equal(endpoint.seen.length, 1, "one call");
    });
  }

  for (const [name, [of, answer, message]] of Object.entries(UNKNOWN)) {
    test(`VAI-45 ${name}: not known`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const code = "DEPENDENCY_UNAVAILABLE";
      await assert.rejects(lookAt(of)(endpoint.settings(session())), { code, message });
    });
  }

  test("VAI-45 asks for exactly the target, or for the bucket of this account that holds it", async () => {
    const asked = async (of: readonly [string, string], answer: Answer) => {
      await using endpoint = await fakeEndpoint(answer);
      await lookAt(of)(endpoint.settings(session()));
      const [seen] = endpoint.seen;
      assert.equal(seen?.token, CREDENTIALS.sessionToken);
      return seen;
    };
    const describe = await asked(TABLE, table());
    assert.match(String(describe?.target), /\.DescribeTable$/);
    assert.deepEqual(describe?.body, { TableName: "settings" });
    const get = await asked(OBJECT, bucket("AES256"));
    assert.match(`${get?.method} ${get?.path}`, /^GET \/settings-bucket\/?\?encryption/);
    assert.equal(get?.headers["x-amz-expected-bucket-owner"], PLACE.account);
    const volumes = new URLSearchParams(String((await asked(INSTANCE, disks()))?.body));
    assert.equal(volumes.get("Action"), "DescribeVolumes");
    assert.equal(volumes.get("Filter.1.Name"), "attachment.instance-id");
    assert.equal(volumes.get("Filter.1.Value.1"), "i-0123456789abcdef0");
    const names = ["Action", "Filter.1.Name", "Filter.1.Value.1", "Version"];
    assert.deepEqual([...volumes.keys()].sort(), names);
  });
});
