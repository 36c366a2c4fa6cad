import { readdirSync, readFileSync } from "node:fs";
import type { LocalPlane } from "../support/local/plane.ts";

/** What one process has taken so far. */
export interface Usage {
  readonly cpuMilliseconds: number;
  readonly residentMegabytes: number;
}

/** Milliseconds of a clock tick in /proc/<pid>/stat; 100 a second on every Linux that Node runs on. */
const TICK = 10;

/**
 * The processes that run the issue function of a local plane, found by their environment; none where there is no /proc.
 * Another local AWS on this machine has functions of the same names: its endpoint tells them apart.
 */
export function processesOf({ outputs }: Pick<LocalPlane, "outputs">): Usage[] {
  const marks = [
    `AWS_LAMBDA_FUNCTION_NAME=${outputs.functions.issue}`,
    `AWS_ENDPOINT_URL=${outputs.endpoint}`,
  ];
  return processIds().flatMap((id) => usageOf(id, marks) ?? []);
}

function processIds(): string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** `undefined` for another process, for one that has ended, and for one that is not ours to look at. */
function usageOf(id: string, marks: readonly string[]): Usage | undefined {
  try {
    const read = (file: string): string => readFileSync(`/proc/${id}/${file}`, "utf8");
    const environment = read("environ").split("\0");
    if (!marks.every((mark) => environment.includes(mark))) return undefined;
    // Behind the name in brackets, which may hold anything: fields 14 and 15 are user and system time.
    const fields = read("stat").split(") ").at(-1)?.split(" ") ?? [];
    const [, resident = "0"] = /VmRSS:\s+(\d+) kB/.exec(read("status")) ?? [];
    return {
      cpuMilliseconds: (Number(fields[11]) + Number(fields[12])) * TICK,
      residentMegabytes: Number(resident) / 1000,
    };
  } catch {
    return undefined;
  }
}
