import { readFileSync } from "node:fs";

/** Bytes that processes hold after so many actions. */
export interface Sample {
  readonly actions: number;
  readonly frontDoor: number;
  readonly functions: number;
  /** Of the functions' process after a collection: what is held on to. */
  readonly functionsHeap: number;
  readonly emulator: number;
}

/** Resident bytes of a process: `VmRSS` (proc_pid_status(5)); `NaN` where there is no /proc. */
export function residentOf(pid: number): number {
  try {
    const [, kilobytes] =
      /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    return Number.NaN;
  }
}

/** A straight line through points: least squares. */
export interface Line {
  /** Per step to the right. */
  readonly slope: number;
  /** At the first point, and at the last. */
  readonly from: number;
  readonly to: number;
}

export function fittedLine(points: readonly (readonly [x: number, y: number])[]): Line {
  const count = points.length;
  const mean = (of: readonly number[]): number => of.reduce((sum, each) => sum + each, 0) / count;
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const shared = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const slope = spread === 0 ? 0 : shared / spread;
  const at = (x: number): number => meanY + slope * (x - meanX);
  return { slope, from: at(points[0]?.[0] ?? 0), to: at(points.at(-1)?.[0] ?? 0) };
}

/** Growth between first and last that counts as none: this part of what was held, and never less than so many bytes. */
const FLAT_SHARE = 0.1;
const FLAT_BYTES = 8 * 1024 * 1024;

export interface Growth extends Line {
  readonly isFlat: boolean;
  readonly limit: number;
}

/** Whether what was held is flat from an action on, by the line through its samples. */
export function growthOf(
  samples: readonly Sample[],
  of: Exclude<keyof Sample, "actions">,
  since: number,
): Growth {
  const line = fittedLine(
    samples.filter(({ actions }) => actions >= since).map((each) => [each.actions, each[of]]),
  );
  const limit = Math.max(FLAT_BYTES, FLAT_SHARE * line.from);
  return { ...line, limit, isFlat: line.to - line.from <= limit };
}
