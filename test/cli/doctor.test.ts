import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Deployment } from "../../lib/cli/deployment.ts";
import { ENV } from "../../lib/config.ts";
import { examine } from "../../lib/doctor/examine.ts";
import type { Finding } from "../../lib/doctor/finding.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { editTemplate, execution, put, shown, tableOf } from "./support/break.ts";
import { BROKEN } from "./support/broken.ts";
import { DEPLOYMENT, healthyWorld, inspectorOf, type World } from "./support/healthy.ts";

const DAY = 24 * 60 * 60 * 1000;

let made: Promise<{ readonly world: World; readonly plane: Plane }> | undefined;

/** What the doctor says about a healthy deployment with one change. `days` later than its trust policy was signed. */
async function examined(
  change: (world: World) => void = () => undefined,
  { deployment = DEPLOYMENT, days = 0 }: { deployment?: Deployment; days?: number } = {},
): Promise<readonly Finding[]> {
  made ??= newPlane().then(async (plane) => ({ world: await healthyWorld(plane), plane }));
  const { world: healthy, plane } = await made;
  const world = structuredClone(healthy);
  const now = plane.world.now + days * DAY;
  world.caller = { ...world.caller, awsTime: now };
  change(world);
  return examine(deployment, inspectorOf(world), () => now);
}

const of = (findings: readonly Finding[], status: Finding["status"]): readonly Finding[] =>
  findings.filter((finding) => finding.status === status);
const said = (findings: readonly Finding[]): string =>
  findings.map(({ subject, text }) => `${subject}: ${text}`).join("\n");

describe("vai doctor", () => {
  test("USR-12 finds nothing wrong with what the stack deploys, and says of each part what it saw", async () => {
    const findings = await examined();
    assert.deepEqual(of(findings, "problem"), []);
    assert.deepEqual(of(findings, "unseen"), []);
    for (const subject of [/^clock/, /^function .*-govern/, /^table .*-registry/, /^key plane/]) {
      assert.ok(
        findings.some((finding) => subject.test(finding.subject)),
        String(subject),
      );
    }
    for (const subject of [
      /^execution role/,
      /^reader role/,
      /^policy .*-agent/,
      /^trust policy/,
    ]) {
      assert.ok(
        findings.some((finding) => subject.test(finding.subject)),
        String(subject),
      );
    }
  });

  for (const { id, name, change, subject, text } of BROKEN) {
    test(`${id} ${name}: is named, with what to do`, async () => {
      const problems = of(await examined(change), "problem");
      const found = problems.find((each) => subject.test(each.subject) && text.test(each.text));
      assert.ok(found, `nothing about ${subject} ${text}:\n${said(problems)}`);
      assert.ok((found.next ?? "").length > 10);
    });
  }

  test("USR-12 one change is one cause: what is not broken is not accused", async () => {
    const problems = of(
      await examined((world) => {
        execution(world).boundary = { status: "absent" };
      }),
      "problem",
    );
    assert.equal(problems.length, 1, said(problems));
  });

  test("USR-12 a trust policy that ends within a week is a problem; one that has ended too", async () => {
    assert.deepEqual(of(await examined(undefined, { days: 22 }), "problem"), []);
    assert.match(
      said(of(await examined(undefined, { days: 25 }), "problem")),
      /in less than 5 days/,
    );
    assert.match(
      said(of(await examined(undefined, { days: 31 }), "problem")),
      /trust policy ended at/,
    );
  });

  test("USR-12 a throw-away deployment with samples need not be protected against deletion", async () => {
    const unprotect = (world: World): void => {
      for (const { setting } of Object.values(world.tables)) {
        assert.ok(setting.status === "seen");
        Object.assign(setting.value, { isProtected: false });
      }
    };
    for (const throwAway of [{ samples: {} }, { retain: false }]) {
      const deployment = { ...DEPLOYMENT, ...throwAway };
      assert.deepEqual(of(await examined(unprotect, { deployment }), "problem"), []);
    }
    for (const kept of [{}, { retain: true }]) {
      const deployment = { ...DEPLOYMENT, ...kept };
      assert.equal(of(await examined(unprotect, { deployment }), "problem").length, 3);
    }
  });

  test("USR-12 a target under a key that the functions do not know is found", async () => {
    const table = "arn:aws:dynamodb:us-east-1:000000000000:table/settings";
    const key = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555";
    const problems = of(
      await examined((world) => {
        for (const { setting } of Object.values(world.functions)) {
          assert.ok(setting.status === "seen");
          const environment = { ...setting.value.environment };
          if (ENV.targets in environment)
            environment[ENV.targets] = JSON.stringify({ dynamodb: [table] });
          Object.assign(setting.value, { environment });
        }
        world.encryption[table] = { status: "seen", value: [key] };
      }),
      "problem",
    );
    assert.deepEqual(
      problems.map(({ subject }) => subject),
      [`target ${table}`],
    );
  });

  const KEY_USE = "kms:Decrypt";
  const USES: readonly (readonly [string, object | undefined, string, number])[] = [
    ["through one service", { "kms:ViaService": "s3.us-east-1.amazonaws.com" }, KEY_USE, 0],
    ["by itself", undefined, KEY_USE, 1],
    ["through any service", { "kms:ViaService": ["a", "b"] }, KEY_USE, 1],
    ["for more than reading", { "kms:ViaService": "s3.us-east-1.amazonaws.com" }, "kms:*", 1],
  ];
  for (const [name, condition, action, count] of USES) {
    test(`VAI-46 a reader role that uses a key ${name}: ${count} problems`, async () => {
      const problems = of(
        await examined((world) => {
          const [, role] = Object.entries(world.roles).find(([arn]) => /read-/.test(arn)) ?? [];
          const StringEquals = condition && { Condition: { StringEquals: condition } };
          const Statement = [{ Effect: "Allow", Action: action, Resource: "*", ...StringEquals }];
          const document = { Version: "2012-10-17", Statement };
          role?.policies.push({ name: "keys", document });
        }),
        "problem",
        // That the stack did not write it is another finding.
      ).filter(({ text }) => !text.includes("the stack did not write"));
      assert.equal(problems.length, count, said(problems));
    });
  }

  test("VAI-91 what feeds the watch is not called in order when it could not be seen", async () => {
    const why = "you lack the permission lambda:ListEventSourceMappings";
    const findings = await examined((world) => {
      world.sources = { status: "unseen", why };
    });
    assert.deepEqual(of(findings, "problem"), []);
    assert.match(said(of(findings, "unseen")), /event source of vai-test-watch: .*ListEventSource/);
    const blind = await examined((world) => {
      const evidence = world.tables[DEPLOYMENT.tables.evidence];
      Object.assign(evidence ?? {}, { setting: { status: "unseen", why: "not allowed" } });
    });
    assert.match(said(of(blind, "unseen")), /event source .*: the stream of Evidence could not be/);
  });

  test("USR-12 a function without a reservation is in order where the stack reserves nothing", async () => {
    const findings = await examined((world) => {
      for (const each of Object.values(world.functions)) each.concurrency = { status: "absent" };
      editTemplate(world, (text) => text.replaceAll(/,"ReservedConcurrentExecutions":\d+/g, ""));
    });
    assert.deepEqual(of(findings, "problem"), []);
  });

  test("USR-12 what was changed by hand is not said to be mended by a deployment that changes nothing", async () => {
    for (const { change } of BROKEN) {
      for (const { next = "" } of await examined(change)) {
        if (next.includes("cdk deploy")) assert.match(next, /cdk deploy --revert-drift/);
      }
    }
  });

  test("USR-12 what the caller may not see is told, with the permission, and is no problem by itself", async () => {
    const why = "you lack the permission iam:GetRole";
    const findings = await examined((world) => {
      for (const role of Object.values(world.roles)) role.trust = { status: "unseen", why };
      world.registry = { status: "unseen", why: "you lack the permission dynamodb:Query" };
    });
    assert.deepEqual(of(findings, "problem"), []);
    assert.match(said(of(findings, "unseen")), /trust policy: .*dynamodb:Query/);
    const roles = await examined((world) => {
      for (const role of Object.values(world.roles)) role.trust = { status: "unseen", why };
    });
    const sessions = of(roles, "unseen").filter(({ subject }) => /^(exec|read)/.test(subject));
    assert.deepEqual(
      sessions.map(({ text }) => text),
      [why, why, why, why],
    );
    const functions = of(roles, "unseen").filter(({ subject }) => /^role/.test(subject));
    assert.deepEqual(
      functions.map(({ text }) => text),
      [why, why, why, why, why, why, why],
    );
  });

  test("USR-12 without the stack's template nothing is called in order for what it was not compared with", async () => {
    const unread = [
      ["you lack the permission cloudformation:GetTemplate", { status: "unseen" }],
      ["there is no such stack", { status: "absent" }],
    ] as const;
    for (const [why, { status }] of unread) {
      const findings = await examined((world) => {
        world.stack = status === "unseen" ? { status, why } : { status };
      });
      assert.deepEqual(of(findings, "problem"), []);
      assert.match(said(of(findings, "unseen")), new RegExp(`stack vai-test: ${why}: documents`));
      assert.doesNotMatch(said(of(findings, "ok")), /what the stack wrote/);
    }
    const newer = await examined((world) =>
      editTemplate(world, (text) => text.replace('"kms:Sign"', '{"Fn::ImportValue":"x"}')),
    );
    assert.deepEqual(of(newer, "problem"), []);
    assert.match(
      said(of(newer, "unseen")),
      /template uses Fn::ImportValue of "x", which this version/,
    );
  });

  test("USR-12 a policy that excepts somebody is not judged while nobody knows the administrators", async () => {
    const findings = await examined((world) => {
      world.stack = { status: "unseen", why: "you lack the permission cloudformation:GetTemplate" };
    });
    assert.match(
      said(of(findings, "unseen")),
      /-state: its policy excepts .*role\/deploys: whether/,
    );
  });

  test("USR-12 the role of the watch is not judged by half: without the stream its text cannot be told", async () => {
    const findings = await examined((world) => {
      put(shown(tableOf(world, "evidence").setting), { streamArn: "" });
      editTemplate(world, (text) =>
        text.replaceAll('["logs:PutLogEvents"]', '{"Fn::GetAtt":["Part4","StreamArn"]}'),
      );
    });
    assert.match(said(of(findings, "unseen")), /^role vai-test-watch: .*StreamArn/m);
    assert.deepEqual(
      of(findings, "problem").filter(({ subject }) => /^role/.test(subject)),
      [],
    );
  });

  test("VAI-145 a role of another account cannot be read from here, and that is said", async () => {
    const plane = await newPlane({
      policy: {
        set: {
          "/actions/0/executionRoleArn": "arn:aws:iam::111122223333:role/brought",
        },
      },
    });
    const world = await healthyWorld(plane);
    const findings = await examine(DEPLOYMENT, inspectorOf(world), () => plane.world.now);
    assert.match(said(of(findings, "unseen")), /111122223333:role\/brought: it is in account/);
  });

  test("USR-12 credentials of another account end the search with one answer", async () => {
    const findings = await examined((world) => {
      world.caller = { ...world.caller, account: "111122223333" };
    });
    assert.match(said(of(findings, "problem")), /credentials are of account 111122223333/);
    assert.equal(of(findings, "problem").length, 1);
  });
});
