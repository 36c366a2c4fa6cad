import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suite, test } from "node:test";
import { NOTHING_READ, type Operation } from "../../../lib/actions/descriptor.ts";
import { s3PutObject } from "../../../lib/actions/s3/put-object.ts";
import { type Answer, CREDENTIALS, fakeEndpoint, PLACE, patience } from "../fake-endpoint.ts";

const BODY = '{"limit":10,"name":"Grün"}';
const SHA256 = createHash("sha256").update(BODY).digest();
const CHECKSUM = SHA256.toString("base64");
const BYTES = Buffer.byteLength(BODY);

const operation = (
  changes: Operation["parameters"] = {},
  resource = "arn:aws:s3:::settings-bucket/checkout/limits.json",
): Operation => ({
  action: "s3:PutObject",
  resource,
  parameters: { body: BODY, ...changes },
});

const DONE: Answer = { status: 200, text: "" };
const xmlError = (status: number, code: string): Answer => ({
  status,
  text: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`,
  // By this header an SDK would follow to another region.
  headers: { "content-type": "application/xml", "x-amz-bucket-region": "eu-west-1" },
});

suite("VAI-78 s3:PutObject", () => {
  test("USR-16 describes the call exactly, with a digest in place of the content", () => {
    const described = s3PutObject.describeCall(operation(), NOTHING_READ, PLACE);
    assert.deepEqual(described, {
      api: "s3:PutObject",
      input: {
        Bucket: "settings-bucket",
        Key: "checkout/limits.json",
        ExpectedBucketOwner: PLACE.account,
        ContentType: "application/octet-stream",
        ContentLength: BYTES,
        ChecksumSHA256: CHECKSUM,
        IfNoneMatch: "*",
        Body: { digest: `sha256:${SHA256.toString("hex")}`, bytes: BYTES },
      },
    });
    assert.ok(!JSON.stringify(described).includes("limit\\"));
  });

  test("VAI-78 sends what it described, once: the owner, the checksum, only if there is none", async () => {
    await using endpoint = await fakeEndpoint(DONE);
    const outcome = await s3PutObject.call(operation(), NOTHING_READ, endpoint.settings());
    assert.deepEqual(outcome, { status: "succeeded" });
    assert.equal(endpoint.seen.length, 1);
    const [sent] = endpoint.seen;
    assert.equal(sent?.method, "PUT");
    assert.equal(sent?.path.split("?")[0], "/settings-bucket/checkout/limits.json");
    assert.deepEqual(sent?.body, JSON.parse(BODY));
    const headers = sent?.headers ?? {};
    assert.equal(headers["x-amz-expected-bucket-owner"], PLACE.account);
    assert.equal(headers["if-none-match"], "*");
    assert.equal(headers["content-type"], "application/octet-stream");
    assert.equal(headers["content-length"], String(BYTES));
    const named = Object.keys(headers).filter((name) => name.startsWith("x-amz-"));
    assert.deepEqual(named.sort(), [
      "x-amz-checksum-sha256",
      "x-amz-content-sha256",
      "x-amz-date",
      "x-amz-expected-bucket-owner",
      "x-amz-security-token",
      "x-amz-user-agent",
    ]);
    assert.equal(headers["x-amz-checksum-sha256"], CHECKSUM);
    assert.match(
      sent?.authorization ?? "",
      /SignedHeaders=[^,]*if-none-match[^,]*x-amz-checksum-sha256[^,]*x-amz-expected-bucket-owner/,
    );
  });

  test("VAI-78 overwrites only when told to, with the media type told", async () => {
    await using endpoint = await fakeEndpoint(DONE);
    const contentType = "text/plain; charset=utf-8";
    const asked = operation({ overwrite: true, contentType });
    await s3PutObject.call(asked, NOTHING_READ, endpoint.settings());
    assert.equal(endpoint.seen[0]?.headers["if-none-match"], undefined);
    assert.equal(endpoint.seen[0]?.headers["content-type"], contentType);
    assert.equal(endpoint.seen[0]?.headers["x-amz-expected-bucket-owner"], PLACE.account);
    const { input } = s3PutObject.describeCall(asked, NOTHING_READ, PLACE);
    assert.ok(!("IfNoneMatch" in input));
  });

  test("VAI-42 expects the bucket of the account that the contract names, whatever the credentials", async () => {
    await using endpoint = await fakeEndpoint(DONE);
    const settings = endpoint.settings({ account: "111122223333", credentials: CREDENTIALS });
    await s3PutObject.call(operation(), NOTHING_READ, settings);
    await s3PutObject.readBack(operation(), settings);
    for (const { headers } of endpoint.seen)
      assert.equal(headers["x-amz-expected-bucket-owner"], "111122223333");
    assert.equal(endpoint.seen.length, 2);
  });

  test("VAI-78 an endpoint without a name per bucket is called by path", async () => {
    await using endpoint = await fakeEndpoint(DONE);
    const settings = endpoint.settings();
    const named = settings.endpoint?.replace("127.0.0.1", "localhost") ?? assert.fail();
    await s3PutObject.call(operation(), NOTHING_READ, { ...settings, endpoint: named });
    const path = endpoint.seen[0]?.path.split("?")[0];
    assert.equal(path, "/settings-bucket/checkout/limits.json");
  });

  for (const [key, path] of [
    ["a b/c+d", "/settings-bucket/a%20b/c%2Bd"],
    ["(draft)!'@1=2;3:4,5&$6", "/settings-bucket/%28draft%29%21%27%401%3D2%3B3%3A4%2C5%26%246"],
    ["...", "/settings-bucket/..."],
  ] as const) {
    test(`VAI-148 the key ${key} reaches the wire as itself`, async () => {
      await using endpoint = await fakeEndpoint(DONE);
      const asked = operation({}, `arn:aws:s3:::settings-bucket/${key}`);
      await s3PutObject.call(asked, NOTHING_READ, endpoint.settings());
      assert.equal(endpoint.seen[0]?.path.split("?")[0], path);
      assert.equal(decodeURIComponent(path), `/settings-bucket/${key}`);
    });
  }

  const TABLE: [string, Answer, string, string][] = [
    ["there is an object already", xmlError(412, "PreconditionFailed"), "failed", "precondition"],
    [
      "somebody writes it now",
      xmlError(409, "ConditionalRequestConflict"),
      "failed",
      "precondition",
    ],
    ["no such bucket", xmlError(404, "NoSuchBucket"), "failed", "notFound"],
    ["a bucket of another account", xmlError(403, "AccessDenied"), "failed", "denied"],
    ["a bucket of another region", xmlError(301, "PermanentRedirect"), "failed", "invalid"],
    ["a session that has ended", xmlError(400, "ExpiredToken"), "failed", "denied"],
    ["content changed on its way", xmlError(400, "BadDigest"), "failed", "invalid"],
    ["too many calls", xmlError(503, "SlowDown"), "failed", "throttled"],
    ["a failure of the service", xmlError(500, "InternalError"), "unknown", "other"],
    ["what is not of AWS", { status: 502, html: "<html>" }, "unknown", "other"],
    ["silence", { hang: true }, "unknown", "other"],
    ["a lost connection", { reset: true }, "unknown", "other"],
  ];
  for (const [name, answer, status, kind] of TABLE) {
    test(`ADV-69 ${name}: one attempt, ${status}`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const settings = endpoint.settings(patience(answer));
      const outcome = await s3PutObject.call(operation(), NOTHING_READ, settings);
      assert.equal(outcome.status, status);
      assert.equal("error" in outcome && outcome.error.kind, kind);
      assert.equal(endpoint.seen.length, 1);
      assert.ok(!JSON.stringify(outcome).includes("limit"));
    });
  }
});

suite("VAI-78 s3:PutObject read back", () => {
  const found = (changes: Record<string, string>): Answer => ({
    status: 200,
    text: "",
    headers: {
      "x-amz-checksum-sha256": CHECKSUM,
      "content-length": String(BYTES),
      "content-type": "application/octet-stream",
      ...changes,
    },
  });
  const other = createHash("sha256").update("other").digest("base64");

  const TABLE: [string, Answer, boolean][] = [
    ["the content written", found({}), true],
    ["other content of the same length", found({ "x-amz-checksum-sha256": other }), false],
    ["the content under another media type", found({ "content-type": "text/html" }), false],
    ["another length", found({ "content-length": "1" }), false],
    ["no object", { status: 404, text: "" }, false],
  ];
  for (const [name, answer, matches] of TABLE) {
    test(`VAI-78 ${name}: ${matches}`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const seen = await s3PutObject.readBack(operation(), endpoint.settings());
      assert.equal(seen.matches, matches);
      assert.ok(!JSON.stringify(seen).includes("limit\\"));
      assert.equal(endpoint.seen[0]?.method, "HEAD");
      assert.equal(endpoint.seen[0]?.headers["x-amz-checksum-mode"], "ENABLED");
    });
  }

  test("VAI-78 an object without the checksum was written by somebody else", async () => {
    const headers = { "content-length": String(BYTES), "content-type": "application/octet-stream" };
    await using endpoint = await fakeEndpoint({ status: 200, text: "", headers });
    assert.equal((await s3PutObject.readBack(operation(), endpoint.settings())).matches, false);
  });

  for (const [name, answer] of [
    ["403, as S3 answers for no object to who may not list the bucket,", { status: 403, text: "" }],
    ["silence", { hang: true }],
  ] as [string, Answer][]) {
    test(`VAI-88 VAI-93 ${name} is a fault: nothing is guessed`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const settings = endpoint.settings(patience(answer));
      const code = "DEPENDENCY_UNAVAILABLE";
      await assert.rejects(s3PutObject.readBack(operation(), settings), { code });
    });
  }
});

suite("VAI-41 s3:PutObject parameters", () => {
  const GOOD: [string, Operation["parameters"]][] = [
    ["an empty object", { body: "" }],
    ["64 KiB", { body: "a".repeat(65_536) }],
    ["a media type", { contentType: "application/vnd.api+json" }],
    ["a media type with a parameter", { contentType: "text/plain; charset=utf-8" }],
    ["overwriting", { overwrite: true }],
  ];
  for (const [name, changes] of GOOD) {
    test(`VAI-41 taken: ${name}`, () =>
      assert.equal(s3PutObject.judgeParameters(operation(changes)), undefined));
  }

  const BAD: [string, string, string | number | boolean][] = [
    ["one byte more than 64 KiB", "body", "a".repeat(65_537)],
    ["more than 64 KiB in bytes, not in letters", "body", "ü".repeat(32_769)],
    ["half a letter", "body", "secret\ud800"],
    ["a number", "body", 7],
    ["no media type", "contentType", "text"],
    ["a media type with a line break", "contentType", "text/plain\r\nx-amz-acl: public-read"],
    ["a media type in other letters", "contentType", "text/plaın"],
    ["an empty media type", "contentType", ""],
    ["overwriting as text", "overwrite", "true"],
  ];
  for (const [name, parameter, value] of BAD) {
    test(`VAI-41 refused: ${name}`, () => {
      const refusal = s3PutObject.judgeParameters(operation({ [parameter]: value }));
      assert.equal(refusal?.code, "PARAMETER_OUT_OF_BOUNDS");
      assert.equal(refusal?.pointer, `/request/operation/parameters/${parameter}`);
      assert.match(refusal?.detail ?? "", new RegExp(`^${parameter} `));
      assert.ok(!refusal?.detail.includes("secret"), "USR-16 a refusal never holds the content");
    });
  }

  test("USR-16 the content is sensitive, nothing else", () => {
    const names = ["body", "contentType", "overwrite", "acl"];
    assert.deepEqual(names.filter(s3PutObject.sensitive), ["body"]);
    assert.deepEqual(names.filter(s3PutObject.knows), ["body", "contentType", "overwrite"]);
  });
});

suite("VAI-148 which objects can be named", () => {
  const { target, ceiling } = s3PutObject;
  const BUCKET = "arn:aws:s3:::settings-bucket";

  for (const arn of [
    `${BUCKET}/a`,
    `${BUCKET}/checkout/2026/limits v2 (draft).json`,
    `${BUCKET}/a..b/...`,
    `${BUCKET}/${"k".repeat(1024)}`,
    "arn:aws-cn:s3:::settings.example.org/a",
    "arn:aws:s3:::abc/a",
  ]) {
    test(`VAI-148 named: ${arn.slice(0, 60)}`, () => assert.match(arn, target.pattern));
  }

  const BAD: [string, string][] = [
    ["ADV-04 a star", `${BUCKET}/checkout/*`],
    ["ADV-04 a star for the bucket", "arn:aws:s3:::*/a"],
    ["ADV-04 a question mark", `${BUCKET}/a?`],
    ["ADV-04 a query", `${BUCKET}/a?acl`],
    ["ADV-05 a policy variable", `${BUCKET}/\${aws:username}`],
    ["VAI-148 another folder by ..", `${BUCKET}/checkout/../billing/a`],
    ["VAI-148 .. at the start", `${BUCKET}/../other-bucket/a`],
    ["VAI-148 .. at the end", `${BUCKET}/checkout/..`],
    ["VAI-148 a dot segment", `${BUCKET}/./a`],
    ["VAI-148 an encoded slash", `${BUCKET}/checkout%2Fa`],
    ["VAI-148 an encoded dot", `${BUCKET}/%2e%2e/a`],
    ["VAI-148 a backslash", `${BUCKET}/checkout\\a`],
    ["VAI-148 a leading slash", `${BUCKET}//a`],
    ["VAI-148 a slash twice", `${BUCKET}/checkout//a`],
    ["VAI-148 a trailing slash", `${BUCKET}/checkout/`],
    ["VAI-148 an empty key", `${BUCKET}/`],
    ["VAI-148 a bucket", BUCKET],
    ["VAI-148 a letter that looks like another", `${BUCKET}/ch\u0435ckout`],
    ["VAI-148 a control", `${BUCKET}/a\u0000`],
    ["VAI-148 a line break", `${BUCKET}/a\nb`],
    ["VAI-148 a key of 1025 bytes", `${BUCKET}/${"k".repeat(1025)}`],
    ["VAI-148 a bucket in capitals", "arn:aws:s3:::Settings-Bucket/a"],
    ["VAI-148 an address in place of a bucket", "arn:aws:s3:::192.168.0.1/a"],
    ["VAI-148 two dots in a bucket", "arn:aws:s3:::a..b/a"],
    ["VAI-148 an access point's alias", "arn:aws:s3:::point-abcdefghijk-s3alias/a"],
    ["VAI-148 an Object Lambda alias", "arn:aws:s3:::point-abcdefghijk--ol-s3/a"],
    ["VAI-148 a multi-region access point", "arn:aws:s3:::abcdefghijk.mrap/a"],
    ["VAI-148 a directory bucket", "arn:aws:s3:::bucket--use1-az4--x-s3/a"],
    ["VAI-148 an access point", "arn:aws:s3:us-east-1:000000000000:accesspoint/point/object/a"],
    ["VAI-148 an ARN with an account", "arn:aws:s3:us-east-1:000000000000:settings-bucket/a"],
  ];
  for (const [name, arn] of BAD) test(name, () => assert.doesNotMatch(arn, target.pattern));

  const CEILINGS: [string, boolean][] = [
    [`${BUCKET}/*`, true],
    [`${BUCKET}/checkout/*`, true],
    [`${BUCKET}/checkout/limits-*`, true],
    [`${BUCKET}/checkout/limits.json`, true],
    [`${BUCKET}*`, false],
    ["arn:aws:s3:::*", false],
    ["arn:aws:s3:::*/*", false],
    [`${BUCKET}/*/limits.json`, false],
    [`${BUCKET}/**`, false],
    [`${BUCKET}/a?*`, false],
    [`${BUCKET}/../*`, false],
    [`${BUCKET}//*`, false],
    [`${BUCKET}/\${aws:username}/*`, false],
  ];
  for (const [arn, taken] of CEILINGS) {
    test(`VAI-45 ${arn} is ${taken ? "a" : "no"} ceiling`, () =>
      assert.equal(ceiling.pattern.test(arn), taken));
  }
});
