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
      value: `${fixed(direct)} ms`,
      goal: "≤ 3 ms",
      met: direct <= 3,
      how,
    },
    {
      name: "own CPU time of one governed action, handle then execute, warm",
      value: `${fixed(held)} ms`,
      how: `${how}; the agent's signature of its second request is in it`,
    },
  ];
}

const HANDLE: Mutation = {
  contract: { set: { "/deliveries": ["handle"] } },
  request: { set: { "/delivery": "handle" } },
};

type Governed = ReturnType<Plane["contract"]>;

async function cpuOf(
  mutation: Mutation,
  act: (plane: Plane, event: unknown, governed: Governed) => Promise<{ readonly ok: boolean }>,
): Promise<number> {
  const plane = await newPlane();
  const aws = countAws(plane);
  const run = async (count: number): Promise<number> => {
    const prepared = Array.from({ length: count }, () => {
      const governed = plane.contract(mutation);
      return { governed, event: plane.event(governed, mutation) };
    });
    aws.milliseconds = 0;
    const before = process.cpuUsage();
    for (const { event, governed } of prepared) {
      const answer = await act(plane, event, governed);
      if (!answer.ok) throw new Error(JSON.stringify(answer));
    }
    return (sum(process.cpuUsage(before)) - aws.milliseconds) / count;
  };
  await run(WARM_UP);
  return run(COUNTED);
}

const sum = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000;

/** Counts the CPU time in which AWS is played: tables, keys, sessions, targets. */
function countAws({ faults }: Plane): { milliseconds: number } {
  const counted = { milliseconds: 0 };
  const through = faults.through.bind(faults);
  faults.through = (at, effect) =>
    through(at, () => {
      const before = process.cpuUsage();
      try {
        return effect();
      } finally {
        counted.milliseconds += sum(process.cpuUsage(before));
      }
    });
  return counted;
}
