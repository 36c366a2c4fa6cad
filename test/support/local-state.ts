import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { stopLocalAws } from "../../localstack/local-aws.ts";
import { REPOSITORY_ROOT } from "../../localstack/paths.ts";
import { startTimeOf } from "../../localstack/processes.ts";

/** Below it one folder per test process, named by its pid: runs in one clone do not meet. */
const STATES = join(REPOSITORY_ROOT, "localstack", ".state-test");

/** State folder of the local AWS that this process starts for its tests. */
export const ownState = (): string => join(STATES, `${process.pid}`);

/** Ends what test processes that are no more left running, and removes their state folders. */
export async function endAbandoned(): Promise<void> {
  for (const pid of pidsWithState().filter(isOver)) {
    const folder = join(STATES, `${pid}`);
    await stopLocalAws(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

function pidsWithState(): number[] {
  try {
    return readdirSync(STATES)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return []; // there was no test yet
  }
}

/** Our own number on an old folder was an earlier process's. */
const isOver = (pid: number): boolean => pid === process.pid || startTimeOf(pid) === undefined;
