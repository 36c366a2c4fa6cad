import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { NOTHING_READ, type Operation, type PreRead } from "../../../lib/actions/descriptor.ts";
import { lambdaUpdateAlias } from "../../../lib/actions/lambda/update-alias.ts";
import { type Answer, awsError, fakeEndpoint, PLACE, patience } from "../fake-endpoint.ts";

const operation = (changes: Operation["parameters"] = {}): Operation => ({
  action: "lambda:UpdateAlias",
  resource: "arn:aws:lambda:us-east-1:000000000000:function:checkout",
  parameters: { alias: "live", version: "7", percent: 10, ...changes },
});

const READ: PreRead = { facts: { revisionId: "r-1", mainVersion: "6", weights: "{}" } };
const ALIAS = { Name: "live", FunctionVersion: "6", RevisionId: "r-1" };
const PATH = "/2015-03-31/functions/checkout/aliases/live";

const preRead = (
  asked: Operation,
  settings: Parameters<NonNullable<typeof lambdaUpdateAlias.preRead>>[1],
) => {
  assert.ok(lambdaUpdateAlias.preRead);
  return lambdaUpdateAlias.preRead(asked, settings);
};

suite("VAI-78 lambda:UpdateAlias reads before it calls", () => {
  test("VAI-78 revision and main version", async () => {
    await using endpoint = await fakeEndpoint({ status: 200, json: ALIAS });
    assert.deepEqual(await preRead(operation(), endpoint.settings()), READ);
    assert.equal(endpoint.seen[0]?.method, "GET");
    assert.equal(endpoint.seen[0]?.path, PATH);
  });

  test("VAI-78 a version that is the main version already is a problem, without a call", async () => {
    await using endpoint = await fakeEndpoint({
      status: 200,
      json: { ...ALIAS, FunctionVersion: "7" },
    });
    const read = await preRead(operation(), endpoint.settings());
    assert.equal(read.problem?.kind, "precondition");
    const outcome = await lambdaUpdateAlias.call(operation(), read, endpoint.settings());
    assert.deepEqual(outcome, { status: "failed", error: read.problem });
    assert.deepEqual(
      endpoint.seen.map(({ method }) => method),
      ["GET"],
    );
  });

  for (const [percent, problem] of [
    [1, { name: "MainVersionIsLatest", kind: "precondition" }],
    [100, { name: "MainVersionIsLatest", kind: "precondition" }],
    [0, undefined],
  ] as const) {
    test(`VAI-78 beside $LATEST ${percent} % is ${problem ? "a problem, without a call" : "no problem"}`, async () => {
      const json = { ...ALIAS, FunctionVersion: "$LATEST" };
      await using endpoint = await fakeEndpoint({ status: 200, json });
      const asked = operation({ percent });
      const read = await preRead(asked, endpoint.settings());
      assert.deepEqual(read.problem, problem);
      if (problem === undefined) return;
      const outcome = await lambdaUpdateAlias.call(asked, read, endpoint.settings());
      assert.deepEqual(outcome, { status: "failed", error: problem });
      assert.equal(endpoint.seen.length, 1);
    });
  }

  for (const percent of [0, 10]) {
    test(`VAI-78 somebody else's canary is not ended by ${percent} %, without a call`, async () => {
      const RoutingConfig = { AdditionalVersionWeights: { "8": 0.5 } };
      await using endpoint = await fakeEndpoint({ status: 200, json: { ...ALIAS, RoutingConfig } });
      const asked = operation({ percent });
      const read = await preRead(asked, endpoint.settings());
      assert.deepEqual(read.problem, { name: "OtherVersionHasWeight", kind: "precondition" });
      assert.equal(read.facts["weights"], '{"8":0.5}');
      const outcome = await lambdaUpdateAlias.call(asked, read, endpoint.settings());
      assert.deepEqual(outcome, { status: "failed", error: read.problem });
      assert.deepEqual(
        endpoint.seen.map(({ method }) => method),
        ["GET"],
      );
    });
  }

  test("VAI-78 its own canary, and another version without weight, are no problem", async () => {
    const RoutingConfig = { AdditionalVersionWeights: { "7": 0.5, "8": 0 } };
    await using endpoint = await fakeEndpoint({ status: 200, json: { ...ALIAS, RoutingConfig } });
    assert.equal((await preRead(operation(), endpoint.settings())).problem, undefined);
  });

  test("VAI-78 an alias that does not exist is a problem, without a call", async () => {
    await using endpoint = await fakeEndpoint(awsError(404, "ResourceNotFoundException"));
    const read = await preRead(operation(), endpoint.settings());
    assert.deepEqual(read, {
      facts: {},
      problem: { name: "ResourceNotFoundException", kind: "notFound" },
    });
    assert.equal(
      (await lambdaUpdateAlias.call(operation(), read, endpoint.settings())).status,
      "failed",
    );
    assert.equal(endpoint.seen.length, 1);
  });

  const FAULTS: [string, Answer][] = [
    ["denied", awsError(403, "AccessDeniedException")],
    ["silence", { hang: true }],
    ["no revision", { status: 200, json: { FunctionVersion: "6" } }],
  ];
  for (const [name, answer] of FAULTS) {
    test(`VAI-93 ${name} is a fault: nothing is guessed`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const settings = endpoint.settings(patience(answer));
      await assert.rejects(preRead(operation(), settings), { code: "DEPENDENCY_UNAVAILABLE" });
    });
  }
});

suite("VAI-78 lambda:UpdateAlias", () => {
  const input = (weights: object) => ({
    FunctionName: "checkout",
    Name: "live",
    RoutingConfig: { AdditionalVersionWeights: weights },
    RevisionId: "r-1",
  });

  test("VAI-78 describes the call: the main version is not named, so it stays", () => {
    assert.deepEqual(lambdaUpdateAlias.describeCall(operation(), READ, PLACE), {
      api: "lambda:UpdateAlias",
      input: input({ "7": 0.1 }),
    });
  });

  test("VAI-78 zero percent removes the version", () => {
    assert.deepEqual(
      lambdaUpdateAlias.describeCall(operation({ percent: 0 }), READ, PLACE).input,
      input({}),
    );
  });

  test("VAI-78 every percent is the nearest weight", () => {
    for (let percent = 1; percent <= 100; percent++) {
      const { RoutingConfig } = lambdaUpdateAlias.describeCall(operation({ percent }), READ, PLACE)
        .input as never as {
        RoutingConfig: { AdditionalVersionWeights: Record<string, number> };
      };
      assert.equal(Math.round((RoutingConfig.AdditionalVersionWeights["7"] ?? 0) * 100), percent);
    }
  });

  test("VAI-78 sends what it described, once, with the revision to compare", async () => {
    await using endpoint = await fakeEndpoint({ status: 200, json: ALIAS });
    assert.deepEqual(await lambdaUpdateAlias.call(operation(), READ, endpoint.settings()), {
      status: "succeeded",
    });
    assert.equal(endpoint.seen.length, 1);
    assert.equal(endpoint.seen[0]?.method, "PUT");
    assert.equal(endpoint.seen[0]?.path, PATH);
    assert.deepEqual(endpoint.seen[0]?.body, {
      RoutingConfig: { AdditionalVersionWeights: { "7": 0.1 } },
      RevisionId: "r-1",
    });
  });

  test("VAI-78 without a revision nothing is called", async () => {
    await using endpoint = await fakeEndpoint({ status: 200, json: ALIAS });
    const outcome = await lambdaUpdateAlias.call(operation(), NOTHING_READ, endpoint.settings());
    assert.deepEqual(outcome, {
      status: "failed",
      error: { name: "RevisionNotRead", kind: "precondition" },
    });
    assert.equal(endpoint.seen.length, 0);
  });

  const TABLE: [string, Answer, string, string][] = [
    [
      "somebody changed the alias meanwhile",
      awsError(412, "PreconditionFailedException"),
      "failed",
      "precondition",
    ],
    [
      "another change is running",
      awsError(409, "ResourceConflictException"),
      "failed",
      "precondition",
    ],
    ["no such function", awsError(404, "ResourceNotFoundException"), "failed", "notFound"],
    ["denied", awsError(403, "AccessDeniedException"), "failed", "denied"],
    ["throttled", awsError(429, "TooManyRequestsException"), "failed", "throttled"],
    ["invalid", awsError(400, "InvalidParameterValueException"), "failed", "invalid"],
    ["a failure of the service", awsError(500, "ServiceException"), "unknown", "other"],
    ["silence", { hang: true }, "unknown", "other"],
    ["a lost connection", { reset: true }, "unknown", "other"],
  ];
  for (const [name, answer, status, kind] of TABLE) {
    test(`ADV-69 ${name}: one attempt, ${status}`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const settings = endpoint.settings(patience(answer));
      const outcome = await lambdaUpdateAlias.call(operation(), READ, settings);
      assert.equal(outcome.status, status);
      assert.equal("error" in outcome && outcome.error.kind, kind);
      assert.equal(endpoint.seen.length, 1);
    });
  }
});

suite("VAI-78 lambda:UpdateAlias read back", () => {
  const TABLE: [string, number, object | undefined, boolean, object][] = [
    ["the weight asked for", 10, { "7": 0.1 }, true, { "7": 10 }],
    [
      "a weight that is it to the whole percent",
      57,
      { "7": 0.5700000000000001 },
      true,
      { "7": 57 },
    ],
    ["another weight", 10, { "7": 0.2 }, false, { "7": 20 }],
    ["weight for another version", 10, { "8": 0.1 }, false, { "8": 10 }],
    ["weight for another version too", 10, { "7": 0.1, "8": 0.1 }, false, { "7": 10, "8": 10 }],
    ["no weight where one was asked for", 10, undefined, false, {}],
    ["no weight where none was asked for", 0, undefined, true, {}],
    ["a weight of nothing", 0, { "7": 0 }, true, {}],
    ["a weight where none was asked for", 0, { "7": 0.1 }, false, { "7": 10 }],
  ];
  for (const [name, percent, weights, matches, observed] of TABLE) {
    test(`VAI-78 ${name}: ${matches}`, async () => {
      const routing = weights && { RoutingConfig: { AdditionalVersionWeights: weights } };
      await using endpoint = await fakeEndpoint({ status: 200, json: { ...ALIAS, ...routing } });
      assert.deepEqual(
        await lambdaUpdateAlias.readBack(operation({ percent }), endpoint.settings()),
        {
          matches,
          observed: { weights: observed },
        },
      );
    });
  }

  test("VAI-93 an alias that is gone is a fault of the read, never a match", async () => {
    await using endpoint = await fakeEndpoint(awsError(404, "ResourceNotFoundException"));
    await assert.rejects(lambdaUpdateAlias.readBack(operation(), endpoint.settings()), {
      code: "DEPENDENCY_UNAVAILABLE",
    });
  });
});

suite("VAI-41 lambda:UpdateAlias parameters", () => {
  const BAD: [string, string, string | number | boolean][] = [
    ["an alias in digits", "alias", "7"],
    ["an alias with a colon", "alias", "live:1"],
    ["an empty alias", "alias", ""],
    ["an alias that is too long", "alias", "a".repeat(129)],
    ["the unpublished version", "version", "$LATEST"],
    ["a version as a number", "version", 7],
    ["a version with a leading zero", "version", "07"],
    ["more than everything", "percent", 101],
    ["less than nothing", "percent", -1],
    ["a percent as text", "percent", "10"],
  ];
  for (const [name, parameter, value] of BAD) {
    test(`VAI-41 ${name}`, () => {
      const refusal = lambdaUpdateAlias.judgeParameters(operation({ [parameter]: value }));
      assert.equal(refusal?.code, "PARAMETER_OUT_OF_BOUNDS");
      assert.equal(refusal?.pointer, `/request/operation/parameters/${parameter}`);
      assert.match(refusal?.detail ?? "", new RegExp(`^${parameter} `));
    });
  }

  test("VAI-41 the bounds are inside", () => {
    for (const percent of [0, 100])
      assert.equal(lambdaUpdateAlias.judgeParameters(operation({ percent })), undefined);
  });
});
