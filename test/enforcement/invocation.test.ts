import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { CallOutcome } from "../../lib/actions/descriptor.ts";
import { isTerminal } from "../../lib/evidence/events.ts";
import { CREDENTIALS } from "../support/deliveries.ts";
import { FUNCTION, type Mutation } from "../support/governed.ts";
import { INVOKING, invocation, REFUNDS } from "../support/invoking.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";
import { ROLLBACK } from "../support/rollback.ts";

/** `lambda:InvokeFunction` from the request to the evidence (PROTOCOL.md §9). */

const RESPONSE = {
  ...{ statusCode: 200, executedVersion: "3", digest: `sha256:${"a".repeat(64)}` as const },
  reference: "pay-1",
};

async function planeThatAnswers(outcome: CallOutcome): Promise<Plane> {
  const plane = await newPlane({ policy: INVOKING });
  plane.targets.instead = () => outcome;
  return plane;
}

const outcomesOf = (plane: Plane, chainId: string) =>
  plane
    .records(chainId)
    .flatMap(({ detail }) => (detail["outcome"] === undefined ? [] : [detail["outcome"]]));

suite("POC-25 a function that is invoked under a contract", () => {
  test("POC-25 what it answered is in the answer and in evidence, and a retry gets the same", async () => {
    const plane = await planeThatAnswers({ status: "succeeded", response: RESPONSE });
    const governed = plane.contract(invocation());
    const event = plane.event(governed, invocation());
    const { outcome, identity, evidence } = granted(await plane.issue(event));
    const said = { status: "succeeded", response: RESPONSE, obligations: [] };
    assert.deepEqual(outcome, said);
    assert.equal(identity.state, "COMPLETED");
    assert.deepEqual(
      outcomesOf(plane, evidence.chainId).filter((each) => typeof each === "object"),
      [said, said],
    );
    assert.deepEqual(granted(await plane.issue(event)).outcome, said);
    assert.equal(plane.targets.calls.length, 1);
  });

  test("VAI-45 no reader's session is asked for what nobody reads", async () => {
    const plane = await planeThatAnswers({ status: "succeeded", response: RESPONSE });
    granted(await plane.ask(invocation()));
    assert.deepEqual([plane.sts.readers, plane.targets.readers], [[], []]);
    assert.deepEqual(plane.targets.calls[0]?.input, {
      FunctionName: "checkout-refunds",
      Qualifier: "live",
      InvocationType: "RequestResponse",
      LogType: "None",
      Payload: '{"amount":300,"clientToken":"ref-1","currency":"EUR"}',
    });
  });

  test("VAI-74 a client that cannot be loaded is found before the call is announced", async () => {
    const plane = await planeThatAnswers({ status: "succeeded", response: RESPONSE });
    const { descriptorOf } = plane.deps;
    const load = () => Promise.reject(new Error("the file is not there"));
    plane.deps = {
      ...plane.deps,
      descriptorOf: (action) => {
        const real = descriptorOf(action);
        return real && { ...real, load };
      },
    };
    const governed = plane.contract(invocation());
    const answer = refused(await plane.issue(plane.event(governed, invocation())));
    assert.equal(answer.code, "DEPENDENCY_UNAVAILABLE");
    const types = plane.records(governed.chainId).map(({ event }) => event.type);
    assert.ok(!types.includes("ExecutionStarted"), types.join(" "));
  });

  test("POC-26 ADV-69 failed and unknown keep what it answered; unknown is never asked again", async () => {
    const response = { ...RESPONSE, statusCode: 500 };
    const error = { name: "StatusCode500", kind: "other" } as const;
    for (const [status, state] of [
      ["failed", "FAILED"],
      ["unknown", "INCOMPLETE"],
    ] as const) {
      const plane = await planeThatAnswers({ status, error, response });
      const { outcome, identity } = granted(await plane.ask(invocation()));
      assert.deepEqual(outcome, { status, error, response, obligations: [] });
      assert.equal(identity.state, state);
      assert.equal(plane.targets.calls.length, 1);
    }
  });

  test("VAI-07 VAI-88 of an invocation that was lost sweep says that nobody saw it, and asks no reader", async () => {
    const plane = await newPlane({ policy: INVOKING });
    const governed = plane.contract(invocation());
    const death = plane.faults.death({ at: "target:call" });
    void plane.ask(invocation(), governed);
    await death;
    plane.faults.clear();
    plane.world.pass(91);
    assert.equal((await plane.sweep()).failed, 0);
    const ends = plane.records(governed.chainId).filter(({ event }) => isTerminal(event.type));
    assert.deepEqual(
      ends.map(({ event, detail }) => [event.type, detail["reconciled"]]),
      [["ExecutionIncomplete", "unseen"]],
    );
    assert.deepEqual(plane.targets.readers, []);
    assert.deepEqual(plane.sts.readers, []);
  });

  test("POC-25 the session holds the qualified function alone, and the map says what IAM does not hold", async () => {
    const plane = await planeThatAnswers({ status: "succeeded", response: RESPONSE });
    const { enforcement } = granted(await plane.ask(invocation()));
    const [asked] = plane.sts.executions;
    const { Statement } = JSON.parse(asked?.Policy ?? "{}") as { Statement: object[] };
    assert.deepEqual(Statement.slice(0, 3), [
      { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: REFUNDS },
      { Effect: "Deny", NotAction: "lambda:InvokeFunction", Resource: "*" },
      { Effect: "Deny", Action: "*", NotResource: REFUNDS },
    ]);
    const by = new Map(enforcement.map(({ constraint, enforcedBy }) => [constraint, enforcedBy]));
    const step = "/authorization_details/0";
    assert.deepEqual(by.get(`${step}/resources`), ["trustPlane", "iam", "adapter"]);
    for (const place of ["actions", "parameters", "parameters/payload~1amount"])
      assert.deepEqual(by.get(`${step}/${place}`), ["trustPlane", "adapter"], place);
  });
});

const STEP = "/authorization_details/0";
const OBLIGATION = { kind: "readBack", name: "seen", dueSeconds: 60 };

/** Code, stage and place of what is refused, and the request that is. */
const REFUSED: Readonly<Record<string, readonly [Mutation, string, string, string]>> = {
  "POC-25 50,000 instead of at most 500": [
    invocation({ "payload/amount": 50_000 }),
    ...["PARAMETER_OUT_OF_BOUNDS", "scope", "/request/operation/parameters/payload~1amount"],
  ] as never,
  "POC-22 an amount as text": [
    invocation({ "payload/amount": "300" }),
    ...["PARAMETER_OUT_OF_BOUNDS", "scope", "/request/operation/parameters/payload~1amount"],
  ] as never,
  "POC-22 another currency": [
    invocation({ "payload/currency": "USD" }),
    ...["PARAMETER_OUT_OF_BOUNDS", "scope", "/request/operation/parameters/payload~1currency"],
  ] as never,
  "VAI-43 a member that the contract does not name": [
    invocation({ "payload/account": "x" }),
    ...["PARAMETER_UNDECLARED", "scope", "/request/operation/parameters/payload~1account"],
  ] as never,
  "POC-25 a contract without a client token": [
    {
      ...invocation({}, { [`${STEP}/parameters`]: { "payload/amount": { exact: 300 } } }),
      request: {
        set: {
          "/operation": {
            ...{ action: "lambda:InvokeFunction", resource: REFUNDS },
            parameters: { "payload/amount": 300 },
          },
        },
      },
    },
    ...["PARAMETER_OUT_OF_BOUNDS", "scope", "/request/operation/parameters/payload~1clientToken"],
  ] as never,
  "VAI-43 an obligation to read back": [
    invocation({}, { "/obligations": [OBLIGATION] }),
    ...["SESSION_POLICY_INEXPRESSIBLE", "authority", "/contract/obligations/0"],
  ] as never,
};

suite("POC-26 what an invocation is refused for, before anything happens", () => {
  for (const [name, [mutation, code, stage, pointer]] of Object.entries(REFUSED)) {
    test(`${name} is ${code}`, async () => {
      const plane = await planeThatAnswers({ status: "succeeded", response: RESPONSE });
      const answer = refused(await plane.ask(mutation));
      assert.deepEqual([answer.code, answer.stage, answer.pointer], [code, stage, pointer]);
      assert.deepEqual([plane.targets.calls.length, plane.sts.executions.length], [0, 0]);
    });
  }

  for (const [what, parameters] of [
    ["with its parameters", undefined],
    ["unbounded", "unbounded"],
  ] as const) {
    test(`VAI-44 never by credentials, ${what}: DIRECT_MODE_FORBIDDEN`, async () => {
      const plane = await planeThatAnswers({ status: "succeeded", response: RESPONSE });
      const { request: _, ...own } = invocation({}, { "/deliveries": ["credentials"] });
      const set = {
        ...own.contract?.set,
        ...(parameters !== undefined && { [`${STEP}/parameters`]: parameters }),
        [`${STEP}/limits`]: { calls: 2 },
      };
      const direct = CREDENTIALS.request;
      const asked: Mutation = { ...own, contract: { set }, ...(direct && { request: direct }) };
      const answer = refused(await plane.ask(asked));
      assert.deepEqual([answer.code, answer.stage], ["DIRECT_MODE_FORBIDDEN", "authority"]);
      assert.equal(answer.pointer, `/contract${STEP}/actions`);
      assert.equal(plane.sts.executions.length, 0);
    });
  }

  test("VAI-34 nothing is taken back by what nobody can see", async () => {
    const plane = await newPlane({
      policy: {
        set: {
          ...INVOKING.set,
          "/actions/2": {
            ...{ action: "lambda:UpdateAlias", risk: "LOW" },
            executionRoleArn: "arn:aws:iam::000000000000:role/exec-lambda",
            readerRoleArn: "arn:aws:iam::000000000000:role/read-lambda",
          },
          "/issuers/0/actions/2": "lambda:UpdateAlias",
          "/deciders/0/actions/2": "lambda:UpdateAlias",
        },
      },
    });
    const own = invocation();
    const refund = own.contract?.set?.["/authorization_details/0"] as object;
    const operation = own.request?.set?.["/operation"];
    const asked: Mutation = {
      intent: {
        set: {
          "/action": ["lambda:UpdateAlias", "lambda:InvokeFunction"],
          "/target": [FUNCTION, REFUNDS],
        },
      },
      contract: {
        set: {
          "/authorization_details/1": { ...refund, id: "undo", gate: "rollback" },
          "/obligations": [OBLIGATION],
          "/rollback": { ...ROLLBACK, step: "undo", operation },
        },
      },
    };
    const answer = refused(await plane.ask(asked));
    assert.equal(answer.code, "CONTRACT_MALFORMED");
    assert.equal(answer.pointer, "/contract/rollback/operation/action");
    assert.match(answer.detail, /nobody can see what lambda:InvokeFunction did/);
  });
});
