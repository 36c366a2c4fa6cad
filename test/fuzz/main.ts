import { parseArgs } from "node:util";
import { cliFuzzer } from "./cli.ts";
import { constraintsFuzzer } from "./constraints.ts";
import { coursesFuzzer } from "./courses.ts";
import type { Fuzzer } from "./fuzzer.ts";
import { strictFuzzer } from "./strict.ts";
import { verifierFuzzer } from "./verifier.ts";

const FUZZERS: Readonly<Record<string, Fuzzer>> = {
  cli: cliFuzzer,
  constraints: constraintsFuzzer,
  courses: coursesFuzzer,
  strict: strictFuzzer,
  verifier: verifierFuzzer,
};

const HELP = `Usage: npm run fuzz -- [NAME…] [--inputs N] [--seed N]

Feeds parts of this software with inputs that nobody would write; without a name all of them.

${Object.entries(FUZZERS)
  .map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`)
  .join("\n")}

  --inputs N   how many each (default 10000)
  --seed N     the same seed gives the same inputs (default 1)

Exit codes: 0 no failure, 1 failures, 2 wrong usage.`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      inputs: { type: "string", default: "10000" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean" },
    },
    allowPositionals: true,
  });
  const [inputs, seed] = [Number(values.inputs), Number(values.seed)];
  const names = positionals.length === 0 ? Object.keys(FUZZERS) : positionals;
  const isUsable = Number.isInteger(inputs) && Number.isInteger(seed);
  if (values.help === true || !isUsable || names.some((name) => !Object.hasOwn(FUZZERS, name))) {
    process.stdout.write(`${HELP}\n`);
    return values.help === true ? 0 : 2;
  }
  let failed = 0;
  for (const name of names) {
    const report = await FUZZERS[name]?.run(seed, inputs);
    for (const { input, what } of report?.failures ?? []) {
      process.stdout.write(`${name} seed ${seed} input ${input}: ${JSON.stringify(what)}\n`);
    }
    failed += report?.failureCount ?? 0;
    process.stdout.write(`${name}: ${inputs} inputs, ${report?.failureCount} failures\n`);
  }
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
