import { type Bare, bareOf } from "./bare.ts";
import { ACTIONS, type Busy, busyActions, IN_FLIGHT, together } from "./busy.ts";
import { type Governed, governed } from "./deliver.ts";
import { fixed, type Line, median } from "./measure.ts";
import { benchPlane, progress } from "./plane.ts";
import { processesOf, type Usage } from "./processes.ts";
import { settingSubject } from "./subjects.ts";

const ALONE = 40;
/** Megabytes, and milliseconds of CPU for an action. */
const MOST_RESIDENT = 120;
const MOST_CPU = 45;

/** One governed action through the deployed function, beside what anybody does without governance. */
export async function measureGoverned(): Promise<Line[]> {
  const plane = await benchPlane();
  const busy = await busyActions();
  const subject = await settingSubject(plane);
  const bare = await bareOf(plane, subject);
  progress("governed actions and bare ones in turns, on the emulator's own time");
  const busyBare = await together(bare.act, ACTIONS);
  const executed = await inTurns(ALONE, governed(plane, subject, "execute"), bare);
  const handled = await inTurns(ALONE / 2, governed(plane, subject, "handle"), bare);
  const how = `dynamodb:UpdateItem; bare: AssumeRole with the same kind of session policy, ${subject.bareCalls}; same local AWS, in turns`;
  const shared = "client, functions and emulator share this machine's cores";
  return [
    {
      name: "one governed action against the bare one, alone, wall time",
      value: ratio(executed.own, executed.theirs),
      how: `medians of ${ALONE}; ${how}`,
    },
    {
      name: `governed actions against bare ones, ${IN_FLIGHT} in flight, wall time per action`,
      value: ratio(busy.wall, busyBare),
      how: `${ACTIONS} actions each; ${how}; ${shared}`,
    },
    {
      name: "one governed action as handle and execute against the bare one, alone, wall time",
      value: ratio(handled.own, handled.theirs),
      how: `medians; two invocations of two functions; ${how}`,
    },
    ...processLines(busy, processesOf(plane)),
  ];
}

const ratio = (own: number, theirs: number): string =>
  `${fixed(own / theirs)} times (${fixed(own, 0)} ms against ${fixed(theirs, 0)} ms)`;

/** What the deployed function's own processes took, its SDK and its HTTP included. */
function processLines({ cpu }: Busy, processes: readonly Usage[]): Line[] {
  if (cpu === undefined) return [];
  const resident = Math.max(...processes.map(({ residentMegabytes }) => residentMegabytes));
  return [
    {
      name: "resident memory of the largest process of the deployed issue function",
      value: `${fixed(resident, 0)} MB`,
      ...{ goal: `≤ ${MOST_RESIDENT} MB`, met: resident <= MOST_RESIDENT },
      how: `VmRSS after all of this, ${processes.length} processes`,
    },
    {
      name: "CPU time of the issue function's processes per governed action, SDK and HTTP included",
      value: `${fixed(cpu)} ms`,
      ...{ goal: `≤ ${MOST_CPU} ms`, met: cpu <= MOST_CPU },
      how: `user and system time from /proc over ${ACTIONS} actions, ${IN_FLIGHT} in flight, after ${3 * IN_FLIGHT} to warm up`,
    },
  ];
}

/** Milliseconds of a governed action and of a bare one, medians. */
async function inTurns(count: number, prepare: () => Governed, bare: Bare) {
  const [own, theirs]: [number[], number[]] = [[], []];
  await prepare()();
  for (let turn = 0; turn < count; turn++) {
    own.push(await timed(prepare()));
    theirs.push(await timed(bare.act));
  }
  return { own: median(own), theirs: median(theirs) };
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}
