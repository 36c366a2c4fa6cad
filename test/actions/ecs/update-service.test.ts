import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { NOTHING_READ, type Operation, type PreRead } from "../../../lib/actions/descriptor.ts";
import { ecsUpdateService } from "../../../lib/actions/ecs/update-service.ts";
import { type Answer, awsError, fakeEndpoint, PLACE, patience } from "../fake-endpoint.ts";

const ARN = "arn:aws:ecs:us-east-1:000000000000:service/shop/checkout";

const operation = (changes: Operation["parameters"] = {}): Operation => ({
  action: "ecs:UpdateService",
  resource: ARN,
  parameters: { desiredCount: 3, ...changes },
});

const SERVICE = {
  serviceArn: ARN,
  serviceName: "checkout",
  status: "ACTIVE",
  schedulingStrategy: "REPLICA",
  desiredCount: 2,
  runningCount: 2,
};
const MISSING = { arn: ARN, reason: "MISSING" };
const READ: PreRead = { facts: { desiredCount: "2" } };

/** A service made before the long format came, by what ECS says of it. */
const SHORT = {
  serviceArn: ARN.replace("shop/", ""),
  clusterArn: "arn:aws:ecs:us-east-1:000000000000:cluster/shop",
};

const ok = (json: object): Answer => ({ status: 200, json });
const found = (changes: object = {}): Answer =>
  ok({ services: [{ ...SERVICE, ...changes }], failures: [] });

const preRead = (
  asked: Operation,
  settings: Parameters<NonNullable<typeof ecsUpdateService.preRead>>[1],
) => {
  assert.ok(ecsUpdateService.preRead);
  return ecsUpdateService.preRead(asked, settings);
};

suite("VAI-78 ecs:UpdateService reads before it calls", () => {
  test("VAI-78 the count of exactly this service", async () => {
    await using endpoint = await fakeEndpoint(found());
    assert.deepEqual(await preRead(operation(), endpoint.settings()), READ);
    assert.match(endpoint.seen[0]?.target ?? "", /\.DescribeServices$/);
    assert.deepEqual(endpoint.seen[0]?.body, { cluster: "shop", services: ["checkout"] });
  });

  const PROBLEMS: [string, Answer, string, string][] = [
    ["no such service", ok({ services: [], failures: [MISSING] }), "ServiceMissing", "notFound"],
    [
      "no such cluster",
      awsError(400, "ClusterNotFoundException"),
      "ClusterNotFoundException",
      "notFound",
    ],
    ["a draining service", found({ status: "DRAINING" }), "ServiceNotActive", "precondition"],
    ["an inactive service", found({ status: "INACTIVE" }), "ServiceNotActive", "precondition"],
    ["a daemon", found({ schedulingStrategy: "DAEMON" }), "ServiceIsDaemon", "precondition"],
    ["the old form of ARN", found(SHORT), "ServiceHasShortArn", "precondition"],
  ];
  for (const [name, answer, error, kind] of PROBLEMS) {
    test(`VAI-78 ${name} is a problem, without a call`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const read = await preRead(operation(), endpoint.settings());
      assert.deepEqual(read.problem, { name: error, kind });
      const outcome = await ecsUpdateService.call(operation(), read, endpoint.settings());
      assert.deepEqual(outcome, { status: "failed", error: read.problem });
      assert.equal(endpoint.seen.length, 1);
    });
  }

  const FAULTS: [string, Answer][] = [
    ["denied", awsError(400, "AccessDeniedException")],
    ["silence", { hang: true }],
    ["fewer services than asked for", ok({ services: [], failures: [] })],
    ["more services than asked for", ok({ services: [SERVICE, SERVICE] })],
    ["a failure beside the service", ok({ services: [SERVICE], failures: [MISSING] })],
    ["a failure for another reason", ok({ services: [], failures: [{ reason: "ACCESS_DENIED" }] })],
    ["another service", found({ serviceArn: `${ARN}2` })],
    ["the same name in another cluster", found({ serviceArn: ARN.replace("shop", "hops") })],
    ["an ARN without cluster", found({ serviceArn: SHORT.serviceArn })],
    ...Object.entries({
      "of another name": { serviceName: "basket" },
      "of another ARN": { serviceArn: `${SHORT.serviceArn}2` },
      "in another cluster": { clusterArn: `${SHORT.clusterArn}2` },
      "in another account": {
        clusterArn: SHORT.clusterArn.replace("000000000000", "111122223333"),
      },
    }).map(([name, changes]): [string, Answer] => [
      `a service with the old ARN, ${name}`,
      found({ ...SHORT, ...changes }),
    ]),
  ];
  for (const [name, answer] of FAULTS) {
    test(`ADV-34 ${name}: a fault of the read, nothing is guessed`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const settings = endpoint.settings(patience(answer));
      await assert.rejects(preRead(operation(), settings), { code: "DEPENDENCY_UNAVAILABLE" });
      const back = ecsUpdateService.readBack(operation(), settings);
      await assert.rejects(back, { code: "DEPENDENCY_UNAVAILABLE" });
    });
  }
});

suite("VAI-78 ecs:UpdateService", () => {
  test("VAI-78 sends what it described, once: cluster, service and count, nothing else", async () => {
    await using endpoint = await fakeEndpoint(ok({ service: SERVICE }));
    const input = { cluster: "shop", service: "checkout", desiredCount: 3 };
    const described = ecsUpdateService.describeCall(operation(), READ, PLACE);
    assert.deepEqual(described, { api: "ecs:UpdateService", input });
    const outcome = await ecsUpdateService.call(operation(), READ, endpoint.settings());
    assert.deepEqual(outcome, { status: "succeeded" });
    assert.equal(endpoint.seen.length, 1);
    assert.match(endpoint.seen[0]?.target ?? "", /\.UpdateService$/);
    assert.deepEqual(endpoint.seen[0]?.body, input);
  });

  test("VAI-78 nothing reaches AWS beside the three members, whatever the parameters", async () => {
    await fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), (desiredCount) => {
        const { input } = ecsUpdateService.describeCall(operation({ desiredCount }), READ, PLACE);
        assert.deepEqual(input, { cluster: "shop", service: "checkout", desiredCount });
      }),
    );
    const foreign = operation({ forceNewDeployment: true });
    assert.throws(() => ecsUpdateService.describeCall(foreign, READ, PLACE));
  });

  test("VAI-78 what was not read before is not called", async () => {
    await using endpoint = await fakeEndpoint(ok({ service: SERVICE }));
    const outcome = await ecsUpdateService.call(operation(), NOTHING_READ, endpoint.settings());
    const error = { name: "ServiceNotRead", kind: "precondition" };
    assert.deepEqual(outcome, { status: "failed", error });
    assert.equal(endpoint.seen.length, 0);
  });

  const OUTCOMES: [string, Answer, string, string][] = [
    ["denied", awsError(400, "AccessDeniedException"), "failed", "denied"],
    ["no such cluster", awsError(400, "ClusterNotFoundException"), "failed", "notFound"],
    ["no such service", awsError(400, "ServiceNotFoundException"), "failed", "notFound"],
    ["not active any more", awsError(400, "ServiceNotActiveException"), "failed", "precondition"],
    ["invalid", awsError(400, "InvalidParameterException"), "failed", "invalid"],
    ["refused for a reason in words", awsError(400, "ClientException"), "failed", "invalid"],
    ["throttled", awsError(400, "ThrottlingException"), "failed", "throttled"],
    ["a failure of the service", awsError(500, "ServerException"), "unknown", "other"],
    ["silence", { hang: true }, "unknown", "other"],
    ["a lost connection", { reset: true }, "unknown", "other"],
    ["not AWS's format", { status: 200, html: "<html>" }, "unknown", "other"],
  ];
  for (const [name, answer, status, kind] of OUTCOMES) {
    test(`ADV-69 ${name}: one attempt, ${status}`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const settings = endpoint.settings(patience(answer));
      const outcome = await ecsUpdateService.call(operation(), READ, settings);
      assert.equal(outcome.status, status);
      assert.equal("error" in outcome && outcome.error.kind, kind);
      assert.equal(endpoint.seen.length, 1);
    });
  }
});

suite("VAI-78 ecs:UpdateService read back", () => {
  const TABLE: [string, Answer, boolean, object][] = [
    [
      "the count asked for",
      found({ desiredCount: 3 }),
      true,
      { status: "ACTIVE", desiredCount: 3 },
    ],
    [
      "fewer tasks still running",
      found({ desiredCount: 3, runningCount: 0 }),
      true,
      {
        status: "ACTIVE",
        desiredCount: 3,
      },
    ],
    ["another count", found(), false, { status: "ACTIVE", desiredCount: 2 }],
    [
      "a service on its way out",
      found({ status: "DRAINING", desiredCount: 3 }),
      false,
      { status: "DRAINING", desiredCount: 3 },
    ],
    [
      "no service any more",
      ok({ services: [], failures: [MISSING] }),
      false,
      { status: null, desiredCount: null },
    ],
  ];
  for (const [name, answer, matches, observed] of TABLE) {
    test(`VAI-78 ${name}: ${matches}`, async () => {
      await using endpoint = await fakeEndpoint(answer);
      const back = await ecsUpdateService.readBack(operation(), endpoint.settings());
      assert.deepEqual(back, { matches, observed });
    });
  }
});

suite("VAI-41 ecs:UpdateService parameters", () => {
  const BAD: [string, Operation["parameters"], string][] = [
    ["more tasks than a service can have", { desiredCount: 5001 }, "desiredCount"],
    ["fewer than none", { desiredCount: -1 }, "desiredCount"],
    ["a count as text", { desiredCount: "3" }, "desiredCount"],
    ["half a task", { desiredCount: 0.5 }, "desiredCount"],
    ["a new deployment", { desiredCount: 3, forceNewDeployment: true }, "forceNewDeployment"],
    ["another task definition", { desiredCount: 3, taskDefinition: "x" }, "taskDefinition"],
    ["no count", {}, "desiredCount"],
  ];
  for (const [name, parameters, parameter] of BAD) {
    test(`VAI-41 ${name}`, () => {
      const refusal = ecsUpdateService.judgeParameters({ ...operation(), parameters });
      assert.equal(refusal?.code, "PARAMETER_OUT_OF_BOUNDS");
      assert.equal(refusal?.pointer, `/request/operation/parameters/${parameter}`);
    });
  }

  test("VAI-41 the bounds are inside", () => {
    for (const desiredCount of [0, 5000])
      assert.equal(ecsUpdateService.judgeParameters(operation({ desiredCount })), undefined);
  });

  const OTHER_ARNS = [
    "service/checkout",
    "service/shop/checkout/x",
    "service/shop/*",
    "cluster/shop",
  ];
  for (const name of OTHER_ARNS) {
    test(`VAI-148 ${name} is no service`, () => {
      const arn = `arn:aws:ecs:us-east-1:000000000000:${name}`;
      assert.doesNotMatch(arn, ecsUpdateService.target.pattern);
    });
  }
});
