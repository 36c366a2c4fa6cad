import assert from "node:assert/strict";
import { test } from "node:test";
import type { Footprint } from "../footprint.ts";
import type { WriteUnits } from "../units/write-units.ts";
import { endings, type Limit, ordered, planesFor, rateOf } from "./ceiling.ts";
import { durationAt, gbSeconds, lambdaPrice, ONE_VCPU } from "./lambda.ts";
import { limitsOf } from "./limits.ts";
import { grantedShare } from "./simulate.ts";

const LIMITS: readonly Limit[] = [
  { name: "partition", scope: "plane", limit: 1_000, perAction: 2 },
  { name: "signing", scope: "account", limit: 1_000, perAction: 10, raise: "ask" },
  { name: "fresh", scope: "plane", limit: 4_000, perAction: 100, raise: "wait", isWarmUp: true },
  { name: "one actor", scope: "actor", limit: 1_000, perAction: 500 },
  { name: "unused", scope: "account", limit: 600, perAction: 0, raise: "ask" },
];

test("the lowest ceiling ends a plane; what warms up, what can be raised, and one actor's aside", () => {
  assert.deepEqual(
    ordered(LIMITS).map(({ name }) => name),
    ["one actor", "fresh", "signing", "partition"],
  );
  const { fresh, warm, raised } = endings(LIMITS);
  assert.deepEqual(
    [fresh, warm, raised].map((limit) => limit?.name),
    ["fresh", "signing", "partition"],
  );
  assert.deepEqual(
    [fresh, warm, raised].map((limit) => limit && rateOf(limit)),
    [40, 100, 500],
  );
});

test("planes are counted by what is left, and what they share is told", () => {
  const { byDefault, raised, needed } = planesFor(10_000, LIMITS);
  assert.deepEqual([byDefault, raised], [100, 20]);
  assert.deepEqual(needed, [{ name: "signing", needed: 100_000 }]);
});

/** Halves of a fixed sequence: the same each time. */
function sequence(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

test("far below the ceiling all actions pass, above it as many as it lets through", () => {
  const limits = LIMITS.filter(({ scope }) => scope !== "actor");
  assert.equal(grantedShare(limits, 10, sequence()), 1);
  const above = grantedShare(limits, 80, sequence());
  assert.ok(above > 0.45 && above < 0.55, `${above}`);
});

test("less memory lengthens computing, not waiting, and is never faster than a whole vCPU", () => {
  const action = { duration: 200, cpu: 20 };
  assert.equal(durationAt(ONE_VCPU, action), 200);
  assert.equal(durationAt(4 * ONE_VCPU, action), 200);
  assert.equal(durationAt(ONE_VCPU / 2, action), 220);
  assert.equal(gbSeconds(512, 200), 0.1);
  assert.equal(lambdaPrice(1024, 1000).toFixed(4), "13.5334");
});

test("a place is limited as a whole, and where actions share one of its partitions", () => {
  const write = (place: string, partition: string, units: number): WriteUnits => ({
    ...{ place, partition, units, bytes: 10, isIndex: place.includes("/") },
  });
  const evidence = "vai-x-evidence";
  const found: Footprint = {
    ...{ signatures: 3, assumedRoles: 1, managementEvents: 4, dataEvents: 8, logBytes: 500 },
    writes: [
      write(evidence, "intent/1", 80),
      write(`${evidence}/byActor`, "agent", 11),
      ...[write(`${evidence}/byType`, "A", 1), write(`${evidence}/byType`, "B", 2)],
    ],
    reads: new Map([["vai-x-registry", 2]]),
    shared: new Set([`${evidence}/byActor agent`, `${evidence}/byType A`, `${evidence}/byType B`]),
    shapes: [
      {
        ...{ name: evidence, partitionKey: "chainId", sortKey: "seq" },
        indexes: [
          { name: "byActor", partitionKey: "actorId", sortKey: "at" },
          { name: "byType", partitionKey: "eventType", sortKey: "at" },
        ],
      },
    ],
  };
  const limits = new Map(limitsOf(found, 0.2).map((limit) => [limit.name, limit]));
  const rate = (name: string) => {
    const limit = limits.get(name);
    assert.ok(limit, `${name} is not among ${[...limits.keys()].join("; ")}`);
    return Math.floor(rateOf(limit));
  };
  assert.equal(rate("KMS signatures with ECC keys"), 333);
  assert.equal(rate("Lambda's concurrent executions"), 5_000);
  assert.equal(rate("write units of evidence, fresh"), 50);
  assert.equal(rate("write units of evidence/byType"), 13_333);
  assert.equal(rate("write units of partition B of evidence/byType"), 500);
  assert.equal(rate("read units of registry's one partition"), 1_500);
  const actor = limits.get("write units of partition one actor of evidence/byActor");
  assert.deepEqual([actor?.scope, actor?.raise], ["actor", undefined]);
  assert.ok(![...limits.keys()].some((name) => name.includes("intent/1")));
});
