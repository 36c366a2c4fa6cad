import { parseArgs } from "node:util";
import { playRace, type Report } from "./play.ts";
import { RACES, titleOf } from "./races.ts";

const HELP = `Usage: npm run races -- [options]

Authority is used while it is denied, in every interleaving of their calls to AWS that can make a difference: the
functions' own code over tables, keys and roles in memory. Each interleaving is judged. Nothing is started.

  --only PATTERN   races whose name matches this regular expression:
                   ${RACES.map(titleOf).join("\n                   ")}
  --preemptions N  every schedule that stops a function N times at most, in place of every interleaving
  --json           for machines: one object at the end

Exit codes: 0 nothing was violated, 1 something was; 2 wrong usage; 130 interrupted.`;

interface Options {
  readonly only: RegExp;
  readonly preemptions: number | undefined;
  readonly isJson: boolean;
}

function readOptions(): Options {
  const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
  try {
    const { values } = parseArgs({
      options: { only: text, preemptions: text, json: flag, help: flag },
      strict: true,
    });
    if (values.help === true) endWith(0, HELP);
    const { preemptions } = values;
    if (preemptions !== undefined && !/^\d$/.test(preemptions)) {
      throw new Error(`--preemptions ${preemptions} is not a digit`);
    }
    const only = new RegExp(values.only ?? "");
    if (!RACES.some((race) => only.test(titleOf(race)))) throw new Error("--only matches no race");
    return {
      only,
      preemptions: preemptions === undefined ? undefined : Number(preemptions),
      isJson: values.json === true,
    };
  } catch (error) {
    endWith(2, `${(error as Error).message}\n\n${HELP}`);
  }
}

function endWith(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exit(code);
}

/** On a terminal a line that is written over; nothing in a pipe. */
function showProgress(line: string): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
}

function textOf({ race, complete, answers, violations }: Report, kind: string): string {
  const counted = Object.entries(answers).map(([answer, times]) => `${times} × ${answer}`);
  const told = violations.map(
    ({ what, times, schedule }) =>
      `violated in ${times}: ${what}\n  first by\n    ${schedule.join("\n    ")}`,
  );
  return [`${titleOf(race)}: ${complete} ${kind} (${counted.join("; ")})`, ...told].join("\n");
}

async function main({ only, preemptions, isJson }: Options, signal: AbortSignal): Promise<number> {
  const kind =
    preemptions === undefined ? "interleavings" : `schedules of ${preemptions} preemptions`;
  const reports: Report[] = [];
  for (const race of RACES.filter((each) => only.test(titleOf(each)))) {
    if (signal.aborted) break;
    const report = await playRace(race, {
      ...(preemptions !== undefined && { preemptions }),
      tell: (played, violations) =>
        showProgress(`${titleOf(race)}: ${played} ${kind}, ${violations} violations`),
      isOver: () => signal.aborted,
    });
    reports.push(report);
    showProgress("");
    if (!isJson) process.stdout.write(`${textOf(report, kind)}\n`);
  }
  const total = reports.reduce((sum, { complete }) => sum + complete, 0);
  const violations = reports.reduce((sum, each) => sum + each.violations.length, 0);
  process.stdout.write(
    isJson
      ? `${JSON.stringify({ kind, total, races: reports })}\n`
      : `${total} ${kind} of ${reports.length} races, ${violations} violations\n`,
  );
  if (signal.aborted) return 130;
  return violations === 0 ? 0 : 1;
}

const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupt.abort());
process.exitCode = await main(readOptions(), interrupt.signal);
