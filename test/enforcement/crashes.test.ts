import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Dependency } from "../support/faults.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";

/* The process dies at one call to a dependency, and nothing of it runs on. What others then see is what counts. */

const TWO: Mutation = {
  contract: { set: { "/authorization_details/0/limits": { calls: 2, totals: { percent: 10 } } } },
};
const FIVE: Mutation = { request: { set: { "/operation/parameters/percent": 5 } } };

interface Crashed {
  readonly plane: Plane;
  readonly governed: Governed;
  readonly event: unknown;
}

async function crash(at: Dependency, from: number, applied: boolean): Promise<Crashed> {
  const plane = await newPlane();
  const governed = plane.contract(TWO);
  const event = plane.event(governed, FIVE);
  const died = plane.faults.death({ at, from, applied });
  void plane.issue(event, plane.process());
  await died;
  plane.faults.clear();
  return { plane, governed, event };
}

const CRASHES: readonly {
  readonly when: string;
  readonly at: Dependency;
  readonly from: number;
  readonly applied: boolean;
  /** The last record that is there. */
  readonly last: string | undefined;
  readonly executions: number;
  readonly calls: number;
  readonly uses: number;
}[] = [
  {
    when: "while barrier 1 is signed",
    at: "signer:sign",
    from: 1,
    applied: false,
    last: undefined,
    executions: 0,
    calls: 0,
    uses: 0,
  },
  {
    when: "before barrier 1 is written",
    at: "evidence:write",
    from: 1,
    applied: false,
    last: undefined,
    executions: 0,
    calls: 0,
    uses: 0,
  },
  {
    when: "after barrier 1 was written",
    at: "evidence:write",
    from: 1,
    applied: true,
    last: "IdentityIssued",
    executions: 0,
    calls: 0,
    uses: 1,
  },
  {
    when: "after STS issued a session",
    at: "sts",
    from: 1,
    applied: true,
    last: "IdentityIssued",
    executions: 1,
    calls: 0,
    uses: 1,
  },
  {
    when: "before barrier 2 is written",
    at: "evidence:write",
    from: 2,
    applied: false,
    last: "IdentityIssued",
    executions: 1,
    calls: 0,
    uses: 1,
  },
  {
    when: "after barrier 2 was written",
    at: "evidence:write",
    from: 2,
    applied: true,
    last: "ExecutionStarted",
    executions: 1,
    calls: 0,
    uses: 1,
  },
  {
    when: "after the bounded call",
    at: "target:call",
    from: 1,
    applied: true,
    last: "ExecutionStarted",
    executions: 1,
    calls: 1,
    uses: 1,
  },
  {
    when: "before barrier 3 is written",
    at: "evidence:write",
    from: 3,
    applied: false,
    last: "ExecutionStarted",
    executions: 1,
    calls: 1,
    uses: 1,
  },
  {
    when: "after barrier 3 was written",
    at: "evidence:write",
    from: 3,
    applied: true,
    last: "IdentityCompleted",
    executions: 1,
    calls: 1,
    uses: 1,
  },
];

suite("a function that dies", () => {
  for (const { when, at, from, applied, last, executions, calls, uses } of CRASHES) {
    test(`VAI-06 ${when}: evidence says how far it came`, async () => {
      const { plane, governed } = await crash(at, from, applied);
      assert.equal(plane.types(governed.chainId).at(-1), last);
      assert.equal(plane.sts.executions.length, executions);
      assert.equal(plane.targets.calls.length, calls);
      const hasSession = plane.sts.executions.length > 0;
      assert.ok(!hasSession || uses > 0, "no session lives without a record of its identity");
    });

    test(`VAI-64 VAI-68 ${when}: the retry never doubles what may have happened`, async () => {
      const { plane, governed, event } = await crash(at, from, applied);
      const again = granted(await plane.issue(event));
      assert.equal(again.deduplicated, uses > 0);
      assert.equal(plane.sts.executions.length, uses > 0 ? executions : 1);
      assert.equal(plane.targets.calls.length, uses > 0 ? calls : 1);
      assert.equal(plane.state(governed.chainId).identities.size, 1);
      if (uses > 0 && last !== "IdentityCompleted") assert.equal("outcome" in again, false);
    });

    test(`VAI-66 VAI-70 ${when}: the use and its total stay spent`, async () => {
      const { plane, governed } = await crash(at, from, applied);
      plane.world.pass(31);
      const started = last === "ExecutionStarted";
      const next = await plane.ask(FIVE, governed);
      if (started) {
        assert.equal(refused(next).code, "CONTRACT_CONSUMED", "its effect is unknown");
        return;
      }
      granted(next);
      const second = await plane.ask(FIVE, governed);
      assert.equal(
        second.ok,
        uses === 0,
        "one of two uses was spent by the dead, if it was issued",
      );
      assert.equal(refused(await plane.ask({}, governed)).code, "CONTRACT_CONSUMED");
      assert.ok(plane.sts.executions.length <= 2);
    });
  }

  test("VAI-64 a run that nobody finished is told as incomplete once it cannot be running any more", async () => {
    const { plane, event } = await crash("target:call", 1, true);
    assert.equal(granted(await plane.issue(event)).identity.state, "IN_USE");
    plane.world.pass(31);
    assert.equal(granted(await plane.issue(event)).identity.state, "INCOMPLETE");
  });

  test("VAI-18 an issued identity that nobody used is told as expired after its window", async () => {
    const { plane, governed, event } = await crash("sts", 1, true);
    assert.equal(granted(await plane.issue(event)).identity.state, "ISSUED");
    plane.world.pass(601);
    const mutation = {
      request: {
        set: { "/idempotencyKey": keyOf(plane, governed), "/operation/parameters/percent": 5 },
      },
    };
    assert.equal(granted(await plane.ask(mutation, governed)).identity.state, "EXPIRED");
  });
});

/** The idempotency key of the one grant on a chain. */
function keyOf(plane: Plane, { chainId }: Governed): string {
  const [identity] = plane.state(chainId).identities.values();
  assert.ok(identity !== undefined);
  return identity.idempotencyKey;
}
