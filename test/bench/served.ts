import { governed } from "./deliver.ts";
import { fixed, type Line } from "./measure.ts";
import { once } from "./once.ts";
import { benchPlane, progress } from "./plane.ts";
import { processesOf } from "./processes.ts";
import { settingSubject } from "./subjects.ts";

const SERVED = 200;
const COUNTED = 64;
const MOST = 15;

/** Milliseconds of CPU that one governed action takes in a process that has served many; none without /proc. */
export function cpuOnceServed(): Promise<number | undefined> {
  return once("cpu once served", async () => {
    const plane = await benchPlane();
    progress(`serving ${SERVED + COUNTED} actions with one process`);
    const prepare = governed(plane, await settingSubject(plane), "execute");
    // One after the other: the emulator gives them all to its first process.
    for (let turn = 0; turn < SERVED; turn++) await prepare()();
    const used = () => {
      const all = processesOf(plane);
      return all.reduce((sum, { cpuMilliseconds }) => sum + cpuMilliseconds, 0);
    };
    const before = used();
    for (let turn = 0; turn < COUNTED; turn++) await prepare()();
    const spent = used() - before;
    return spent > 0 ? spent / COUNTED : undefined;
  });
}

/** The same as a line of the report. */
export async function measureServed(): Promise<Line[]> {
  const milliseconds = await cpuOnceServed();
  if (milliseconds === undefined) return [];
  return [
    {
      name: `CPU time of one governed action in a process that has served ${SERVED}, SDK and HTTP included`,
      value: `${fixed(milliseconds)} ms`,
      ...{ goal: `≤ ${MOST} ms`, met: milliseconds <= MOST },
      how: `dynamodb:UpdateItem by execute, ${COUNTED} in turns; user and system time of the deployed function's process from /proc`,
    },
  ];
}
