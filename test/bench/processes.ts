import { readdirSync, readFileSync } from "node:fs";

/** What one process has taken so far. */
export interface Usage {
  readonly cpuMilliseconds: number;
  readonly residentMegabytes: number;
}

/** Milliseconds of a clock tick in /proc/<pid>/stat; 100 a second on every Linux that Node runs on. */
const TICK = 10;

/** The processes that run a local function, found by their environment; none where there is no /proc. */
export function processesOf(functionName: string): Usage[] {
  return processIds().flatMap((id) => usageOf(id, functionName) ?? []);
}

function processIds(): string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** `undefined` for another process, for one that has ended, and for one that is not ours to look at. */
function usageOf(id: string, functionName: string): Usage | undefined {
  try {
    const read = (file: string): string => readFileSync(`/proc/${id}/${file}`, "utf8");
    const environment = read("environ").split("\0");
    if (!environment.includes(`AWS_LAMBDA_FUNCTION_NAME=${functionName}`)) return undefined;
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
