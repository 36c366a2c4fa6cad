import { parseArgs } from "node:util";
import { LocalAwsError } from "../../localstack/machine/errors.ts";
import { shownProgress, silent } from "../../localstack/machine/progress.ts";
import { Functions } from "../matrix/functions.ts";
import { withPlane } from "../matrix/own-plane.ts";
import { LOCAL_RACES, type LocalReport, playLocalRaces } from "./local-races.ts";

const HELP = `Usage: npm run races:local -- [options]

Authority is used while it is denied, by the functions' own code under their deployed roles on a local AWS. Each call comes
later by chance. Then the clock moves on, sweep runs, and evidence, the feed of AWS and the targets are judged.

  --races N       how many, in turn of each kind; without it 1000
  --seed N        of the delays; without it 1
  --only PATTERN  races whose name matches this regular expression:
                  ${LOCAL_RACES.map(({ name }) => name).join("\n                  ")}
  --json          for machines: one object at the end

Environment:
  VAI_STATE_DIR  use the local AWS of this state folder, started with VAI_ALLOW_FAULTS=1

Exit codes: 0 no violation, 1 violations; 2 wrong usage; 130 interrupted, and nothing is left running.`;

interface Options {
  readonly races: number;
  readonly seed: number;
  readonly only: RegExp;
  readonly isJson: boolean;
}

function readOptions(): Options {
  const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
  try {
    const { values } = parseArgs({
      options: { races: text, seed: text, only: text, json: flag, help: flag },
      strict: true,
    });
    if (values.help === true) endWith(0, HELP);
    const only = new RegExp(values.only ?? "");
    if (!LOCAL_RACES.some(({ name }) => only.test(name))) throw new Error("--only matches no race");
    return {
      races: readCount("races", values.races ?? "1000"),
      seed: readCount("seed", values.seed ?? "1"),
      only,
      isJson: values.json === true,
    };
  } catch (error) {
    endWith(2, `${(error as Error).message}\n\n${HELP}`);
  }
}

function readCount(name: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${name} ${text} is not a number from 1`);
  return Number(text);
}

function endWith(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exit(code);
}

function showProgress(line: string): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
}

function textOf({ played, answers, violations }: LocalReport, seconds: number): string {
  const counted = Object.entries(answers).map(([answer, times]) => `${times} × ${answer}`);
  const told = violations.map(
    ({ invariant, what, chainId, race, seeds }) =>
      `violated: ${invariant}\n  ${what}${chainId === undefined ? "" : ` (${chainId})`}\n  ${race}, seeds ${seeds}`,
  );
  return [
    ...counted,
    ...told,
    `${played} races in ${seconds} s, ${violations.length} violations`,
  ].join("\n");
}

async function play({ only, isJson, ...count }: Options, signal: AbortSignal): Promise<number> {
  const started = performance.now();
  const progress = process.stderr.isTTY ? shownProgress() : silent;
  const report = await withPlane({ progress, signal }, async (plane) => {
    const undo: (() => unknown)[] = [];
    try {
      const ending = { after: (last: () => unknown) => void undo.unshift(last) };
      const functions = await Functions.of(ending, plane);
      const stage = { plane, functions, isOver: () => signal.aborted };
      const races = { ...count, only: (name: string) => only.test(name) };
      return await playLocalRaces(stage, races, (played, violations, race) =>
        showProgress(`${played}/${count.races}, ${violations} violations: ${race}`),
      );
    } finally {
      for (const last of undo) {
        // Of an interrupted one the local AWS is gone already, with whatever was to be undone there.
        await Promise.resolve(last()).catch((error: unknown) => {
          if (!signal.aborted) throw error;
        });
      }
    }
  });
  const seconds = Math.round((performance.now() - started) / 1000);
  showProgress("");
  const text = isJson ? JSON.stringify({ ...report, seconds }) : textOf(report, seconds);
  process.stdout.write(`${text}\n`);
  if (signal.aborted) return 130;
  return report.violations.length === 0 ? 0 : 1;
}

const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupt.abort());
try {
  process.exitCode = await play(readOptions(), interrupt.signal);
} catch (error) {
  if (!(error instanceof LocalAwsError) && !interrupt.signal.aborted) throw error;
  if (!interrupt.signal.aborted) process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = interrupt.signal.aborted ? 130 : 1;
}
