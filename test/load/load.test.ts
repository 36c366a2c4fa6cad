import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { PEOPLE_KINDS } from "./kinds.ts";
import { fittedLine, growthOf, residentOf, type Sample } from "./memory.ts";
import { type Action, planOf, REFUSALS } from "./plan.ts";

const MEGABYTE = 2 ** 20;

const kindsOf = (plan: readonly Action[]): Record<string, number> => {
  const kinds: Record<string, number> = {};
  for (const { kind } of plan) kinds[kind] = (kinds[kind] ?? 0) + 1;
  return kinds;
};

/** A process that holds so much after each hundred actions. */
const sampled = (heldAfter: (actions: number) => number): Sample[] =>
  Array.from({ length: 80 }, (_, index) => {
    const actions = 100 * (index + 1);
    const held = heldAfter(actions);
    return { actions, frontDoor: held, functions: held, functionsHeap: held, emulator: held };
  });

suite("the load run", () => {
  test("of 10,000 actions 30 % are granted, 20 % refused, 5 % revoked, 5 % under a fault, 5 % of each kind that people decide, and the seed says which", () => {
    const plan = planOf(10_000, 1);
    assert.deepEqual(kindsOf(plan), {
      ...{ granted: 3000, refused: 2000, revoked: 500, faulted: 500 },
      ...Object.fromEntries(PEOPLE_KINDS.map((kind) => [kind, 500])),
    });
    assert.deepEqual(planOf(10_000, 1), plan);
    assert.notDeepEqual(planOf(10_000, 2), plan);
    assert.deepEqual(
      plan.map(({ number }) => number),
      plan.map((_, index) => index + 1),
    );
  });

  test("every delivery, refusal and way to fail is among them", () => {
    const plan = planOf(10_000, 1);
    const granted = plan.filter(({ kind }) => kind === "granted").map(({ delivery }) => delivery);
    for (const delivery of ["execute", "handle", "credentials"]) {
      const share = granted.filter((each) => each === delivery).length / granted.length;
      assert.ok(share > 0.3 && share < 0.37, `${delivery} ${share}`);
    }
    const refusals = plan.flatMap((each) => (each.kind === "refused" ? [each.refusal] : []));
    assert.deepEqual([...new Set(refusals)].sort(), Object.keys(REFUSALS).sort());
    const faults = plan.flatMap((each) => (each.kind === "faulted" ? [each.fault] : []));
    assert.equal(new Set(faults.map(({ name }) => name)).size, 5);
    assert.equal(new Set(faults.map(({ fault }) => fault)).size, 5);
    assert.deepEqual([...new Set(faults.map(({ by }) => by))].sort(), ["execute", "issue"]);
  });

  test("memory that grows with each action is not flat; that wavers, or grew before, is", () => {
    const cases: readonly (readonly [what: string, held: (n: number) => number, flat: boolean])[] =
      [
        ["4 KB an action", (n) => 100 * MEGABYTE + 4096 * n, false],
        ["wavering", (n) => 100 * MEGABYTE + (n % 300) * 20_000, true],
        ["grown until the 2,000th", (n) => 100 * MEGABYTE + 50_000 * Math.min(n, 1900), true],
        ["half a KB an action", (n) => 100 * MEGABYTE + 500 * n, true],
        ["unknown", () => Number.NaN, false],
      ];
    for (const [what, held, isFlat] of cases) {
      assert.equal(growthOf(sampled(held), "frontDoor", 2000).isFlat, isFlat, what);
    }
  });

  test("a line is fitted through what was measured, and a process that is there has memory", () => {
    const { slope, from, to } = fittedLine([
      [1, 10],
      [2, 12],
      [3, 14],
    ]);
    assert.deepEqual([slope, from, to], [2, 10, 14]);
    if (process.platform === "linux") assert.ok(residentOf(process.pid) > MEGABYTE);
    assert.ok(Number.isNaN(residentOf(0)));
  });
});
