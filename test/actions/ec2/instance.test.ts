import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { NOTHING_READ, type PreRead, type SeenAction } from "../../../lib/actions/descriptor.ts";
import { ec2StartInstances } from "../../../lib/actions/ec2/start-instances.ts";
import { ec2StopInstances } from "../../../lib/actions/ec2/stop-instances.ts";
import { ec2TerminateInstances } from "../../../lib/actions/ec2/terminate-instances.ts";
import { type Answer, CREDENTIALS, fakeEndpoint, PLACE, patience } from "../fake-endpoint.ts";
import { changed, described, ec2Error, INSTANCE_ARN, INSTANCE_ID } from "./answers.ts";

const STATES = ["pending", "running", "stopping", "stopped", "shutting-down", "terminated"];

/** Each action with the API's own name, and the states in which its effect counts as seen. */
const ACTIONS: [SeenAction, string, string, string[]][] = [
  [ec2StopInstances, "StopInstances", "MEDIUM", ["stopping", "stopped"]],
  [ec2StartInstances, "StartInstances", "MEDIUM", ["pending", "running"]],
  [ec2TerminateInstances, "TerminateInstances", "HIGH", ["shutting-down", "terminated"]],
];

const READ: PreRead = { facts: { state: "running" } };

for (const [descriptor, api, risk, reached] of ACTIONS) {
  const operation = { action: descriptor.action, resource: INSTANCE_ARN, parameters: {} };
  const preRead = (...[settings]: [Parameters<typeof descriptor.readBack>[1]]) => {
    assert.ok(descriptor.preRead);
    return descriptor.preRead(operation, settings);
  };

  suite(`VAI-78 ${descriptor.action}`, () => {
    test("VAI-38 its class, and what it reads without a resource", () => {
      assert.equal(descriptor.defaultRisk, risk);
      assert.deepEqual(descriptor.reads, []);
      const isStart = descriptor.action === "ec2:StartInstances";
      const disks = isStart ? ["ec2:DescribeVolumes"] : [];
      assert.deepEqual(descriptor.readsAnywhere, ["ec2:DescribeInstances", ...disks]);
    });

    test("VAI-41 takes no parameter, whatever its name", () => {
      assert.equal(descriptor.judgeParameters(operation), undefined);
      for (const name of ["force", "dryRun", "DryRun", "InstanceId.2", "a/b", "__proto__"]) {
        assert.equal(descriptor.knows(name), false, name);
        const parameters = Object.fromEntries([[name, true]]);
        const refusal = descriptor.judgeParameters({ ...operation, parameters });
        assert.equal(refusal?.code, "PARAMETER_OUT_OF_BOUNDS", name);
        const place = `/request/operation/parameters/${name.replace("/", "~1")}`;
        assert.equal(refusal?.pointer, place);
      }
    });

    test("VAI-78 reads the state of exactly this instance", async () => {
      await using endpoint = await fakeEndpoint(described({ state: "running" }));
      assert.deepEqual(await preRead(endpoint.settings()), READ);
      const sent = new URLSearchParams(String(endpoint.seen[0]?.body));
      assert.equal(sent.get("Action"), "DescribeInstances");
      assert.equal(sent.get("InstanceId.1"), INSTANCE_ID);
      assert.deepEqual([...sent.keys()].sort(), ["Action", "InstanceId.1", "Version"]);
    });

    for (const state of ["terminated", "shutting-down"]) {
      test(`VAI-78 an instance that is ${state} is a problem, without a call`, async () => {
        await using endpoint = await fakeEndpoint(described({ state }));
        const read = await preRead(endpoint.settings());
        assert.deepEqual(read, {
          facts: { state },
          problem: { name: "InstanceTerminated", kind: "precondition" },
        });
        const outcome = await descriptor.call(operation, read, endpoint.settings());
        assert.deepEqual(outcome, { status: "failed", error: read.problem });
        assert.equal(endpoint.seen.length, 1);
      });
    }

    test("VAI-78 an instance that does not exist is a problem, without a call", async () => {
      await using endpoint = await fakeEndpoint(ec2Error(400, "InvalidInstanceID.NotFound"));
      const read = await preRead(endpoint.settings());
      const problem = { name: "InvalidInstanceID.NotFound", kind: "notFound" };
      assert.deepEqual(read, { facts: {}, problem });
      const outcome = await descriptor.call(operation, read, endpoint.settings());
      assert.deepEqual(outcome, { status: "failed", error: problem });
      assert.equal(endpoint.seen.length, 1);
    });

    const FAULTS: [string, Answer][] = [
      ["denied", ec2Error(403, "UnauthorizedOperation")],
      ["throttled", ec2Error(503, "RequestLimitExceeded")],
      ["silence", { hang: true }],
      ["fewer instances than asked for", described()],
      ["more instances than asked for", described({ state: "running" }, { state: "running" })],
      ["another instance", described({ id: "i-0fedcba9876543210", state: "running" })],
      ["an instance without a state", described({})],
    ];
    for (const [name, answer] of FAULTS) {
      test(`ADV-34 ${name}: a fault of the read, nothing is guessed`, async () => {
        await using endpoint = await fakeEndpoint(answer);
        const settings = endpoint.settings(patience(answer));
        await assert.rejects(preRead(settings), { code: "DEPENDENCY_UNAVAILABLE" });
        const back = descriptor.readBack(operation, settings);
        await assert.rejects(back, { code: "DEPENDENCY_UNAVAILABLE" });
      });
    }

    test("VAI-78 sends what it described, once: one id and nothing else", async () => {
      await using endpoint = await fakeEndpoint(changed(api));
      const described = descriptor.describeCall(operation, READ, PLACE);
      assert.deepEqual(described, { api: `ec2:${api}`, input: { InstanceIds: [INSTANCE_ID] } });
      const outcome = await descriptor.call(operation, READ, endpoint.settings());
      assert.deepEqual(outcome, { status: "succeeded" });
      assert.equal(endpoint.seen.length, 1);
      const sent = new URLSearchParams(String(endpoint.seen[0]?.body));
      assert.deepEqual(Object.fromEntries(sent), {
        Action: api,
        "InstanceId.1": INSTANCE_ID,
        Version: "2016-11-15",
      });
      assert.equal(endpoint.seen[0]?.token, CREDENTIALS.sessionToken);
    });

    test("VAI-78 what was not read before is not called", async () => {
      await using endpoint = await fakeEndpoint(changed(api));
      const outcome = await descriptor.call(operation, NOTHING_READ, endpoint.settings());
      const error = { name: "InstanceNotRead", kind: "precondition" };
      assert.deepEqual(outcome, { status: "failed", error });
      assert.equal(endpoint.seen.length, 0);
    });

    test("ADV-39 without credentials nothing is called", async () => {
      await using endpoint = await fakeEndpoint(changed(api));
      const settings = endpoint.settings({ credentials: { ...CREDENTIALS, sessionToken: "" } });
      await assert.rejects(descriptor.call(operation, READ, settings), {
        code: "CREDENTIALS_MISSING",
      });
      assert.equal(endpoint.seen.length, 0);
    });

    const OUTCOMES: [string, Answer, string, string][] = [
      ["denied", ec2Error(403, "UnauthorizedOperation"), "failed", "denied"],
      ["bad credentials", ec2Error(401, "AuthFailure"), "failed", "denied"],
      ["an expired request", ec2Error(400, "RequestExpired"), "failed", "denied"],
      ["gone meanwhile", ec2Error(400, "InvalidInstanceID.NotFound"), "failed", "notFound"],
      ["a bad id", ec2Error(400, "InvalidInstanceID.Malformed"), "failed", "invalid"],
      ["another state", ec2Error(400, "IncorrectInstanceState"), "failed", "precondition"],
      ["protected", ec2Error(400, "OperationNotPermitted"), "failed", "precondition"],
      ["no such operation on it", ec2Error(400, "UnsupportedOperation"), "failed", "invalid"],
      ["a name of the future", ec2Error(400, "SomethingNew"), "failed", "other"],
      ["too many requests", ec2Error(503, "RequestLimitExceeded"), "failed", "throttled"],
      ["no capacity", ec2Error(500, "InsufficientInstanceCapacity"), "failed", "precondition"],
      ["a failure of the service", ec2Error(500, "InternalError"), "unknown", "other"],
      ["silence", { hang: true }, "unknown", "other"],
      ["a lost connection", { reset: true }, "unknown", "other"],
      ["not AWS's format", { status: 200, html: "<html><p>hi" }, "unknown", "other"],
    ];
    for (const [name, answer, status, kind] of OUTCOMES) {
      test(`ADV-69 ${name}: one attempt, ${status}`, async () => {
        await using endpoint = await fakeEndpoint(answer);
        const settings = endpoint.settings(patience(answer));
        const outcome = await descriptor.call(operation, READ, settings);
        assert.equal(outcome.status, status);
        assert.equal("error" in outcome && outcome.error.kind, kind);
        assert.equal(endpoint.seen.length, 1);
      });
    }

    for (const state of STATES) {
      const matches = reached.includes(state);
      test(`VAI-78 seen ${state} afterwards: ${matches}`, async () => {
        await using endpoint = await fakeEndpoint(described({ state }));
        const back = await descriptor.readBack(operation, endpoint.settings());
        assert.deepEqual(back, { matches, observed: { state } });
      });
    }

    test("VAI-78 an id that is no longer known is that of a terminated instance", async () => {
      await using endpoint = await fakeEndpoint(ec2Error(400, "InvalidInstanceID.NotFound"));
      const back = await descriptor.readBack(operation, endpoint.settings());
      const matches = api === "TerminateInstances";
      assert.deepEqual(back, { matches, observed: { state: null } });
    });
  });
}

suite("VAI-148 instance ARNs", () => {
  const { pattern } = ec2StopInstances.target;
  const BAD = [
    "arn:aws:ec2:us-east-1:000000000000:instance/*",
    "arn:aws:ec2:us-east-1:000000000000:instance/i-0123456789abcdef",
    "arn:aws:ec2:us-east-1:000000000000:instance/i-0123456789ABCDEF0",
    "arn:aws:ec2:us-east-1:000000000000:instance/i-01234567,i-01234568",
    "arn:aws:ec2:us-east-1:000000000000:volume/vol-01234567",
    "arn:aws:ec2:us-east-1::instance/i-01234567",
  ];
  for (const arn of BAD) {
    test(`VAI-148 ${arn} is none`, () => {
      assert.doesNotMatch(arn, pattern);
      assert.doesNotMatch(arn, ec2StopInstances.ceiling.pattern);
    });
  }

  test("VAI-148 ids of both lengths are", () => {
    assert.match(INSTANCE_ARN, pattern);
    assert.match("arn:aws-us-gov:ec2:us-gov-west-1:000000000000:instance/i-01234567", pattern);
  });
});
