import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { TargetRead, TargetReadRequest } from "../../lib/actions/read.ts";
import { READS, readOf } from "../../lib/actions/reads.ts";
import { changed, described, ec2Error, INSTANCE_ARN, INSTANCE_ID } from "./ec2/answers.ts";
import {
  type Answer,
  awsError,
  CREDENTIALS,
  type FakeEndpoint,
  fakeEndpoint,
  patience,
} from "./fake-endpoint.ts";

const read = (name: string): TargetRead => {
  const found = readOf(name);
  assert.ok(found, name);
  return found;
};

const ok = (json: object): Answer => ({ status: 200, json });
const SERVICE = "arn:aws:ecs:us-east-1:000000000000:service/shop/checkout";
const PARAMETER = "arn:aws:ssm:us-east-1:000000000000:parameter/checkout/limit";

interface Case {
  readonly request: TargetReadRequest;
  readonly answer: Answer;
  /** What the AWS answer is as JSON. */
  readonly expected: unknown;
  /** What must have reached the endpoint. */
  sent(endpoint: FakeEndpoint): void;
  /** Further answers that must not be taken for one. */
  readonly bad?: readonly Answer[];
}

const CASES: Readonly<Record<string, Case>> = {
  "lambda:GetAlias": {
    request: {
      resource: "arn:aws:lambda:us-east-1:000000000000:function:checkout",
      parameters: { alias: "live" },
    },
    answer: ok({
      Name: "live",
      FunctionVersion: "6",
      RoutingConfig: { AdditionalVersionWeights: { "7": 0.1 } },
    }),
    expected: {
      Name: "live",
      FunctionVersion: "6",
      RoutingConfig: { AdditionalVersionWeights: { "7": 0.1 } },
    },
    sent: ({ seen }) => assert.equal(seen[0]?.path, "/2015-03-31/functions/checkout/aliases/live"),
  },
  "dynamodb:GetItem": {
    request: {
      resource: "arn:aws:dynamodb:us-east-1:000000000000:table/settings",
      parameters: { "key/pk": "a", "key/sk": 7 },
    },
    answer: ok({
      Item: {
        pk: { S: "a" },
        weight: { N: "7" },
        on: { BOOL: true },
        blob: { B: "AQI=" },
        list: { L: [{ S: "x" }, { NULL: true }] },
        tags: { SS: ["x", "y"] },
      },
    }),
    expected: {
      Item: {
        pk: { S: "a" },
        weight: { N: "7" },
        on: { BOOL: true },
        blob: { B: "AQI=" },
        list: { L: [{ S: "x" }, { NULL: true }] },
        tags: { SS: ["x", "y"] },
      },
    },
    sent: ({ seen }) =>
      assert.deepEqual(seen[0]?.body, {
        TableName: "settings",
        Key: { pk: { S: "a" }, sk: { N: "7" } },
        ConsistentRead: true,
      }),
  },
  "ssm:GetParameter": {
    request: { resource: PARAMETER, parameters: {} },
    answer: ok({
      Parameter: { ARN: PARAMETER, Value: "7", Version: 3, LastModifiedDate: 1767323045.5 },
    }),
    expected: {
      Parameter: {
        ARN: PARAMETER,
        Value: "7",
        Version: 3,
        LastModifiedDate: "2026-01-02T03:04:05.500Z",
      },
    },
    sent: ({ seen }) => assert.deepEqual(seen[0]?.body, { Name: PARAMETER, WithDecryption: false }),
    bad: [ok({ Parameter: { ARN: `${PARAMETER}2`, Value: "7" } }), ok({})],
  },
  "s3:HeadObject": {
    request: { resource: "arn:aws:s3:::settings-bucket/a/b c.json", parameters: {} },
    answer: {
      status: 200,
      text: "",
      headers: {
        etag: '"e"',
        "content-length": "0",
        "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT",
        "x-amz-version-id": "v1",
        "x-amz-meta-owner": "team-a",
      },
    },
    expected: {
      ETag: '"e"',
      ContentLength: 0,
      LastModified: "2026-01-02T03:04:05.000Z",
      VersionId: "v1",
      Metadata: { owner: "team-a" },
    },
    sent: ({ seen }) => {
      assert.equal(seen[0]?.method, "HEAD");
      assert.equal(seen[0]?.path, "/settings-bucket/a/b%20c.json");
      assert.equal(seen[0]?.headers["x-amz-expected-bucket-owner"], "000000000000");
    },
    // S3 answers for no object so to who may not list the bucket: neither there nor absent.
    bad: [{ status: 403, text: "" }],
  },
  "ec2:DescribeInstances": {
    request: { resource: INSTANCE_ARN, parameters: {} },
    answer: described({ state: "running" }),
    expected: {
      Reservations: [
        {
          OwnerId: "000000000000",
          Instances: [
            {
              InstanceId: INSTANCE_ID,
              LaunchTime: "2026-01-02T03:04:05.000Z",
              State: { Code: 16, Name: "running" },
            },
          ],
        },
      ],
    },
    sent: ({ seen }) => {
      const sent = new URLSearchParams(String(seen[0]?.body));
      assert.equal(sent.get("InstanceId.1"), INSTANCE_ID);
      assert.equal(sent.has("InstanceId.2"), false);
    },
    bad: [
      described(),
      described({ state: "running" }, { id: "i-0fedcba9876543210", state: "running" }),
      described({ id: "i-0fedcba9876543210", state: "running" }),
      ec2Error(400, "InvalidInstanceID.NotFound"),
      changed("StopInstances"),
    ],
  },
  "ecs:DescribeServices": {
    request: { resource: SERVICE, parameters: {} },
    answer: ok({
      services: [{ serviceArn: SERVICE, desiredCount: 2, createdAt: 1767323045.5 }],
      failures: [],
    }),
    expected: {
      services: [{ serviceArn: SERVICE, desiredCount: 2, createdAt: "2026-01-02T03:04:05.500Z" }],
      failures: [],
    },
    sent: ({ seen }) =>
      assert.deepEqual(seen[0]?.body, { cluster: "shop", services: ["checkout"] }),
    bad: [
      ok({ services: [], failures: [{ arn: SERVICE, reason: "MISSING" }] }),
      ok({ services: [], failures: [] }),
      ok({ services: [{ serviceArn: SERVICE }], failures: [{ reason: "MISSING" }] }),
      ok({ services: [{ serviceArn: SERVICE.replace("shop", "hops") }], failures: [] }),
      ok({ services: [{ serviceArn: SERVICE.replace("shop/", "") }], failures: [] }),
    ],
  },
};

const NO_ANSWER: [string, Answer][] = [
  ["denied", awsError(403, "AccessDeniedException")],
  ["not there", awsError(404, "ResourceNotFoundException")],
  ["a failure of the service", awsError(500, "InternalServerError")],
  ["silence", { hang: true }],
  ["a lost connection", { reset: true }],
];

test("VAI-31 the reads that assumptions may name are those of the table, each once", () => {
  assert.deepEqual(
    READS.map((each) => each.read),
    [
      ...["lambda:GetAlias", "dynamodb:GetItem", "ssm:GetParameter"],
      ...["s3:HeadObject", "ec2:DescribeInstances", "ecs:DescribeServices"],
    ],
  );
  for (const each of READS) assert.equal(readOf(each.read), each);
  for (const name of ["lambda:getAlias", "s3:GetObject", "lambda:Invoke", "", "toString"])
    assert.equal(readOf(name), undefined, name);
});

for (const [name, { request, answer, expected, sent, bad = [] }] of Object.entries(CASES)) {
  const target = read(name);

  suite(`VAI-31 ${name}`, () => {
    test("VAI-31 is made by a reader role and names exact ARNs", () => {
      assert.equal(target.family, name.split(":")[0]);
      assert.match(target.target.example, target.target.pattern);
      assert.match(request.resource, target.target.pattern);
      for (const tail of ["*", "/*", "?"])
        assert.doesNotMatch(`${request.resource}${tail}`, target.target.pattern);
      for (const action of [...target.iamActions, ...(target.iamActionsAnywhere ?? [])])
        assert.match(action, new RegExp(`^${target.family}:(Get|Describe)[A-Z]`));
    });

    test("VAI-31 asks AWS for exactly that and answers with AWS's own answer", async () => {
      await using endpoint = await fakeEndpoint(answer);
      assert.equal(target.problemOf(request), undefined);
      assert.deepEqual(await target.fetch(request, endpoint.settings()), expected);
      assert.equal(endpoint.seen.length, 1);
      assert.equal(endpoint.seen[0]?.token, CREDENTIALS.sessionToken);
      sent(endpoint);
    });

    for (const [why, none] of [
      ...NO_ANSWER,
      ...bad.map((each, index) => [`bad ${index}`, each]),
    ] as [string, Answer][]) {
      test(`VAI-88 ADV-33 ADV-34 ${why} is unknown, never an answer`, async () => {
        await using endpoint = await fakeEndpoint(none);
        const settings = endpoint.settings(patience(none));
        await assert.rejects(target.fetch(request, settings), { code: "DEPENDENCY_UNAVAILABLE" });
      });
    }

    test("VAI-31 another form of resource or parameters reaches nobody", async () => {
      await using endpoint = await fakeEndpoint(answer);
      const others: TargetReadRequest[] = [
        { ...request, resource: `${request.resource}*` },
        { ...request, resource: "arn:aws:iam::000000000000:role/admin" },
        { ...request, parameters: { ...request.parameters, more: "x" } },
      ];
      for (const other of others) {
        const fetched = target.fetch(other, endpoint.settings());
        await assert.rejects(fetched, { code: "INTERNAL_FAULT" });
      }
      assert.equal(endpoint.seen.length, 0);
    });

    test("ADV-39 nothing is read with other credentials than the reader's", async () => {
      await using endpoint = await fakeEndpoint(answer);
      const settings = endpoint.settings({ credentials: { ...CREDENTIALS, sessionToken: "" } });
      await assert.rejects(target.fetch(request, settings), { code: "CREDENTIALS_MISSING" });
      assert.equal(endpoint.seen.length, 0);
    });
  });
}

suite("VAI-31 parameters of reads", () => {
  const BAD: [string, string, TargetReadRequest["parameters"], string][] = [
    ["no alias", "lambda:GetAlias", {}, "alias"],
    ["an alias in digits", "lambda:GetAlias", { alias: "7" }, "alias"],
    ["an alias as a number", "lambda:GetAlias", { alias: 7 }, "alias"],
    ["a version beside it", "lambda:GetAlias", { alias: "live", "a/b~": "7" }, "a/b~"],
    ["no key", "dynamodb:GetItem", {}, "key"],
    ["three keys", "dynamodb:GetItem", { "key/a": 1, "key/b": 2, "key/c": 3 }, "key"],
    ["an empty key", "dynamodb:GetItem", { "key/pk": "" }, "key/pk"],
    ["a key of yes and no", "dynamodb:GetItem", { "key/pk": true }, "key/pk"],
    ["half a key", "dynamodb:GetItem", { "key/pk": 0.5 }, "key/pk"],
    ["a key that is too long", "dynamodb:GetItem", { "key/pk": "ä".repeat(513) }, "key/pk"],
    ["something to set", "dynamodb:GetItem", { "key/pk": "a", "set/b": 1 }, "set/b"],
    ["decryption", "ssm:GetParameter", { WithDecryption: true }, "WithDecryption"],
    ["a version", "s3:HeadObject", { versionId: "v" }, "versionId"],
    ["a second instance", "ec2:DescribeInstances", { id: "i-01234567" }, "id"],
    ["a cluster", "ecs:DescribeServices", { cluster: "x" }, "cluster"],
  ];
  for (const [name, which, parameters, parameter] of BAD) {
    test(`VAI-31 ${which} with ${name}`, () => {
      assert.equal(read(which).problemOf({ parameters })?.parameter, parameter);
    });
  }
});
