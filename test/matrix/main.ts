import { parseArgs } from "node:util";
import { LocalAwsError } from "../../localstack/machine/errors.ts";
import { shownProgress, silent } from "../../localstack/machine/progress.ts";
import { type Part, partOf, shortOf, wholeOf } from "./cells.ts";
import { COURSES } from "./courses.ts";
import { FAULT_KINDS } from "./faults.ts";
import { Functions } from "./functions.ts";
import { withPlane } from "./own-plane.ts";
import { playMatrix, type Report } from "./play.ts";

const HELP = `Usage: npm run matrix -- [options]

Every AWS call of every function goes wrong in turn, in each of these ways: ${FAULT_KINDS.join(", ")}.
Then the clock moves on, sweep runs, and evidence, the feed of AWS and the targets are judged.

  --only PATTERN  courses whose name matches this regular expression:
                  ${COURSES.map(({ name }) => name).join(", ")}
  --part K/N      the Kth of N parts of the cells, for example 1/4
  --short         the sample that is in npm test
  --json          for machines: one object at the end

Environment:
  VAI_STATE_DIR  use the local AWS of this state folder, started with VAI_ALLOW_FAULTS=1

Exit codes: 0 no violation, 1 violations, or nothing could be played; 2 wrong usage; 130 interrupted,
and nothing is left running.`;

interface Options {
  readonly only: RegExp;
  readonly part: Part;
  readonly isShort: boolean;
  readonly isJson: boolean;
}

function readOptions(): Options {
  const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
  try {
    const { values } = parseArgs({
      options: { only: text, part: text, short: flag, json: flag, help: flag },
      strict: true,
    });
    if (values.help === true) endWith(0, HELP);
    const only = new RegExp(values.only ?? "");
    const part = readPart(values.part ?? "1/1");
    return { only, part, isShort: values.short === true, isJson: values.json === true };
  } catch (error) {
    endWith(2, `${(error as Error).message}\n\n${HELP}`);
  }
}

function readPart(text: string): Part {
  const [, part, parts] = /^([1-9]\d?)\/([1-9]\d?)$/.exec(text) ?? [];
  const [index, of] = [Number(part) - 1, Number(parts)];
  if (!(index >= 0 && index < of)) throw new Error(`--part ${text} is not K/N`);
  return { index, of };
}

function endWith(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exit(code);
}

/** On a terminal a line that is written over; nothing in a pipe. */
function showProgress(done: number, total: number, violations: number, title: string): void {
  if (!process.stderr.isTTY) return;
  const line = `${done}/${total}, ${violations} violations: ${title}`;
  process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
}

function textOf({ cells, missed, violations }: Report, seconds: number): string {
  const told = violations.map(
    ({ invariant, what, chainId, cells: of }) =>
      `violated: ${invariant}\n  ${what}${chainId === undefined ? "" : ` (${chainId})`}\n  ${of.join("\n  ")}`,
  );
  const counted = `${cells} cells in ${seconds} s, ${violations.length} violations`;
  const gone = missed.length === 0 ? "" : `; the call of ${missed.length} did not come`;
  return [...told, ...missed.map((title) => `did not come: ${title}`), counted + gone].join("\n");
}

async function play(
  { only, part, isShort, isJson }: Options,
  signal: AbortSignal,
): Promise<number> {
  const started = performance.now();
  const progress = process.stderr.isTTY ? shownProgress() : silent;
  const report = await withPlane({ progress, signal }, async (plane) => {
    const undo: (() => unknown)[] = [];
    const ending = { after: (last: () => unknown) => void undo.unshift(last) };
    try {
      const functions = await Functions.of(ending, plane);
      const stage = { plane, functions, isOver: () => signal.aborted };
      const choose = isShort ? shortOf : wholeOf;
      return await playMatrix(stage, (clean) => partOf(part, choose(clean)), {
        only: (name) => only.test(name),
        tell: showProgress,
      });
    } finally {
      for (const last of undo) await last();
    }
  });
  const seconds = Math.round((performance.now() - started) / 1000);
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  process.stdout.write(
    `${isJson ? JSON.stringify({ ...report, seconds }) : textOf(report, seconds)}\n`,
  );
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
