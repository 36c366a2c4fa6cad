import { parseArgs } from "node:util";
import type { Judged } from "./judge.ts";
import { type Mutant, readMutants, titleOf } from "./mutant.ts";
import { type Unplaced, unplacedText } from "./place.ts";
import { type Outcome, runMutants } from "./run.ts";

const HELP = `Usage: npm run mutants -- [options]

Breaks the source in one place after the other, in a copy of the tree, and runs the unit tests that can
see it until one is red. Prints what no test notices.

  --only PATTERN  mutants whose file, name or kind matches this regular expression
  --sample N      N of them, evenly picked
  --workers N     copies at work at once; two by default
  --json          for machines: a line for each mutant, as soon as it is judged

Exit codes: 0 each is noticed, or explained beside it; 1 one survived, an anchor is gone, or a test is red
without any mutant; 2 wrong usage; 130 interrupted, and nothing is left behind.`;

interface Chosen {
  readonly mutants: readonly Mutant[];
  readonly workers: number | undefined;
  readonly isJson: boolean;
}

function readOptions(): Chosen {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    const { values } = parseArgs({
      options: { only: text, sample: text, workers: text, json: flag, help: flag },
      strict: true,
    });
    if (values.help === true) endWith(0, HELP);
    const only = new RegExp(values.only ?? "");
    const wanted = readMutants().filter((each) => only.test(`${titleOf(each)} ${each.kind}`));
    const workers = numberIn(values.workers);
    return {
      mutants: evenly(wanted, numberIn(values.sample) ?? wanted.length),
      workers,
      isJson: values.json === true,
    };
  } catch (error) {
    endWith(2, `${(error as Error).message}\n\n${HELP}`);
  }
}

function numberIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`${text} is not a number from 1 to 9999`);
  return Number(text);
}

const evenly = (all: readonly Mutant[], count: number): Mutant[] =>
  all.filter(
    (_, index) =>
      Math.floor((index * count) / all.length) !== Math.floor(((index - 1) * count) / all.length),
  );

function endWith(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exit(code);
}

/** On a terminal a line that is written over; nothing in a pipe. */
function showProgress({ mutant, result }: Judged, done: number, total: number): void {
  if (!process.stderr.isTTY) return;
  const line = `${done}/${total} ${result} ${titleOf(mutant)}`;
  process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  if (done === total) process.stderr.write("\r\x1b[K");
}

const of = ({ judged }: Outcome, result: Judged["result"]): Judged[] =>
  judged.filter((each) => each.result === result);

function textOf(outcome: Outcome): string {
  const survivors = of(outcome, "survived").map(
    ({ mutant }) =>
      `survived: ${titleOf(mutant)}\n- ${mutant.anchor}\n+ ${mutant.replacement || "(nothing)"}`,
  );
  const needless = of(outcome, "needlesslyExplained").map(
    ({ mutant, by }) => `explained although a test shows it: ${titleOf(mutant)} (${by})`,
  );
  const [killed, explained] = [of(outcome, "killed"), of(outcome, "explained")];
  return [
    ...outcome.unplaced.map(unplacedText),
    ...needless,
    ...survivors,
    `${outcome.judged.length} mutants: ${killed.length} killed, ${explained.length} survive with an explanation, ${survivors.length} without`,
  ].join("\n");
}

/** A line as soon as it is known: whoever interrupts an hour's run keeps what it has found. */
const judgedLine = ({ mutant: { file, name, kind }, ...rest }: Judged): string =>
  JSON.stringify({ file, name, kind, ...rest });

const unplacedLine = ({ mutant: { file, name, kind }, problem }: Unplaced): string =>
  JSON.stringify({ file, name, kind, result: "unplaced", problem });

for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => process.exit(130));

const { mutants, workers, isJson } = readOptions();
try {
  const outcome = await runMutants(mutants, {
    ...(workers !== undefined && { workers }),
    onJudged: (judged, done, total) => {
      if (isJson) process.stdout.write(`${judgedLine(judged)}\n`);
      showProgress(judged, done, total);
    },
  });
  const text = isJson ? outcome.unplaced.map(unplacedLine).join("\n") : textOf(outcome);
  if (text !== "") process.stdout.write(`${text}\n`);
  const isGood =
    outcome.unplaced.length === 0 &&
    outcome.judged.every(({ result }) => result === "killed" || result === "explained");
  process.exitCode = isGood ? 0 : 1;
} catch (error) {
  endWith(1, (error as Error).message);
}
