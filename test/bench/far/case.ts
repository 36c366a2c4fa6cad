import { type HeldCall, instant } from "../../../localstack/front-door/faults/distance.ts";
import type { LocalPlane } from "../../support/local/plane.ts";
import { bareOf } from "../bare.ts";
import { type Delivery, governed, type Served } from "../deliver.ts";
import { once } from "../once.ts";
import { progress } from "../plane.ts";
import type { Subject } from "../subjects.ts";
import { atDistance } from "./distances.ts";
import { beyondDistance } from "./replay.ts";

/** What one case takes at AWS's distances: milliseconds of each run, in turns. */
export interface Case {
  readonly subject: Subject;
  readonly governed: readonly Run[];
  readonly bare: readonly Run[];
}

/** One run. */
export interface Run {
  /** Milliseconds as the clock had it. */
  readonly measured: number;
  /** Of them, beyond AWS's distances on the path on which calls wait for one another: the emulator's. */
  readonly emulator: number;
  readonly calls: readonly HeldCall[];
}

/** Milliseconds of a run had every call taken its distance. */
export const atAws = ({ measured, emulator }: Run): number => measured - emulator;

/** Which case, and how often. */
export interface Asked {
  readonly subject: Subject;
  readonly delivery: Delivery;
  readonly isAssumed: boolean;
  readonly runs: number;
}

const WARM_UP = 6;

/** Measures a case, once in a run of the bench. */
export function farCase(plane: LocalPlane, asked: Asked): Promise<Case> {
  const { subject, delivery, isAssumed } = asked;
  const name = `${subject.action} by ${delivery}${isAssumed ? " with an assumption" : ""}`;
  return once(`far ${name}`, () => {
    progress(`${name}, ${asked.runs} times at AWS's distances`);
    return measure(plane, asked);
  });
}

async function measure(plane: LocalPlane, asked: Asked): Promise<Case> {
  const { subject, delivery, isAssumed, runs } = asked;
  const prepare = governed(plane, subject, delivery, isAssumed);
  const bare = await bareOf(plane, subject);
  const act = (): Promise<unknown> => (delivery === "credentials" ? bare.assume() : bare.act());
  for (let turn = 0; turn < WARM_UP; turn++) {
    await prepare()();
    await act();
  }
  const { result, calls } = await atDistance(plane, async () => {
    const timed: { readonly governed: Timed<Served>; readonly bare: Timed<unknown> }[] = [];
    for (let turn = 0; turn < runs; turn++) {
      timed.push({ governed: await time(prepare()), bare: await time(act) });
    }
    return timed;
  });
  const said = result.filter((pair) => !Number.isNaN(pair.governed.result.ms));
  if (said.length < runs / 2) throw new Error("Lambda did not hand over what the functions said");
  return {
    subject,
    governed: said.map((pair) => runOf(pair.governed, pair.governed.result.ms, calls)),
    bare: said.map((pair) => runOf(pair.bare, pair.bare.to - pair.bare.from, calls)),
  };
}

interface Timed<T> {
  readonly result: T;
  readonly from: number;
  readonly to: number;
}

async function time<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const from = instant();
  const result = await work();
  return { result, from, to: instant() };
}

function runOf({ from, to }: Timed<unknown>, measured: number, calls: readonly HeldCall[]): Run {
  const own = calls.filter((call) => call.from >= from && call.from < to);
  return { measured, emulator: beyondDistance(own), calls: own };
}
