import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import {
  type CloudTrailEvent,
  clearFaults,
  type FaultRule,
  faultsInForce,
  injectFault,
  operationNameOf,
  readTrail,
} from "../../../localstack/machine/control.ts";
import type { LocalPlane } from "./plane.ts";

/** What {@link breaking} gives: how to look whether the faults did hit, and how to end them. */
export interface Broken {
  /** Fails unless every rule has hit at least one call: a fault that hits nothing shows nothing. */
  assertHit(): Promise<void>;
  mend(): Promise<void>;
}

/** Breaks the local AWS by these rules until `mend`, at the latest until the end of the test. */
export async function breaking(
  t: TestContext,
  plane: LocalPlane,
  ...rules: readonly FaultRule[]
): Promise<Broken> {
  const access = plane.control();
  t.after(() => clearFaults(access));
  for (const rule of rules) await injectFault(access, rule);
  return {
    async assertHit() {
      for (const { rule, hits } of await faultsInForce(access)) {
        assert.ok(hits > 0, `nothing was hit by ${JSON.stringify(rule)}`);
      }
    },
    mend: () => clearFaults(access),
  };
}

/** Every call through the front door while `work` ran, in the order of their ends. */
export async function recorded<T>(
  plane: LocalPlane,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly calls: readonly CloudTrailEvent[] }> {
  const access = plane.control();
  const start = await endOfTrail(plane);
  const result = await work();
  const calls: CloudTrailEvent[] = [];
  for (let since = start; ; ) {
    const { events, next, oldest } = await readTrail(access, { since, limit: 10_000 });
    assert.ok(oldest <= since + 1, "the feed forgot calls of this test");
    calls.push(...events.map(({ event }) => event));
    if (next === since) return { result, calls };
    since = next;
  }
}

/** How far the feed of a plane was read: from there on its end is near. */
const read = new WeakMap<LocalPlane, number>();

async function endOfTrail(plane: LocalPlane): Promise<number> {
  for (let since = read.get(plane) ?? 0; ; ) {
    const { next } = await readTrail(plane.control(), { since, limit: 10_000 });
    read.set(plane, next);
    if (next === since) return since;
    since = next;
  }
}

/** Service and operation of a call, as the API reference names them: `sts AssumeRole`. */
export const nameOf = (event: CloudTrailEvent): string =>
  `${event.eventSource.split(".")[0]} ${operationNameOf(event)}`;

/** Calls with this service and operation. */
export const named = (calls: readonly CloudTrailEvent[], name: string): CloudTrailEvent[] =>
  calls.filter((event) => nameOf(event) === name);
