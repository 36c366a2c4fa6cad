import { busyActions } from "../busy.ts";
import { MOST_ADDED, mainCase, summary } from "../far/lines.ts";
import { fixed, type Line } from "../measure.ts";
import { benchPlane } from "../plane.ts";
import { cpuOnceServed } from "../served.ts";
import { shiftSubject } from "../subjects.ts";
import { durationAt, lambdaPrice, memoryOfIssue, ONE_VCPU } from "./lambda.ts";

const SIZES = [256, 512, 768, 1024, 1280, 1536, ONE_VCPU] as const;
/** Milliseconds by which a size may be slower than a whole vCPU where none meets the goal. */
const TOLERANCE = 5;

interface Size {
  readonly megabytes: number;
  /** Milliseconds added at p50, in a process that has served many and in one that has served few. */
  readonly added: number;
  readonly addedYoung: number;
  readonly dollars: number;
}

/** The functions' memory size, chosen by the CPU that an action takes and the time that it waits. */
export async function measureMemory(): Promise<Line[]> {
  const plane = await benchPlane();
  // First, while the processes have served few.
  const { cpu: young } = await busyActions();
  const { p50, added } = summary(await mainCase(plane, shiftSubject(plane)));
  const served = await cpuOnceServed();
  if (young === undefined || served === undefined) return [];
  const sizes = SIZES.map((megabytes): Size => {
    const [old, few] = [served, young].map((cpu) => durationAt(megabytes, { duration: p50, cpu }));
    return {
      megabytes,
      added: added + (old ?? 0) - p50,
      // The time was measured in a process that has served many: one that has not computes longer.
      addedYoung: added + (few ?? 0) - p50 + young - served,
      dollars: lambdaPrice(megabytes, old ?? 0),
    };
  });
  const chosen = choose(sizes);
  const now = await memoryOfIssue(plane);
  const deployed = durationAt(now, { duration: p50, cpu: served }) - p50 + added;
  return [
    {
      name: "memory size of the functions, computed from measured CPU and distances",
      value: `${chosen.megabytes} MB recommended; deployed are ${now} MB: ${fixed(deployed, 0)} ms added at p50`,
      ...{ goal: `≤ ${MOST_ADDED} ms added at the deployed size`, met: deployed <= MOST_ADDED },
      how:
        `lambda:UpdateAlias by execute; time at AWS's distances, plus CPU × (1 / share − 1), a share being MB / ${ONE_VCPU}; CPU ` +
        `${fixed(served)} ms in a process that has served 200, ${fixed(young)} ms in one that has served few; list price of ` +
        "arm64; recommended is the smallest that meets the goal in both, else the smallest that is hardly slower than a whole vCPU",
      data: { recommended: chosen.megabytes, sizes },
      rows: sizes.map(
        (size) =>
          `${`${size.megabytes}`.padStart(5)} MB   ${fixed(size.added, 0).padStart(4)} ms added   ` +
          `${fixed(size.addedYoung, 0).padStart(4)} ms in a young process   ${fixed(size.dollars)} US dollars a million`,
      ),
    },
  ];
}

function choose(sizes: readonly Size[]): Size {
  const whole = sizes.at(-1);
  const good =
    sizes.find(({ addedYoung }) => addedYoung <= MOST_ADDED) ??
    sizes.find(({ addedYoung }) => addedYoung <= (whole?.addedYoung ?? 0) + TOLERANCE);
  if (good === undefined) throw new Error("there are no sizes");
  return good;
}
