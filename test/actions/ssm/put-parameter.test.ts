import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { NOTHING_READ, type Operation, type PreRead } from "../../../lib/actions/descriptor.ts";
import { ssmPutParameter } from "../../../lib/actions/ssm/put-parameter.ts";
import { sha256Digest } from "../../../lib/encoding/digest.ts";
import { type Answer, awsError, fakeEndpoint, PLACE, patience } from "../fake-endpoint.ts";

const ARN = "arn:aws:ssm:us-east-1:000000000000:parameter/checkout/limit";
const NAME = "/checkout/limit";

const operation = (changes: Operation["parameters"] = {}, resource = ARN): Operation => ({
  action: "ssm:PutParameter",
  resource,
  parameters: { value: "s3cret-20", ...changes },
});

const READ: PreRead = { facts: { name: NAME, version: "3" } };

const parameter = (changes: object = {}): Answer => ({
  status: 200,
  json: {
    Parameter: {
      ...{ Name: NAME, ARN, Type: "String", DataType: "text", Value: "s3cret-10", Version: 3 },
      ...changes,
    },
  },
});

type Settings = Parameters<typeof ssmPutParameter.readBack>[1];
const preRead = (asked: Operation, settings: Settings): Promise<PreRead> => {
  assert.ok(ssmPutParameter.preRead);
  return ssmPutParameter.preRead(asked, settings);
};

suite("VAI-78 ssm:PutParameter reads before it calls", () => {
  test("VAI-78 by the ARN that the contract names, without decryption; no value is kept", async () => {
    await using endpoint = await fakeEndpoint(parameter());
    assert.deepEqual(await preRead(operation({ expect: "s3cret-10" }), endpoint.settings()), READ);
    assert.equal(endpoint.seen[0]?.target, "AmazonSSM.GetParameter");
    assert.deepEqual(endpoint.seen[0]?.body, { Name: ARN });
  });

  const PROBLEMS: [string, Answer, string, string][] = [
    ["a secret", parameter({ Type: "SecureString" }), "ParameterIsNotString", "precondition"],
    ["a list", parameter({ Type: "StringList" }), "ParameterIsNotString", "precondition"],
    ["an image id", parameter({ DataType: "aws:ec2:image" }), "ParameterIsNotText", "precondition"],
    ["another value", parameter({ Value: "s3cret-11" }), "ValueIsAnother", "precondition"],
    [
      "the value with a space",
      parameter({ Value: "s3cret-10 " }),
      "ValueIsAnother",
      "precondition",
    ],
    ["no parameter", awsError(400, "ParameterNotFound"), "ParameterNotFound", "notFound"],
  ];
  for (const [title, answer, name, kind] of PROBLEMS) {
    test(`VAI-78 ${title} is a problem, without a call`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const asked = operation({ expect: "s3cret-10" });
      const read = await preRead(asked, endpoint.settings());
      assert.deepEqual(read.problem, { name, kind });
      assert.ok(!JSON.stringify(read).includes("s3cret"), "USR-16");
      const outcome = await ssmPutParameter.call(asked, read, endpoint.settings());
      assert.deepEqual(outcome, { status: "failed", error: { name, kind } });
      assert.equal(endpoint.seen.length, 1);
    });
  }

  const FAULTS: [string, Answer][] = [
    ["denied", awsError(400, "AccessDeniedException")],
    ["silence", { hang: true }],
    ["another parameter's name", parameter({ Name: "/checkout/other" })],
    ["another parameter's ARN", parameter({ ARN: ARN.replace("checkout", "billing") })],
    ["nothing", { status: 200, json: {} }],
  ];
  for (const [name, answer] of FAULTS) {
    test(`VAI-93 ${name} is a fault: nothing is guessed`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const settings = endpoint.settings(patience(answer));
      const code = "DEPENDENCY_UNAVAILABLE";
      await assert.rejects(preRead(operation(), settings), { code });
      await assert.rejects(ssmPutParameter.readBack(operation(), settings), { code });
    });
  }
});

suite("VAI-148 one ARN, one parameter", () => {
  const single = "arn:aws:ssm:us-east-1:000000000000:parameter/limit";
  for (const name of ["limit", "/limit"]) {
    test(`VAI-148 ${name} is called as it is written there`, async () => {
      await using endpoint = await fakeEndpoint(parameter({ Name: name, ARN: single }));
      const asked = operation({}, single);
      const read = await preRead(asked, endpoint.settings());
      assert.equal(read.facts["name"], name);
      await ssmPutParameter.call(asked, read, endpoint.settings());
      assert.partialDeepStrictEqual(endpoint.seen[1]?.body, { Name: name });
    });
  }

  test("VAI-148 a name of several levels is never taken without its slash", async () => {
    await using endpoint = await fakeEndpoint(parameter({ Name: "checkout/limit" }));
    const code = "DEPENDENCY_UNAVAILABLE";
    await assert.rejects(preRead(operation(), endpoint.settings()), { code });
  });
});

suite("VAI-78 ssm:PutParameter", () => {
  test("USR-16 describes the call exactly, with a digest in place of the value", () => {
    const described = ssmPutParameter.describeCall(operation({ expect: "s3cret-10" }), READ, PLACE);
    assert.deepEqual(described, {
      api: "ssm:PutParameter",
      input: {
        Name: NAME,
        Overwrite: true,
        Tier: "Standard",
        Value: { digest: sha256Digest("s3cret-20"), bytes: 9 },
      },
    });
  });

  test("VAI-78 sends what it described, once: no type, so nothing is created or changed in kind", async () => {
    await using endpoint = await fakeEndpoint({ status: 200, json: { Version: 4 } });
    const asked = operation({ expect: "s3cret-10" });
    const outcome = await ssmPutParameter.call(asked, READ, endpoint.settings());
    assert.deepEqual(outcome, { status: "succeeded" });
    assert.equal(endpoint.seen.length, 1);
    assert.equal(endpoint.seen[0]?.target, "AmazonSSM.PutParameter");
    assert.deepEqual(endpoint.seen[0]?.body, {
      ...{ Name: NAME, Overwrite: true, Tier: "Standard", Value: "s3cret-20" },
    });
  });

  for (const [name, read] of [
    ["nothing read", NOTHING_READ],
    ["another parameter read", { facts: { name: "/checkout/other" } }],
  ] as [string, PreRead][]) {
    test(`VAI-78 ${name}: nothing is called`, async () => {
      await using endpoint = await fakeEndpoint({ status: 200, json: {} });
      assert.deepEqual(await ssmPutParameter.call(operation(), read, endpoint.settings()), {
        status: "failed",
        error: { name: "ParameterNotRead", kind: "precondition" },
      });
      assert.equal(endpoint.seen.length, 0);
    });
  }

  const TABLE: [string, Answer, string, string][] = [
    ["gone meanwhile", awsError(400, "ValidationException"), "failed", "invalid"],
    [
      "not what its pattern allows",
      awsError(400, "ParameterPatternMismatchException"),
      "failed",
      "invalid",
    ],
    ["changed by others now", awsError(400, "TooManyUpdates"), "failed", "precondition"],
    ["denied", awsError(400, "AccessDeniedException"), "failed", "denied"],
    ["throttled", awsError(400, "ThrottlingException"), "failed", "throttled"],
    ["a failure of the service", awsError(500, "InternalServerError"), "unknown", "other"],
    ["silence", { hang: true }, "unknown", "other"],
    ["a lost connection", { reset: true }, "unknown", "other"],
  ];
  for (const [name, answer, status, kind] of TABLE) {
    test(`ADV-69 ${name}: one attempt, ${status}`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const settings = endpoint.settings(patience(answer));
      const outcome = await ssmPutParameter.call(operation(), READ, settings);
      assert.equal(outcome.status, status);
      assert.equal("error" in outcome && outcome.error.kind, kind);
      assert.equal(endpoint.seen.length, 1);
    });
  }
});

suite("VAI-78 ssm:PutParameter read back", () => {
  const TABLE: [string, Answer, boolean][] = [
    ["the value written", parameter({ Value: "s3cret-20" }), true],
    ["another value", parameter(), false],
    ["the value in a secret", parameter({ Value: "s3cret-20", Type: "SecureString" }), false],
    ["no parameter", awsError(400, "ParameterNotFound"), false],
  ];
  for (const [name, answer, matches] of TABLE) {
    test(`VAI-78 ${name}: ${matches}`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const seen = await ssmPutParameter.readBack(operation(), endpoint.settings());
      assert.equal(seen.matches, matches);
      assert.ok(!JSON.stringify(seen).includes("s3cret"), "USR-16 a digest in place of the value");
    });
  }
});

suite("VAI-41 ssm:PutParameter parameters", () => {
  const GOOD: [string, Operation["parameters"]][] = [
    ["4 KiB", { value: "a".repeat(4096) }],
    ["letters of any alphabet", { value: "Grün ✓" }],
    ["one brace", { value: '{"a":{"b":1}}' }],
    ["an expected value", { expect: "x" }],
  ];
  for (const [name, changes] of GOOD) {
    test(`VAI-41 taken: ${name}`, () =>
      assert.equal(ssmPutParameter.judgeParameters(operation(changes)), undefined));
  }

  const BAD: [string, string, string | number | boolean][] = [
    ["one byte more than 4 KiB", "value", "a".repeat(4097)],
    ["more than 4 KiB in bytes, not in letters", "value", "ü".repeat(2049)],
    ["an empty value", "value", ""],
    ["a reference to another parameter", "value", "{{ssm:s3cret}}"],
    ["half a letter", "value", "s3cret\udc00"],
    ["a number", "value", 7],
    ["an expected number", "expect", 7],
    ["an expected value that none can have", "expect", ""],
  ];
  for (const [name, member, value] of BAD) {
    test(`VAI-41 refused: ${name}`, () => {
      const refusal = ssmPutParameter.judgeParameters(operation({ [member]: value }));
      assert.equal(refusal?.code, "PARAMETER_OUT_OF_BOUNDS");
      assert.equal(refusal?.pointer, `/request/operation/parameters/${member}`);
      assert.match(refusal?.detail ?? "", new RegExp(`^${member} `));
      assert.ok(!refusal?.detail.includes("s3cret"), "USR-16 a refusal never holds the value");
    });
  }

  test("USR-16 both values are sensitive", () => {
    const names = ["value", "expect", "type"];
    assert.deepEqual(names.filter(ssmPutParameter.sensitive), ["value", "expect"]);
    assert.deepEqual(names.filter(ssmPutParameter.knows), ["value", "expect"]);
  });
});

suite("VAI-148 which parameters can be named", () => {
  const { target, ceiling } = ssmPutParameter;
  const HEAD = "arn:aws:ssm:us-east-1:000000000000:parameter";

  for (const arn of [
    `${HEAD}/limit`,
    `${HEAD}/checkout/eu-west-1/limit.v2_a`,
    `${HEAD}/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o`,
    `${HEAD}/checkout/aws`,
    `${HEAD}/${"p".repeat(1011 - HEAD.length - 1)}`,
  ]) {
    test(`VAI-148 named: ${arn.slice(0, 90)}`, () => assert.match(arn, target.pattern));
  }

  const BAD: [string, string][] = [
    ["ADV-04 a star", `${HEAD}/checkout/*`],
    ["ADV-04 a question mark", `${HEAD}/checkout/limi?`],
    ["ADV-05 a policy variable", `${HEAD}/\${aws:username}`],
    ["VAI-148 a slash twice", `${HEAD}//limit`],
    ["VAI-148 a slash twice inside", `${HEAD}/checkout//limit`],
    ["VAI-148 a trailing slash", `${HEAD}/checkout/`],
    ["VAI-148 no name", `${HEAD}/`],
    ["VAI-148 no slash", `${HEAD}limit`],
    ["VAI-148 an encoded slash", `${HEAD}/checkout%2Flimit`],
    ["VAI-148 a label", `${HEAD}/checkout/limit:live`],
    ["VAI-148 a space", `${HEAD}/checkout/lim it`],
    ["VAI-148 a letter that looks like another", `${HEAD}/ch\u0435ckout`],
    ["VAI-148 a control", `${HEAD}/limit\u0000`],
    ["VAI-148 AWS's own", `${HEAD}/aws/service/ami`],
    ["VAI-148 AWS's own in other letters", `${HEAD}/Ssm-x`],
    ["VAI-148 AWS's own account", "arn:aws:ssm:us-east-1::parameter/x/service/ami"],
    ["VAI-148 sixteen levels", `${HEAD}/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p`],
    ["VAI-148 too long", `${HEAD}/${"p".repeat(1011 - HEAD.length)}`],
    ["VAI-148 a document", "arn:aws:ssm:us-east-1:000000000000:document/x"],
  ];
  for (const [name, arn] of BAD) test(name, () => assert.doesNotMatch(arn, target.pattern));

  const CEILINGS: [string, boolean][] = [
    [`${HEAD}/checkout/*`, true],
    [`${HEAD}/checkout/eu/*`, true],
    [`${HEAD}/checkout/limit`, true],
    [`${HEAD}/*`, false],
    [`${HEAD}/checkout*`, false],
    [`${HEAD}/checkout/*/limit`, false],
    [`${HEAD}/checkout/**`, false],
    ["arn:aws:ssm:us-east-1:*:parameter/checkout/*", false],
    ["arn:aws:ssm:*:000000000000:parameter/checkout/*", false],
  ];
  for (const [arn, taken] of CEILINGS) {
    test(`VAI-45 ${arn} is ${taken ? "a" : "no"} ceiling`, () =>
      assert.equal(ceiling.pattern.test(arn), taken));
  }
});
