import { HANDLE } from "../support/deliveries.ts";
import type { Mutation } from "../support/governed.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { fixed, type Line } from "./measure.ts";

/** Actions that warm up, and actions that count. */
const WARM_UP = 400;
const COUNTED = 400;

/**
 * CPU time that this software itself takes for one governed action in a warm process: reading, verifying, deriving,
 * proving, chaining and marshalling. AWS is played in memory, which is not counted; the SDK's clients are not in it.
 */
export async function measureOwnCpu(): Promise<Line[]> {
  const direct = await cpuOf({}, async (plane, event) => plane.issue(event));
  const held = await cpuOf(HANDLE, async (plane, event, governed) => {
    const answer = await plane.issue(event);
    return plane.execute(plane.redemption(governed, answer.ok ? answer.handle : undefined));
  });
  const how = `process.cpuUsage() over ${COUNTED} actions after ${WARM_UP}, each under a contract of its own that was signed before`;
  return [
    {
      name: "own CPU time of one governed action, delivery execute, warm",
      value: said(direct),
      goal: "≤ 3 ms",
      met: direct.process <= 3,
      how,
    },
    {
      name: "own CPU time of one governed action, handle then execute, warm",
      value: said(held),
      how: `${how}; the agent's signature of its second request is in it`,
    },
  ];
}

/** Milliseconds of one action: of the thread that serves it, and of the whole process. */
export interface Cpu {
  readonly thread: number;
  readonly process: number;
}

export const said = (cpu: Cpu): string =>
  `${fixed(cpu.process)} ms, of them ${fixed(cpu.thread)} ms on the thread that serves`;

type Governed = ReturnType<Plane["contract"]>;

async function cpuOf(
  mutation: Mutation,
  act: (plane: Plane, event: unknown, governed: Governed) => Promise<{ readonly ok: boolean }>,
): Promise<Cpu> {
  const plane = await newPlane();
  const aws = countAws(plane);
  const run = async (count: number): Promise<Cpu> => {
    const prepared = Array.from({ length: count }, () => {
      const governed = plane.contract(mutation);
      return { governed, event: plane.event(governed, mutation) };
    });
    const spent = { thread: 0, process: 0 };
    for (const { event, governed } of prepared) {
      Object.assign(aws, { thread: 0, process: 0 });
      const since = started();
      const answer = await act(plane, event, governed);
      const taken = since();
      spent.thread += (taken.thread - aws.thread) / count;
      spent.process += (taken.process - aws.process) / count;
      if (!answer.ok) throw new Error(JSON.stringify(answer));
      forget(plane);
    }
    return spent;
  };
  await run(WARM_UP);
  return run(COUNTED);
}

/** Begins to count; the function returned says how much it was. */
export function started(): () => Cpu {
  const [thread, all] = [process.threadCpuUsage(), process.cpuUsage()];
  return () => ({
    thread: sum(process.threadCpuUsage(thread)),
    process: sum(process.cpuUsage(all)),
  });
}

const sum = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000;

/** Empties the tables of what is over: a table in memory that grows costs garbage collection that AWS's does not. */
function forget({ dynamo }: Plane): void {
  for (const name of ["evidence", "state"]) {
    const table = dynamo.table(name);
    for (const key of table.keys()) if (!key.includes("plane/registry")) table.delete(key);
  }
}

/** Counts the CPU time in which AWS is played: tables, keys, sessions, targets. */
export function countAws({ faults }: Plane): { thread: number; process: number } {
  const counted = { thread: 0, process: 0 };
  const through = faults.through.bind(faults);
  faults.through = (at, effect) =>
    through(at, () => {
      const since = started();
      try {
        return effect();
      } finally {
        const taken = since();
        counted.thread += taken.thread;
        counted.process += taken.process;
      }
    });
  return counted;
}
