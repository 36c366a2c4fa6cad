import { parseArgs } from "node:util";
import { chainFuzzer } from "./chain.ts";
import { cliFuzzer } from "./cli.ts";
import { constraintsFuzzer } from "./constraints.ts";
import { coursesFuzzer } from "./courses.ts";
import type { Fuzzer, IsOver } from "./fuzzer.ts";
import { narrowingFuzzer } from "./narrowing.ts";
import { PARSER_FUZZERS } from "./parsers.ts";
import { strictFuzzer } from "./strict.ts";
import { verifierFuzzer } from "./verifier.ts";

const FUZZERS: Readonly<Record<string, Fuzzer>> = {
  chain: chainFuzzer,
  cli: cliFuzzer,
  constraints: constraintsFuzzer,
  courses: coursesFuzzer,
  narrowing: narrowingFuzzer,
  strict: strictFuzzer,
  verifier: verifierFuzzer,
  ...PARSER_FUZZERS,
};

const HELP = `Usage: npm run fuzz -- [NAME…] [--inputs N] [--minutes N] [--seed N]

Feeds parts of this software with inputs that nobody would write; without a name all of them.

${Object.entries(FUZZERS)
  .map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
  .join("\n")}

  --inputs N   how many each (default 10000; with --minutes a million)
  --minutes N  how long each at most; what comes first ends it
  --seed N     the same seed gives the same inputs (default 1)

Exit codes: 0 no failure, 1 failures, 2 wrong usage.`;

/** Inputs between two looks at the clock, and at the terminal. */
const LOOK_EVERY = 64;

/** Over when its minutes are; shows on a terminal how far it has come. */
function watched(name: string, minutes: number): IsOver {
  const end = performance.now() + minutes * 60_000;
  return (inputs, failures) => {
    if (inputs % LOOK_EVERY !== 0) return false;
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\x1b[K${name}: ${inputs} inputs, ${failures} failures`);
    }
    return performance.now() >= end;
  };
}

interface Options {
  readonly names: readonly string[];
  readonly inputs: number;
  readonly minutes: number;
  readonly seed: number;
}

/** `undefined` for what nobody can run. */
function readOptions(values: Readonly<Record<string, unknown>>, named: readonly string[]) {
  const minutes = Number(values["minutes"] ?? Number.POSITIVE_INFINITY);
  const inputs = Number(values["inputs"] ?? (minutes === Number.POSITIVE_INFINITY ? 1e4 : 1e6));
  const seed = Number(values["seed"]);
  const names = named.length === 0 ? Object.keys(FUZZERS) : named;
  const isUsable = Number.isInteger(inputs) && Number.isInteger(seed) && minutes > 0;
  const isKnown = names.every((name) => Object.hasOwn(FUZZERS, name));
  return isUsable && isKnown ? { names, inputs, minutes, seed } : undefined;
}

async function main(): Promise<number> {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    options: {
      ...{ inputs: text, minutes: text, seed: { ...text, default: "1" } },
      help: { type: "boolean" },
    },
    allowPositionals: true,
  });
  const options = readOptions(values, positionals);
  if (values.help !== true && options !== undefined) return runAll(options);
  process.stdout.write(`${HELP}\n`);
  return values.help === true ? 0 : 2;
}

/** @returns the exit code. */
async function runAll({ names, inputs, minutes, seed }: Options): Promise<number> {
  let failed = 0;
  for (const name of names) {
    const report = await FUZZERS[name]?.run(seed, inputs, watched(name, minutes));
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    for (const { input, what } of report?.failures ?? []) {
      process.stdout.write(`${name} seed ${seed} input ${input}: ${JSON.stringify(what)}\n`);
    }
    failed += report?.failureCount ?? 0;
    process.stdout.write(`${name}: ${report?.inputs} inputs, ${report?.failureCount} failures\n`);
  }
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
