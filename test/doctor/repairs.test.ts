import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { examine } from "../../lib/doctor/examine.ts";
import { planOf, type RepairPlan } from "../../lib/doctor/repair/plan.ts";
import { BROKEN } from "../cli/support/broken.ts";
import {
  DEPLOYMENT,
  healthyWorld,
  inspectorOf,
  SOURCE,
  STREAM,
  type World,
} from "../cli/support/healthy.ts";
import { newPlane, type Plane } from "../support/plane.ts";

let made: Promise<{ readonly world: World; readonly plane: Plane }> | undefined;

/** The plan for a healthy deployment with one change, and the world before it. */
async function planFor(name: string): Promise<{ plan: RepairPlan; healthy: World }> {
  made ??= newPlane().then(async (plane) => ({ world: await healthyWorld(plane), plane }));
  const { world: healthy, plane } = await made;
  const world = structuredClone(healthy);
  world.caller = { ...world.caller, awsTime: plane.world.now };
  const broken = BROKEN.find((each) => each.name === name);
  assert.ok(broken, name);
  broken.change(world);
  const findings = await examine(DEPLOYMENT, inspectorOf(world), () => plane.world.now);
  return { plan: planOf(findings, { region: "us-east-1" }), healthy };
}

const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:${service === "iam" ? "" : "us-east-1"}:000000000000:${resource}`;
const TABLE = { TableName: "vai-test-evidence" };
const UUID = "33333333-3333-4333-8333-333333333333";
const ISSUE = { FunctionName: "vai-test-issue" };
const GOVERN = { FunctionName: "vai-test-govern" };

/** What one change needs: operation and input, documents left out (a test below compares those). */
const CALLS: Readonly<Record<string, readonly (readonly [operation: string, input: object])[]>> = {
  "evidence without point-in-time recovery": [
    [
      "UpdateContinuousBackups",
      { ...TABLE, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
    ],
  ],
  "evidence that expires": [
    [
      "UpdateTimeToLive",
      { ...TABLE, TimeToLiveSpecification: { Enabled: false, AttributeName: "at" } },
    ],
  ],
  "evidence without a stream": [
    [
      "UpdateTable",
      {
        ...TABLE,
        StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
      },
    ],
  ],
  "evidence without a resource policy": [
    ["PutResourcePolicy", { ResourceArn: arn("dynamodb", "table/vai-test-evidence") }],
  ],
  "a key policy that lets one person sign": [
    [
      "PutKeyPolicy",
      { KeyId: arn("kms", `key/${DEPLOYMENT.evidenceKeyId}`), PolicyName: "default" },
    ],
  ],
  "a grant on a key": [
    ["RevokeGrant", { KeyId: arn("kms", `key/${DEPLOYMENT.planeKeyId}`), GrantId: "g1" }],
  ],
  "a function that one account may invoke": [
    ["RemovePermission", { ...GOVERN, StatementId: "partner" }],
  ],
  "a Function URL without IAM": [["UpdateFunctionUrlConfig", { ...ISSUE, AuthType: "AWS_IAM" }]],
  "a Function URL of govern": [["DeleteFunctionUrlConfig", GOVERN]],
  "govern that somebody stopped": [
    ["PutFunctionConcurrency", { ...GOVERN, ReservedConcurrentExecutions: 2 }],
  ],
  "commands that come as events and are never run": [
    [
      "PutFunctionConcurrency",
      { FunctionName: "vai-test-revoke-events", ReservedConcurrentExecutions: 2 },
    ],
  ],
  "commands that come as events under another role": [
    [
      "UpdateFunctionConfiguration",
      { FunctionName: "vai-test-revoke-events", Role: arn("iam", "role/vai-test-revoke") },
    ],
  ],
  "a watch that somebody stopped": [
    ["DeleteFunctionConcurrency", { FunctionName: "vai-test-watch" }],
  ],
  "a function under another role": [
    ["UpdateFunctionConfiguration", { ...GOVERN, Role: arn("iam", "role/vai-test-govern") }],
  ],
  "a function that may run longer than answers promise": [
    ["UpdateFunctionConfiguration", { ...ISSUE, Timeout: 30 }],
  ],
  "a function with another handler": [
    ["UpdateFunctionConfiguration", { ...GOVERN, Handler: "index.handler" }],
  ],
  "a function with a layer": [["UpdateFunctionConfiguration", { ...GOVERN, Layers: [] }]],
  "a function with a file system": [
    ["UpdateFunctionConfiguration", { ...ISSUE, FileSystemConfigs: [] }],
  ],
  "a function that hands on what it was asked": [
    ["UpdateFunctionConfiguration", { ...ISSUE, DeadLetterConfig: { TargetArn: "" } }],
  ],
  "a function that logs elsewhere": [
    [
      "UpdateFunctionConfiguration",
      { ...ISSUE, LoggingConfig: { LogFormat: "Text", LogGroup: "/vai/test/issue" } },
    ],
  ],
  "a watch whose source is switched off": [["UpdateEventSourceMapping", { UUID, Enabled: true }]],
  "a watch without a source": [["CreateEventSourceMapping", { ...SOURCE, EventSourceArn: STREAM }]],
  "a watch that is not told of removed records": [
    ["UpdateEventSourceMapping", { UUID, FilterCriteria: SOURCE.FilterCriteria }],
  ],
  "a watch whose filter nobody can read": [
    ["UpdateEventSourceMapping", { UUID, FilterCriteria: SOURCE.FilterCriteria, KMSKeyArn: "" }],
  ],
  "a watch with a second source": [["DeleteEventSourceMapping", { UUID: "55555555" }]],
  "everything allowed to the role of issue, inline": [
    ["DeleteRolePolicy", { RoleName: "vai-test-issue", PolicyName: "more" }],
  ],
  "a function's role that lost its permissions": [
    ["PutRolePolicy", { RoleName: "vai-test-issue", PolicyName: "own" }],
  ],
  "a managed policy that was attached to an execution role": [
    [
      "DetachRolePolicy",
      { RoleName: "exec-lambda", PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" },
    ],
  ],
  "a function's role that a person can assume": [
    ["UpdateAssumeRolePolicy", { RoleName: "vai-test-issue" }],
  ],
  "another boundary with the same text": [
    [
      "PutRolePermissionsBoundary",
      { RoleName: "exec-lambda", PermissionsBoundary: arn("iam", "policy/vai-test-boundary") },
    ],
  ],
  "a boundary where the stack has none": [
    ["DeleteRolePermissionsBoundary", { RoleName: "vai-test-govern" }],
  ],
  "a boundary that was edited where no question touches": [
    [
      "CreatePolicyVersion",
      { PolicyArn: arn("iam", "policy/vai-test-boundary-read"), SetAsDefault: true },
    ],
  ],
  "an execution role that has the identity tag itself": [
    ["UntagRole", { RoleName: "exec-lambda", TagKeys: ["Vai-Identity"] }],
  ],
};

/** Members that hold a whole document. */
const DOCUMENT = /^(Policy|PolicyDocument)$/;

suite("what a plan says of each change", () => {
  for (const [name, wanted] of Object.entries(CALLS)) {
    test(`USR-12 ${name} is put back by one call`, async () => {
      const { plan } = await planFor(name);
      assert.deepEqual(
        plan.calls.map(({ operation, input }) => [
          operation,
          Object.fromEntries(Object.entries(input).filter(([key]) => !DOCUMENT.test(key))),
        ]),
        wanted,
      );
      assert.deepEqual([plan.byHand, plan.unseen], [[], []]);
    });
  }

  test("USR-12 a document is put back whole, as the stack wrote it", async () => {
    const documents: readonly (readonly [string, (world: World) => object | undefined])[] = [
      [
        "evidence without a resource policy",
        ({ tables }) => seenIn(tables["vai-test-evidence"]?.policy),
      ],
      [
        "a key policy that lets one person sign",
        ({ keys }) => seenIn(keys[DEPLOYMENT.evidenceKeyId]?.policy),
      ],
      [
        "a function's role that a person can assume",
        ({ roles }) => seenIn(roles[arn("iam", "role/vai-test-issue")]?.trust),
      ],
      [
        "a function's role that lost its permissions",
        ({ roles }) => roles[arn("iam", "role/vai-test-issue")]?.policies[0]?.document,
      ],
      [
        "a boundary that was edited where no question touches",
        ({ roles }) => seenIn(roles[arn("iam", "role/read-lambda")]?.boundary),
      ],
    ];
    for (const [name, written] of documents) {
      const { plan, healthy } = await planFor(name);
      const [text] =
        Object.entries(plan.calls[0]?.input ?? {})
          .find(([key]) => DOCUMENT.test(key))
          ?.slice(1) ?? [];
      assert.deepEqual(JSON.parse(String(text)), written(healthy), name);
    }
  });

  test("USR-12 the settings of a function are put back together", async () => {
    const { plan, healthy } = await planFor("a function with a further setting");
    const { setting } = healthy.functions["vai-test-issue"] ?? {};
    assert.deepEqual(
      plan.calls.map(({ operation, input }) => [operation, input]),
      [
        [
          "UpdateFunctionConfiguration",
          {
            ...ISSUE,
            Environment: { Variables: seenIn<{ environment: object }>(setting)?.environment },
          },
        ],
      ],
    );
  });

  test("USR-12 what no call puts back is left to a person, with what to do", async () => {
    for (const name of ["a table that is not there", "a function on another runtime"]) {
      const { plan } = await planFor(name);
      assert.deepEqual(plan.calls, []);
      assert.ok(
        plan.byHand.length > 0 && plan.byHand.every(({ next }) => (next ?? "").length > 10),
      );
    }
  });
});

const seenIn = <T = object>(seen: unknown): T | undefined =>
  (seen as { readonly value?: T } | undefined)?.value;
