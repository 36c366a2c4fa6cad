import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { readIfThere, writeJson } from "./files.ts";

/** Variable that front door, emulator and workers carry: the scratch folder they belong to. */
export const SCRATCH_MARK = "VAI_LOCAL_AWS_SCRATCH";

/** One running process, named so that a recycled pid is never taken for it. */
export interface ProcessId {
  readonly pid: number;
  /** When it started, as the system says; opaque, only compared. */
  readonly startedAt: string;
}

/** What the state folder says runs. */
export interface RunningProcesses {
  readonly emulator: ProcessId;
  readonly frontDoor: ProcessId;
  /** Port of the front door, the only endpoint that anybody uses. */
  readonly port: number;
  /** Port of the emulator behind it. */
  readonly emulatorPort: number;
  /** The start went to its end; without it, what runs is the remains of one that did not. */
  readonly complete: boolean;
}

/** The start time of a process, or undefined when there is none with this pid (or it is a zombie). */
export function startTimeOf(pid: number): string | undefined {
  return process.platform === "linux" ? linuxStartTime(pid) : psStartTime(pid);
}

function linuxStartTime(pid: number): string | undefined {
  const fields = statOf(pid);
  if (fields === undefined || isZombie(fields)) return undefined;
  return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}/${fields[19]}`;
}

/** The fields of /proc/PID/stat from the third on: state, parent, group, … */
function statOf(pid: number): string[] | undefined {
  try {
    // The command in parentheses may contain anything, so fields are counted after the last one.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function isZombie(fields: readonly string[]): boolean {
  return fields[0] === "Z" || fields[0] === "X";
}

function psStartTime(pid: number): string | undefined {
  const asked = ["-o", "state=,lstart=", "-p", `${pid}`];
  const result = spawnSync("ps", asked, { encoding: "utf8" });
  const [state, ...started] = (result.stdout ?? "").trim().split(/\s+/);
  return state?.startsWith("Z") ? undefined : started.join(" ") || undefined;
}

/** The identity of a process that was just started. Throws when it has already ended. */
export function identify(pid: number | undefined): ProcessId {
  const startedAt = pid === undefined ? undefined : startTimeOf(pid);
  if (pid === undefined || startedAt === undefined) {
    throw new Error("the process ended before it could be recorded");
  }
  return { pid, startedAt };
}

/** Whether exactly this process still runs. */
export function isRunning(id: ProcessId): boolean {
  return startTimeOf(id.pid) === id.startedAt;
}

/** Records what runs. Written whole, so that a reader never sees a part. */
export function recordProcesses(file: string, running: RunningProcesses): void {
  writeJson(file, running);
}

/** The record, or undefined when there is none or it cannot be read (then nothing is ended by it). */
export function readProcesses(file: string): RunningProcesses | undefined {
  try {
    return JSON.parse(readIfThere(file) ?? "") as RunningProcesses;
  } catch {
    return undefined;
  }
}

/**
 * Ends what the record names, with everything that the emulator started (a worker per function),
 * and removes the record. Only processes with the recorded start time are signalled.
 *
 * @param scratch the state's scratch folder: workers carry it in their environment, which is how
 * those of an emulator that died by itself are found
 */
export async function endRecorded(file: string, scratch: string): Promise<void> {
  const running = readProcesses(file);
  if (running) await Promise.all([endGroup(running.frontDoor), endGroup(running.emulator)]);
  await endOrphans(scratch);
  rmSync(file, { force: true });
}

/**
 * Ends a process that leads its own group, and its group: SIGTERM, then SIGKILL for whatever is
 * left after `patience` ms. Does nothing when the process no longer runs.
 */
export async function endGroup(id: ProcessId, patience = 5_000): Promise<void> {
  if (!isRunning(id)) return;
  signal(-id.pid, "SIGTERM");
  const deadline = Date.now() + patience;
  // While any member lives the system gives the leader's number to nobody else.
  while (Date.now() < deadline && groupLives(id.pid)) await sleep(25);
  if (groupLives(id.pid)) signal(-id.pid, "SIGKILL");
  while (Date.now() < deadline + 2_000 && groupLives(id.pid)) await sleep(25);
}

/** Whether the group has a member that still runs; a dead one that nobody has collected does not. */
function groupLives(group: number): boolean {
  if (process.platform !== "linux") return signal(-group, 0);
  return allPids().some((pid) => {
    const fields = statOf(pid);
    return fields !== undefined && fields[2] === `${group}` && !isZombie(fields);
  });
}

function allPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/**
 * Ends what no record names: workers whose emulator is gone, and what a start that was killed had
 * not recorded yet. On Linux by the mark in their environment; elsewhere workers end by themselves
 * when their input does.
 */
async function endOrphans(scratch: string): Promise<void> {
  if (process.platform !== "linux") return;
  const mark = Buffer.from(`${SCRATCH_MARK}=${scratch}\0`);
  for (const pid of allPids().filter((pid) => carries(pid, mark))) signal(pid, "SIGKILL");
}

function carries(pid: number, mark: Buffer): boolean {
  try {
    return pid !== process.pid && readFileSync(`/proc/${pid}/environ`).includes(mark);
  } catch {
    return false;
  }
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
