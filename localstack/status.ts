import { runCommand } from "./command.ts";
import { lockOf, outputsIfUp } from "./local-aws.ts";
import { holderOf } from "./machine/lock.ts";
import { shownPath, stateFolder } from "./machine/paths.ts";
import { isRunning, readProcesses } from "./machine/processes.ts";

const HELP = `Usage: npm run local:status [-- --json] [-- --help]

Says what of the local AWS runs, where and under which process ids.

  --json  print one JSON object instead of lines

Environment: VAI_STATE_DIR, where state is kept (default localstack/.state)

Exit codes: 0 it is up and answers; 3 it is not, or only a part of it is; 2 wrong usage.`;

/** What runs. Ids and ports are those recorded at the start; a process that ended is marked so. */
export interface Status {
  readonly up: boolean;
  /** The process that is starting or ending it right now. */
  readonly atWork?: number;
  readonly endpoint?: string;
  readonly outputs?: string;
  readonly frontDoor?: { readonly pid: number; readonly port: number; readonly running: boolean };
  readonly emulator?: { readonly pid: number; readonly port: number; readonly running: boolean };
}

/** The status of one state folder; default as for every command. */
export async function statusOf(stateDir?: string): Promise<Status> {
  const state = stateFolder(stateDir);
  const recorded = readProcesses(state.processes);
  const outputs = await outputsIfUp(state);
  const processes = recorded && {
    frontDoor: {
      ...{ pid: recorded.frontDoor.pid, port: recorded.port },
      running: isRunning(recorded.frontDoor),
    },
    emulator: {
      ...{ pid: recorded.emulator.pid, port: recorded.emulatorPort },
      running: isRunning(recorded.emulator),
    },
  };
  const atWork = holderOf(lockOf(state))?.pid;
  if (!outputs) return { up: false, ...(atWork !== undefined && { atWork }), ...processes };
  return { up: true, endpoint: outputs.endpoint, outputs: shownPath(state.outputs), ...processes };
}

export function describeStatus(status: Status): string {
  if (status.atWork !== undefined) {
    return `The local AWS is being started or ended by process ${status.atWork}: ask again in half a minute.`;
  }
  if (status.frontDoor === undefined || status.emulator === undefined) {
    return 'The local AWS is not running. "npm run local:up" starts it.';
  }
  const line = (name: string, { pid, port, running }: NonNullable<Status["emulator"]>) =>
    `  ${name}  process ${pid}, port ${port}${running ? "" : ", has ended"}`;
  const heading = status.up
    ? `The local AWS is up at ${status.endpoint}; ${status.outputs} says the rest.`
    : 'The local AWS is not up, but was started. "npm run local:down" clears what is left of it.';
  return [heading, line("front door", status.frontDoor), line("emulator  ", status.emulator)].join(
    "\n",
  );
}

await runCommand(import.meta, HELP, { json: { type: "boolean" } }, async (given) => {
  const status = await statusOf();
  process.stdout.write(`${given.has("json") ? JSON.stringify(status) : describeStatus(status)}\n`);
  return status.up ? 0 : 3;
});
