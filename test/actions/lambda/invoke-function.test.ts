import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { NOTHING_READ, type Operation } from "../../../lib/actions/descriptor.ts";
import { lambdaInvokeFunction } from "../../../lib/actions/lambda/invoke-function.ts";
import { sha256Digest } from "../../../lib/encoding/digest.ts";
import { type Answer, awsError, fakeEndpoint, PLACE, patience } from "../fake-endpoint.ts";

const ARN = "arn:aws:lambda:us-east-1:000000000000:function:refunds";

const operation = (changes: Operation["parameters"] = {}, qualifier = "live"): Operation => ({
  action: "lambda:InvokeFunction",
  resource: `${ARN}:${qualifier}`,
  parameters: {
    "payload/currency": "EUR",
    "payload/amount": 300,
    "payload/clientToken": "ref-1",
    ...changes,
  },
});
const PAYLOAD = '{"amount":300,"clientToken":"ref-1","currency":"EUR"}';

interface Given {
  readonly status?: number;
  readonly version?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

const answered = (text: string, given: Given = {}): Answer => ({
  ...{ status: given.status ?? 200, text },
  headers: {
    ...("version" in given && given.version === undefined
      ? {}
      : { "x-amz-executed-version": given.version ?? "3" }),
    ...given.headers,
  },
});

async function outcomeOf(answer: Answer, asked = operation()) {
  await using endpoint = await fakeEndpoint(answer);
  const settings = endpoint.settings(patience(answer));
  const outcome = await lambdaInvokeFunction.call(asked, NOTHING_READ, settings);
  assert.equal(endpoint.seen.length, 1, "once");
  return outcome;
}

suite("POC-25 lambda:InvokeFunction", () => {
  test("VAI-78 describes the one call: synchronous, of exactly that qualifier, with the payload in its JCS form", () => {
    assert.deepEqual(lambdaInvokeFunction.describeCall(operation(), NOTHING_READ, PLACE), {
      api: "lambda:Invoke",
      input: {
        FunctionName: "refunds",
        Qualifier: "live",
        InvocationType: "RequestResponse",
        LogType: "None",
        Payload: PAYLOAD,
      },
    });
  });

  test("VAI-78 sends what it described, once, without client context", async () => {
    await using endpoint = await fakeEndpoint(answered('{"statusCode":200}'));
    await lambdaInvokeFunction.call(operation(), NOTHING_READ, endpoint.settings());
    const [sent, ...others] = endpoint.seen;
    assert.ok(sent);
    assert.deepEqual(others, []);
    assert.equal(sent.method, "POST");
    assert.equal(sent.path, "/2015-03-31/functions/refunds/invocations?Qualifier=live");
    assert.equal(JSON.stringify(sent.body), PAYLOAD);
    const own = Object.entries(sent.headers).filter(([name]) =>
      /^x-amz-(invocation|log|client|tenant|durable)/.test(name),
    );
    assert.deepEqual(Object.fromEntries(own), {
      "x-amz-invocation-type": "RequestResponse",
      "x-amz-log-type": "None",
    });
  });

  test("VAI-88 nothing is read, before or after: what a function did only the function knows", () => {
    assert.equal(lambdaInvokeFunction.preRead, undefined);
    assert.equal(lambdaInvokeFunction.readBack, undefined);
    assert.deepEqual(lambdaInvokeFunction.reads, []);
  });

  test("VAI-148 its target is a function with a version or an alias, never bare and never $LATEST", () => {
    const { pattern } = lambdaInvokeFunction.target;
    for (const good of ["live", "7", "1234567890123456789", "v2", "2-b", "a".repeat(128)])
      assert.match(`${ARN}:${good}`, pattern);
    for (const bad of ["", "$LATEST", "0", "07", "12345678901234567890", "a".repeat(129), "a:b"])
      assert.doesNotMatch(`${ARN}:${bad}`, pattern);
    for (const bad of [ARN, "refunds:live", `${ARN}:live:7`, `${ARN}:live*`, `${ARN}:$LATEST.x`])
      assert.doesNotMatch(bad, pattern);
  });
});

const ANSWER = '{"reference":"ref-2026:1","secret":"x","statusCode":200}';

suite("POC-25 what a function answers", () => {
  test("POC-25 status, version, reference and digest are told, and nothing else of it", async () => {
    assert.deepEqual(await outcomeOf(answered(ANSWER)), {
      status: "succeeded",
      response: {
        statusCode: 200,
        executedVersion: "3",
        digest: sha256Digest(ANSWER),
        reference: "ref-2026:1",
      },
    });
    const bare = '{"statusCode":299}';
    assert.deepEqual(await outcomeOf(answered(bare, { version: "$LATEST" })), {
      status: "succeeded",
      response: { statusCode: 299, executedVersion: "$LATEST", digest: sha256Digest(bare) },
    });
  });

  const STATUS: [number, string, string?][] = [
    [200, "succeeded"],
    [299, "succeeded"],
    [300, "unknown", "other"],
    [399, "unknown", "other"],
    [400, "failed", "invalid"],
    [401, "failed", "denied"],
    [402, "failed", "invalid"],
    [403, "failed", "denied"],
    [404, "failed", "notFound"],
    [408, "unknown", "other"],
    [409, "failed", "precondition"],
    [412, "failed", "precondition"],
    [422, "failed", "invalid"],
    [429, "failed", "throttled"],
    [499, "failed", "invalid"],
    [500, "unknown", "other"],
    [599, "unknown", "other"],
  ];
  for (const [statusCode, status, kind] of STATUS) {
    test(`ADV-69 ${statusCode} is ${status}${kind === undefined ? "" : `, ${kind}`}`, async () => {
      const outcome = await outcomeOf(answered(`{"statusCode":${statusCode}}`));
      assert.equal(outcome.status, status);
      assert.equal(outcome.response?.statusCode, statusCode);
      const error = kind === undefined ? undefined : { name: `StatusCode${statusCode}`, kind };
      assert.deepEqual("error" in outcome ? outcome.error : undefined, error);
    });
  }

  const LONG = `{"more":"${"x".repeat(65_536 - 28)}","statusCode":200}`;
  const NOT_UNDERSTOOD: Readonly<Record<string, Answer>> = {
    "no JSON": answered("OK"),
    "no object": answered("200"),
    null: answered("null"),
    "a list": answered('[{"statusCode":200}]'),
    "no status": answered('{"reference":"a"}'),
    "a status as text": answered('{"statusCode":"200"}'),
    "a status that is no integer": answered('{"statusCode":200.5}'),
    "a status below all": answered('{"statusCode":199}'),
    "a status above all": answered('{"statusCode":600}'),
    "a reference of other characters": answered('{"reference":"a b","statusCode":200}'),
    "an empty reference": answered('{"reference":"","statusCode":200}'),
    "a reference that is too long": answered(`{"reference":"${"a".repeat(129)}","statusCode":200}`),
    "a reference that is no text": answered('{"reference":7,"statusCode":200}'),
    "no version": answered(ANSWER, { version: undefined }),
    "a version that is none": answered(ANSWER, { version: "live" }),
    "the answer to an asynchronous invocation": answered(ANSWER, { status: 202 }),
    "the answer to a dry run": answered("", { status: 204 }),
    "an answer of 65,537 bytes": answered(`${LONG} `),
  };
  for (const [name, answer] of Object.entries(NOT_UNDERSTOOD)) {
    test(`ADV-69 ${name} is unknown, and nothing is told of it`, async () => {
      const error = { name: "AnswerNotUnderstood", kind: "other" };
      assert.deepEqual(await outcomeOf(answer), { status: "unknown", error });
    });
  }

  test("ADV-69 nothing at all is unknown, whatever the SDK makes of it", async () => {
    assert.equal((await outcomeOf(answered(""))).status, "unknown");
  });

  test("POC-25 an answer of 65,536 bytes is read", async () => {
    assert.equal(LONG.length, 65_536);
    assert.equal((await outcomeOf(answered(LONG))).status, "succeeded");
  });

  test("ADV-69 a function that broke off is unknown, whatever its answer says", async () => {
    for (const broken of ["Unhandled", "Handled"]) {
      const headers = { "x-amz-function-error": broken };
      const outcome = await outcomeOf(answered('{"statusCode":400}', { headers }));
      assert.deepEqual(outcome, {
        status: "unknown",
        error: { name: "FunctionError", kind: "other" },
      });
    }
  });

  test("POC-25 of a version only its own answer counts", async () => {
    const asked = operation({}, "3");
    assert.equal((await outcomeOf(answered(ANSWER, { version: "3" }), asked)).status, "succeeded");
    assert.equal((await outcomeOf(answered(ANSWER, { version: "4" }), asked)).status, "unknown");
  });
});

suite("ADV-69 what Lambda itself answers", () => {
  const TABLE: [string, Answer, string, string][] = [
    ["no such function", awsError(404, "ResourceNotFoundException"), "failed", "notFound"],
    ["denied", awsError(403, "AccessDeniedException"), "failed", "denied"],
    ["throttled", awsError(429, "TooManyRequestsException"), "failed", "throttled"],
    ["no JSON", awsError(400, "InvalidRequestContentException"), "failed", "invalid"],
    ["too large", awsError(413, "RequestTooLargeException"), "failed", "other"],
    ["a time-out", awsError(408, "RequestTimeoutException"), "unknown", "other"],
    ["a failure of the service", awsError(500, "ServiceException"), "unknown", "other"],
    ["a key that is disabled", awsError(502, "KMSDisabledException"), "unknown", "other"],
    ["a throttle as 503", awsError(503, "RequestLimitExceeded"), "unknown", "other"],
    ["a way elsewhere", awsError(307, "TemporaryRedirect"), "unknown", "other"],
    ["silence", { hang: true }, "unknown", "other"],
    ["a lost connection", { reset: true }, "unknown", "other"],
  ];
  for (const [name, answer, status, kind] of TABLE) {
    test(`ADV-69 ${name}: one attempt, ${status}`, async () => {
      const outcome = await outcomeOf(answer);
      assert.equal(outcome.status, status);
      assert.equal("error" in outcome && outcome.error.kind, kind);
      assert.equal(outcome.response, undefined);
    });
  }
});

suite("POC-22 lambda:InvokeFunction parameters", () => {
  const { knows, judgeParameters } = lambdaInvokeFunction;

  test("VAI-43 a parameter is a member of the payload, and nothing else is one", () => {
    for (const good of ["payload/a", "payload/clientToken", `payload/${"a".repeat(64)}`])
      assert.ok(knows(good), good);
    const bad = ["payload", "payload/", "Payload/a", "payload/a/b", "payload/1a", "payload/_a"];
    const worse = ["payload/constructor", "payload/prototype", "payload/__proto__", "qualifier"];
    const long = `payload/${"a".repeat(65)}`;
    for (const each of [...bad, ...worse, long, "payload/a.b", "payload/ä", "payload/a\n"])
      assert.ok(!knows(each), each);
  });

  const BAD: [string, string | number | boolean | undefined][] = [
    ["no token", undefined],
    ["an empty token", ""],
    ["a token that is no text", 7],
    ["a token of other characters", "a/b"],
    ["a token with a line end", "a\n"],
    ["a token that is too long", "a".repeat(129)],
  ];
  for (const [name, value] of BAD) {
    test(`VAI-41 ${name}`, () => {
      const { "payload/clientToken": _, ...others } = operation().parameters;
      const parameters = {
        ...others,
        ...(value !== undefined && { "payload/clientToken": value }),
      };
      const refusal = judgeParameters({ ...operation(), parameters });
      assert.equal(refusal?.code, "PARAMETER_OUT_OF_BOUNDS");
      assert.equal(refusal?.pointer, "/request/operation/parameters/payload~1clientToken");
      assert.match(refusal?.detail ?? "", /^payload\/clientToken must be there: a string of 1 to/);
    });
  }

  test("VAI-41 the bounds are inside", () => {
    for (const token of ["a", "a".repeat(128), "A-z.0_9:"])
      assert.equal(judgeParameters(operation({ "payload/clientToken": token })), undefined);
  });

  test("VAI-41 text that has no UTF-8 is refused, and not repeated", () => {
    const refusal = judgeParameters(operation({ "payload/note": "a\ud800" }));
    assert.equal(refusal?.code, "PARAMETER_OUT_OF_BOUNDS");
    assert.equal(refusal?.pointer, "/request/operation/parameters/payload~1note");
    assert.equal(refusal?.detail, "payload/note is not well-formed Unicode text");
  });

  test("VAI-41 a payload has at most 65,536 bytes in its JCS form", () => {
    const around = Buffer.byteLength(
      '{"amount":300,"clientToken":"ref-1","currency":"EUR","note":""}',
    );
    const noteOf = (bytes: number) => operation({ "payload/note": "ä".repeat(bytes / 2) });
    const left = 65_536 - around;
    assert.equal(judgeParameters(noteOf(left - (left % 2))), undefined);
    const refusal = judgeParameters(noteOf(left - (left % 2) + 2));
    assert.equal(refusal?.code, "PARAMETER_OUT_OF_BOUNDS");
    assert.equal(refusal?.pointer, "/request/operation/parameters");
    assert.match(
      refusal?.detail ?? "",
      /^the payload has 6553[78] bytes in its JCS form; at most 65536/,
    );
  });

  test("POC-25 numbers stay numbers: an amount as text is another payload", () => {
    const { input } = lambdaInvokeFunction.describeCall(
      operation({ "payload/amount": "300", "payload/dry": false }),
      NOTHING_READ,
      PLACE,
    );
    assert.equal(
      input["Payload"],
      '{"amount":"300","clientToken":"ref-1","currency":"EUR","dry":false}',
    );
  });
});
