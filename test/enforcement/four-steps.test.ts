import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FUNCTION, type Governed, LIVE_IS_6, type Mutation, TABLE } from "../support/governed.ts";
import { approval } from "../support/people.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { SHIFT_STEP } from "../support/shift-step.ts";

interface Gated {
  readonly id: string;
  readonly gate: string;
  readonly after?: readonly string[];
}

/** A step through each kind of gate, one behind the other, and one behind two of them. */
const STEPS: readonly (typeof SHIFT_STEP & Gated)[] = [
  { ...SHIFT_STEP, id: "first", gate: "none" },
  { ...SHIFT_STEP, id: "second", after: ["first"], gate: "approval" },
  { ...SHIFT_STEP, id: "third", after: ["second"], gate: "refreshContext" },
  { ...SHIFT_STEP, id: "fourth", after: ["first", "third"], gate: "approval" },
];
const ORDER = STEPS.map(({ id }) => id);

const FOUR: Mutation = {
  contract: { set: { "/authorization_details": STEPS, "/assumptions": [LIVE_IS_6] } },
  decision: { set: { "/boundary/authorization_details": STEPS } },
};

const asking = (step: string): Mutation => ({ request: { set: { "/step": step } } });
const codeOf = (answer: { readonly ok: boolean; readonly code?: string }): string =>
  answer.ok ? "ok" : `${answer.code}`;

async function opened(plane: Plane, governed: Governed, step: string): Promise<void> {
  const { contractDigest } = governed;
  const yes = approval(plane, governed, "bea", { step });
  const done = await plane.govern({ op: "approve", contractDigest, approval: yes });
  assert.ok(done.ok, JSON.stringify(done));
}

/** The steps that were granted before, and the gates before them opened. */
async function passed(plane: Plane, governed: Governed, steps: readonly string[]): Promise<void> {
  for (const step of steps) {
    if (STEPS.find(({ id }) => id === step)?.gate === "approval") {
      await opened(plane, governed, step);
    }
    await plane.grant(asking(step), governed);
    plane.world.now += 120_000;
  }
}

suite("VAI-72 VAI-73 VAI-74 ADV-31 a contract of four steps", () => {
  test("VAI-72 VAI-73 VAI-74 is done in its order and through its gates, each step by a session of its own", async () => {
    const plane = await newPlane();
    const governed = plane.contract(FOUR);
    await passed(plane, governed, ORDER);
    const issued = plane
      .records(governed.chainId)
      .filter(({ event }) => event.type === "IdentityIssued");
    assert.deepEqual(
      issued.map(({ detail }) => detail["step"]),
      ORDER,
    );
    const sessions = plane.sts.executions.map(({ RoleSessionName }) => RoleSessionName);
    assert.equal(new Set(sessions).size, ORDER.length);
    assert.equal(plane.targets.calls.length, ORDER.length);
  });

  for (const done of ORDER.keys()) {
    for (const [at, step] of ORDER.entries()) {
      if (at <= done) continue;
      test(`VAI-73 ADV-31 with ${ORDER.slice(0, done).join(" and ") || "nothing"} done, ${step} comes too early`, async () => {
        const plane = await newPlane();
        const governed = plane.contract(FOUR);
        await passed(plane, governed, ORDER.slice(0, done));
        const calls = plane.targets.calls.length;
        assert.equal(codeOf(await plane.ask(asking(step), governed)), "STEP_OUT_OF_ORDER");
        assert.equal(plane.targets.calls.length, calls, "and nothing was called");
      });
    }
  }

  test("VAI-74 ADV-31 behind a gate that nobody has opened a step waits, whatever was opened before", async () => {
    const plane = await newPlane();
    const governed = plane.contract(FOUR);
    await passed(plane, governed, ["first"]);
    assert.equal(codeOf(await plane.ask(asking("second"), governed)), "STEP_GATE_CLOSED");
    await passed(plane, governed, ["second", "third"]);
    assert.equal(codeOf(await plane.ask(asking("fourth"), governed)), "STEP_GATE_CLOSED");
  });

  test("VAI-72 the handle of one step redeems no other's operation, whatever the contract has besides", async () => {
    const setting = {
      ...{ type: "aws", id: "second", actions: ["dynamodb:UpdateItem"], resources: [TABLE] },
      parameters: { "key/pk": { exact: "svc-a" }, "set/weight": { exact: 1 } },
    };
    const steps = [{ ...SHIFT_STEP, id: "first" }, setting];
    const operation = {
      ...{ action: "dynamodb:UpdateItem", resource: TABLE },
      parameters: { "key/pk": "svc-a", "set/weight": 1 },
    };
    const held: Mutation = {
      contract: { set: { "/authorization_details": steps, "/deliveries": ["handle"] } },
      decision: { set: { "/boundary/authorization_details": steps } },
      intent: {
        set: {
          "/action": ["lambda:UpdateAlias", "dynamodb:UpdateItem"],
          "/target": [FUNCTION, TABLE],
        },
      },
      request: { set: { "/step": "first", "/delivery": "handle" } },
    };
    const plane = await newPlane();
    const governed = plane.contract(held);
    const { handle } = await plane.grant(held, governed);
    const other = plane.redemption(governed, handle, {
      request: { set: { "/operation": operation } },
    });
    assert.equal(codeOf(await plane.execute(other)), "ACTION_MISMATCH");
    assert.deepEqual(plane.targets.calls, []);
  });

  test("VAI-73 what failed ends the rest: no step behind it comes, and none beside it", async () => {
    for (const [at, step] of ORDER.entries()) {
      const plane = await newPlane();
      const governed = plane.contract(FOUR);
      await passed(plane, governed, ORDER.slice(0, at));
      if (STEPS[at]?.gate === "approval") await opened(plane, governed, step);
      plane.targets.instead = () => ({ status: "failed", error: { kind: "denied", name: "No" } });
      await plane.ask(asking(step), governed);
      plane.targets.instead = () => undefined;
      const calls = plane.targets.calls.length;
      for (const later of ORDER.slice(at)) {
        assert.notEqual(
          codeOf(await plane.ask(asking(later), governed)),
          "ok",
          `${later} of ${step}`,
        );
      }
      assert.equal(plane.targets.calls.length, calls);
    }
  });
});
