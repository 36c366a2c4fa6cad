import { setTimeout as sleep } from "node:timers/promises";
import { DELEGABLE, handOn } from "../support/delegating.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import type { Dependency } from "../support/faults.ts";
import type { Governed } from "../support/governed.ts";
import {
  approval,
  approvedEmergency,
  attestation,
  EMERGENCY,
  EVALUATORS,
  high,
} from "../support/people.ts";
import { newPlane, type Plane, type PlaneOptions } from "../support/plane.ts";
import type { Line } from "./measure.ts";

/** Milliseconds that every call to a dependency takes here: long beside what happens between calls. */
const CALL = 10;

interface Span {
  readonly at: Dependency;
  readonly start: number;
  readonly end: number;
}

/**
 * Sequential AWS round trips of one governed action in a process that served one before: every call to a
 * dependency takes the same time, and the longest row of calls that wait for one another is counted.
 */
export async function measureRounds(): Promise<Line[]> {
  const how = `in memory, the real enforcement and stores; each call to a dependency takes ${CALL} ms`;
  const direct = await roundsOf((plane) => plane.grant());
  const held = await roundsOf(async (plane) => {
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    const answer = await plane.execute(plane.redemption(governed, handle));
    if (!answer.ok) throw new Error(JSON.stringify(answer));
  });
  const delivered = await roundsOf((plane) => plane.grant(CREDENTIALS));
  const handedOn = await roundsOf((plane) => handOn(plane, plane.contract(DELEGABLE)));
  const registered = await roundsBehind(async (plane) => {
    const { contract, proof } = gated(plane);
    return () => done(plane, { op: "register", contract, proof });
  });
  const approved = await roundsBehind(async (plane) => {
    const governed = await bound(plane);
    const { contractDigest } = governed;
    const jws = approval(plane, governed, "ada");
    return () => done(plane, { op: "approve", contractDigest, approval: jws });
  });
  const behindGate = await roundsBehind(async (plane) => {
    const governed = await everybodySaidYes(plane);
    return () => plane.grant({}, governed);
  });
  const unspooled = await emergencyRounds(false);
  const spooled = await emergencyRounds(true);
  return [
    {
      name: "sequential AWS round trips of an emergency, delivery execute; with its evidence put into the spool first",
      value: `${unspooled.rounds} (${unspooled.calls} calls in all); ${spooled.rounds} (${spooled.calls})`,
      how,
    },
    {
      name: "sequential AWS round trips of a registration",
      value: `${registered.rounds} (${registered.calls} calls in all)`,
      goal: "≤ 5",
      met: registered.rounds <= 5,
      how,
    },
    {
      name: "sequential AWS round trips of a delegation that binds its contract",
      value: `${handedOn.rounds} (${handedOn.calls} calls in all)`,
      goal: "≤ 6",
      met: handedOn.rounds <= 6,
      how,
    },
    {
      name: "sequential AWS round trips of an approval",
      value: `${approved.rounds} (${approved.calls} calls in all)`,
      goal: "≤ 5",
      met: approved.rounds <= 5,
      how,
    },
    {
      name: "sequential AWS round trips of one governed action of class HIGH behind a gate, delivery execute",
      value: `${behindGate.rounds} (${behindGate.calls} calls in all)`,
      goal: "≤ 10",
      met: behindGate.rounds <= 10,
      how,
    },
    {
      name: "sequential AWS round trips of one delivery of credentials",
      value: `${delivered.rounds} (${delivered.calls} calls in all)`,
      goal: "7",
      met: delivered.rounds <= 7,
      how,
    },
    {
      name: "sequential AWS round trips of one governed action, delivery execute",
      value: `${direct.rounds} (${direct.calls} calls in all)`,
      goal: "≤ 10",
      met: direct.rounds <= 10,
      how,
    },
    {
      name: "sequential AWS round trips of one governed action, handle then execute, both calls",
      value: `${held.rounds} (${held.calls} calls in all)`,
      how,
    },
  ];
}

async function roundsOf(
  action: (plane: Plane) => Promise<unknown>,
): Promise<{ readonly rounds: number; readonly calls: number }> {
  const plane = await newPlane();
  await action(plane);
  const spans = await spansOf(plane, () => action(plane));
  return { rounds: longestRow(spans), calls: spans.length };
}

/** Of an emergency, approved beforehand in its proof; its policy has been used and reviewed by nobody before. */
const emergencyRounds = (spool: boolean) =>
  roundsBehind(
    async (plane) => {
      const governed = approvedEmergency(plane);
      return () => plane.grant({}, governed);
    },
    { policy: { set: { "/breakGlass": [{ ...EMERGENCY, spool }] } } },
  );

/** Of an action in a process that has served before, behind what was prepared for it. */
export async function roundsBehind(
  prepare: (plane: Plane) => Promise<() => Promise<unknown>>,
  options: PlaneOptions = {},
): Promise<{ readonly rounds: number; readonly calls: number }> {
  const plane = await newPlane(options);
  await plane.grant();
  const spans = await spansOf(plane, await prepare(plane));
  return { rounds: longestRow(spans), calls: spans.length };
}

async function done(plane: Plane, event: object): Promise<void> {
  const answer = await plane.govern(event);
  if (!answer.ok) throw new Error(JSON.stringify(answer));
}

/** A contract of class HIGH whose step waits behind a gate. */
const gated = (plane: Plane): Governed =>
  plane.contract(
    high(plane, {
      contract: { set: { "/authorization_details/0/gate": "approval" } },
      decision: { set: { "/boundary/authorization_details/0/gate": "approval" } },
    }),
  );

async function bound(plane: Plane): Promise<Governed> {
  const governed = gated(plane);
  const { contract, proof } = governed;
  await done(plane, { op: "register", contract, proof });
  return governed;
}

async function everybodySaidYes(plane: Plane): Promise<Governed> {
  const governed = await bound(plane);
  const { contractDigest } = governed;
  for (const name of Object.keys(EVALUATORS) as (keyof typeof EVALUATORS)[]) {
    const jws = attestation(plane, governed, name);
    await done(plane, { op: "attest", contractDigest, attestation: jws });
  }
  for (const step of [undefined, "shift"]) {
    const jws = approval(plane, governed, "ada", { ...(step !== undefined && { step }) });
    await done(plane, { op: "approve", contractDigest, approval: jws });
  }
  return governed;
}

/**
 * Sequential round trips of an action until its first call to one dependency has ended, in a process that has served
 * before; what comes behind that is not counted.
 */
export async function committedAfter(
  prepare: (plane: Plane) => Promise<() => Promise<unknown>>,
  at: Dependency,
): Promise<number> {
  const plane = await newPlane();
  await plane.grant();
  const spans = await spansOf(plane, await prepare(plane));
  const end = Math.min(...spans.filter((span) => span.at === at).map((span) => span.end));
  return longestRow(spans.filter((span) => span.end <= end));
}

/** Every call to a dependency that an action makes, when it began and ended. */
async function spansOf(plane: Plane, action: () => Promise<unknown>): Promise<Span[]> {
  const spans: Span[] = [];
  const through = plane.faults.through.bind(plane.faults);
  plane.faults.through = async (at, effect) => {
    const start = performance.now();
    try {
      await sleep(CALL);
      return await through(at, effect);
    } finally {
      spans.push({ at, start, end: performance.now() });
    }
  };
  await action();
  return spans;
}

/** The most spans of which each begins after the one before has ended. */
function longestRow(spans: readonly Span[]): number {
  let [count, free] = [0, Number.NEGATIVE_INFINITY];
  for (const { start, end } of spans.toSorted((left, right) => left.end - right.end)) {
    if (start < free) continue;
    count += 1;
    free = end;
  }
  return count;
}
