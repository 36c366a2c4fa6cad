import { type Governed, governed } from "./deliver.ts";
import { once } from "./once.ts";
import { benchPlane, progress } from "./plane.ts";
import { processesOf, type Usage } from "./processes.ts";
import { settingSubject } from "./subjects.ts";

export const IN_FLIGHT = 8;
export const ACTIONS = 64;

/** What governed actions take with several in flight, in processes that have served few. */
export interface Busy {
  /** Milliseconds of the clock per action. */
  readonly wall: number;
  /** Milliseconds of CPU per action of the issue function's processes; `undefined` without /proc. */
  readonly cpu: number | undefined;
}

/** Measured once in a run, before anything has made the processes old. */
export function busyActions(): Promise<Busy> {
  return once("busy", async () => {
    const plane = await benchPlane();
    progress(`${ACTIONS} governed actions, ${IN_FLIGHT} in flight`);
    const prepare = governed(plane, await settingSubject(plane), "execute");
    const act = () => prepare()();
    for (let turn = 0; turn < IN_FLIGHT; turn++) await act();
    await together(act, IN_FLIGHT * 2);
    const before = processesOf(plane);
    const wall = await together(prepared(prepare, ACTIONS), ACTIONS);
    const processes = processesOf(plane);
    const cpu = (cpuOf(processes) - cpuOf(before)) / ACTIONS;
    return { wall, cpu: processes.length === 0 ? undefined : cpu };
  });
}

const cpuOf = (all: readonly Usage[]): number =>
  all.reduce((sum, { cpuMilliseconds }) => sum + cpuMilliseconds, 0);

/** Contracts are signed beforehand: that is governance's time. */
function prepared(prepare: () => Governed, count: number): () => Promise<unknown> {
  const ready = Array.from({ length: count }, prepare);
  return async () => ready.pop()?.();
}

/** Milliseconds per action with so many in flight as the bench has. */
export async function together(action: () => Promise<unknown>, count: number): Promise<number> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await action();
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return (performance.now() - started) / count;
}
