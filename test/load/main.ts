import { parseArgs } from "node:util";
import { LocalAwsError } from "../../localstack/machine/errors.ts";
import { stateFolder } from "../../localstack/machine/paths.ts";
import { readProcesses } from "../../localstack/machine/processes.ts";
import { shownProgress, silent } from "../../localstack/machine/progress.ts";
import { STATE, withPlane } from "../matrix/own-plane.ts";
import { undoDenials } from "../matrix/undo-denials.ts";
import { type Growth, growthOf, residentOf, type Sample } from "./memory.ts";
import { type LoadReport, runLoad } from "./run.ts";

const HELP = `Usage: npm run load -- [options]

Governed actions, one after the other and four at once, on a local AWS of its own: of twenty, 6 are granted
over all deliveries, 4 refused, 1 is revoked in flight, in 1 a call to AWS goes wrong, and in 8 people decide:
a registration, an approval, a word, a gate, a duty, a rollback, an emergency, its review. Then every window
passes, sweep runs until it has nothing left to do, and all evidence is verified; counters, State, targets
and answers must agree, and the memory of front door and functions must be flat from the 2,000th action on.

  --actions N  how many (default 10000)
  --seed N     the same seed gives the same actions (default 1)
  --json       for machines: one object at the end

Environment:
  VAI_STATE_DIR  use the local AWS of this state folder, started with VAI_ALLOW_FAULTS=1 and used by nobody else

Exit codes: 0 all agrees and memory is flat, 1 it does not; 2 wrong usage; 130 interrupted, and nothing is left
running.`;

/** From here on memory is to be flat: caches are full, and the feed keeps as much as it ever does. */
const SETTLED = 2_000;
const SAMPLE_EVERY = 100;
/** Samples without which a line through them says nothing. */
const FEWEST = 10;

interface Options {
  readonly actions: number;
  readonly seed: number;
  readonly isJson: boolean;
}

function readOptions(): Options {
  const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
  try {
    const { values } = parseArgs({
      options: { actions: text, seed: text, json: flag, help: flag },
      strict: true,
    });
    if (values.help === true) endWith(0, HELP);
    const [actions, seed] = [Number(values.actions ?? 10_000), Number(values.seed ?? 1)];
    const isUsable = Number.isInteger(actions) && actions > 0 && Number.isInteger(seed);
    if (!isUsable) throw new Error("--actions and --seed are whole numbers");
    return { actions, seed, isJson: values.json === true };
  } catch (error) {
    endWith(2, `${(error as Error).message}\n\n${HELP}`);
  }
}

function endWith(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exit(code);
}

const PROCESSES = { frontDoor: "front door", functions: "functions", functionsHeap: "their heap" };
type Measured = keyof typeof PROCESSES;

/** Growth from the 2,000th action on, by what was measured; `undefined` where there were too few to say. */
function growthsOf({ samples }: LoadReport): Readonly<Record<string, Growth>> | undefined {
  const settled = samples.filter(({ actions }) => actions >= SETTLED);
  if (settled.length < FEWEST) return undefined;
  const names = [...(Object.keys(PROCESSES) as Measured[]), "emulator" as const];
  return Object.fromEntries(names.map((name) => [name, growthOf(samples, name, SETTLED)]));
}

/** What is ours is judged; the emulator's own growth is told. */
const areFlat = (growths: ReturnType<typeof growthsOf>): boolean =>
  growths === undefined || Object.keys(PROCESSES).every((name) => growths[name]?.isFlat === true);

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;

function textOf(report: LoadReport, growths: ReturnType<typeof growthsOf>): string {
  const { actions, kinds, chains, records, identities, stateItems, missed, problems } = report;
  const grown = Object.entries(growths ?? {}).map(
    ([name, { from, to, slope, limit, isFlat }]) =>
      `${PROCESSES[name as Measured] ?? "emulator (not ours)"}: ${megabytes(from)} to ${megabytes(to)}, ` +
      `${slope.toFixed(0)} bytes an action, ${isFlat ? "flat" : `more than ${megabytes(limit)}`}`,
  );
  return [
    ...problems.slice(0, 50).map((problem) => `wrong: ${problem}`),
    `${actions} actions in ${Math.round(report.seconds)} s: ${JSON.stringify(kinds)}; ${missed.length} faults hit nothing${missed.length > 0 ? ` (${[...new Set(missed)].join(", ")})` : ""}`,
    `${chains} chains, ${records} records, ${identities} identities, ${stateItems} items of State`,
    ...(growths === undefined ? [`memory is judged from action ${SETTLED} on`] : grown),
    `${problems.length} things are wrong`,
  ].join("\n");
}

async function load({ actions, seed, isJson }: Options, signal: AbortSignal): Promise<number> {
  const progress = process.stderr.isTTY ? shownProgress() : silent;
  const { report } = await withPlane({ progress, signal }, async (plane) => {
    const undo: (() => unknown)[] = [() => undoDenials(plane)];
    const ending = { after: (last: () => unknown) => void undo.unshift(last) };
    try {
      return await runLoad(ending, plane, {
        ...{ actions, seed, isAlone: true, sampleEvery: SAMPLE_EVERY, sample: sampler() },
        ...{ tell, isOver: () => signal.aborted },
      });
    } finally {
      for (const last of undo) await last();
    }
  });
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  const growths = growthsOf(report);
  const whole = { ...report, growths };
  process.stdout.write(`${isJson ? JSON.stringify(whole) : textOf(report, growths)}\n`);
  if (signal.aborted) return 130;
  return report.problems.length === 0 && areFlat(growths) ? 0 : 1;
}

/** On a terminal a line that is written over; nothing in a pipe. */
function tell(done: number, what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${done} ${what}`);
}

function sampler(): (actions: number) => Sample {
  const running = readProcesses(stateFolder(process.env["VAI_STATE_DIR"] ?? STATE).processes);
  return (actions) => {
    // What nobody holds on to is not counted: npm run load has it in its command line.
    globalThis.gc?.();
    return {
      actions,
      frontDoor: residentOf(running?.frontDoor.pid ?? 0),
      functions: residentOf(process.pid),
      functionsHeap: process.memoryUsage().heapUsed,
      emulator: residentOf(running?.emulator.pid ?? 0),
    };
  };
}

const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupt.abort());
try {
  process.exitCode = await load(readOptions(), interrupt.signal);
} catch (error) {
  if (!(error instanceof LocalAwsError) && !interrupt.signal.aborted) throw error;
  if (!interrupt.signal.aborted) process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = interrupt.signal.aborted ? 130 : 1;
}
