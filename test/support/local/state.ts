import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { stopLocalAws } from "../../../localstack/local-aws.ts";
import { REPOSITORY_ROOT } from "../../../localstack/machine/paths.ts";
import { endRecorded, startTimeOf } from "../../../localstack/machine/processes.ts";

/** Below it one folder per process, named by its pid: runs in one clone do not meet. */
const STATES = join(REPOSITORY_ROOT, "localstack", ".state-test");

/** State folder of the local AWS that this process starts for its tests. */
export const ownState = (): string => join(STATES, `${process.pid}`);

/** Makes the temporary folder of this run: what its tests start there can be found and ended. */
export function ownTemporary(): string {
  const folder = temporaryOf(ownState());
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

const temporaryOf = (state: string): string => join(state, "tmp");

/** Ends what processes that are no more left running, this one's too, and removes their folders. */
export async function endAbandoned(): Promise<void> {
  for (const pid of namesIn(STATES).map(Number).filter(isOver)) {
    const state = join(STATES, `${pid}`);
    await stopLocalAws(state);
    // Tests of the emulator have one each, with its state in a temporary folder.
    for (const name of namesIn(temporaryOf(state))) {
      const folder = join(temporaryOf(state), name);
      await endRecorded(join(folder, "processes.json"), join(folder, "scratch"));
    }
    rmSync(state, { recursive: true, force: true });
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // there was no test yet
  }
}

/** Our own number on an old folder was an earlier process's. */
const isOver = (pid: number): boolean =>
  Number.isInteger(pid) && (pid === process.pid || startTimeOf(pid) === undefined);
