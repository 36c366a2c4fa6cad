import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { LocalAwsError } from "./errors.ts";
import { identify, isRunning, type ProcessId } from "./processes.ts";
import { type Progress, silent } from "./progress.ts";

/** How long a lock whose owner has not written its name yet is left alone, in milliseconds. */
const GRACE = 2_000;

/**
 * Does `work` while no other process does work under the same lock, and waits for it to end first.
 * The lock is a folder with the owner's pid and start time, so one that a crash left behind is
 * recognised and taken over.
 *
 * @param folder absolute path of the lock; its parent is made
 * @param patience milliseconds to wait for another owner, then an error that names it
 * @param progress is told at once for whom it waits
 */
export async function withLock<T>(
  folder: string,
  patience: number,
  work: () => Promise<T>,
  progress: Progress = silent,
): Promise<T> {
  await take(folder, patience, progress);
  try {
    return await work();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function take(folder: string, patience: number, progress: Progress): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  const deadline = Date.now() + patience;
  let namelessSince: number | undefined;
  let told: number | undefined;
  while (!tryTake(folder)) {
    const owner = ownerOf(folder);
    if (owner) namelessSince = undefined;
    if (owner && owner.pid !== told && isRunning(owner)) {
      told = owner.pid;
      progress(`waiting for process ${owner.pid}, which is at work in ${dirname(folder)}`);
    } else namelessSince ??= Date.now();
    const abandoned = owner ? !isRunning(owner) : Date.now() - (namelessSince ?? 0) > GRACE;
    if (abandoned) discard(folder, owner);
    else if (Date.now() > deadline) throw new LocalAwsError(heldMessage(folder, owner));
    else await sleep(100);
  }
}

function tryTake(folder: string): boolean {
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  writeFileSync(join(folder, "owner.json"), JSON.stringify(identify(process.pid)));
  return true;
}

/** Removes an abandoned lock, unless another has just taken it over: then that one is put back. */
function discard(folder: string, judged: ProcessId | undefined): void {
  const aside = `${folder}.${randomBytes(4).toString("hex")}`;
  try {
    renameSync(folder, aside);
    if (isDeepStrictEqual(ownerOf(aside), judged)) {
      rmSync(aside, { recursive: true, force: true });
    } else renameSync(aside, folder);
  } catch {
    // Somebody else was faster; the next round sees what is there now.
  }
}

/** The process that holds a lock now, if one does. */
export function holderOf(folder: string): ProcessId | undefined {
  const owner = ownerOf(folder);
  return owner !== undefined && isRunning(owner) ? owner : undefined;
}

function ownerOf(folder: string): ProcessId | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "owner.json"), "utf8")) as ProcessId;
  } catch {
    return undefined;
  }
}

function heldMessage(folder: string, owner: ProcessId | undefined): string {
  return (
    `Process ${owner?.pid ?? "(unknown)"} has been working here for too long (${folder}). ` +
    "Wait for it or end it, then run the same command again."
  );
}
