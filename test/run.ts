import { type ChildProcess, spawn } from "node:child_process";
import { globSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundle } from "../infra/bundle.ts";
import { LocalAwsError } from "../localstack/machine/errors.ts";
import { REPOSITORY_ROOT } from "../localstack/machine/paths.ts";
import { shownProgress } from "../localstack/machine/progress.ts";
import { ensureCfnLint, ensureEmulator } from "../localstack/setup.ts";
import { testEnvironment } from "./support/environment.ts";
import { endAbandoned, ownTemporary } from "./support/local/state.ts";
import { STARTING } from "./support/starting.ts";

const HELP = `Usage: npm test | npm run test:unit | npm run test:one -- PATTERN

Runs the tests; with none of the options all of them, on a local AWS that is started for them.

  --unit         only what starts no process: no emulator, no functions; needs no Python
  --one PATTERN  only tests whose title matches this regular expression, for example VAI-64

Environment:
  VAI_STATE_DIR  use the local AWS of this state folder (npm run local:up), started if it is down
  the variables of "npm run local:up -- --help"; with AWS_ENDPOINT_URL, what that endpoint cannot
  show is skipped, listed and counted

Exit codes: 0 all passed; 1 a test failed or the set-up did; 2 wrong usage; 130 interrupted, and
nothing is left running.`;

/** Where requests go and as whom, when a person names an endpoint of their own. */
const NAMED_ENDPOINT = /^AWS_(ENDPOINT_URL|ACCESS_KEY_ID|SECRET_ACCESS_KEY)$/;

/** Skips, and counts, what an endpoint that a person named cannot show. */
const SKIPPING = join(REPOSITORY_ROOT, "test", "support", "skip-unenforced.ts");

interface Chosen {
  readonly unit: boolean;
  readonly one: string | undefined;
}

function readOptions(): Chosen {
  const options = { unit: { type: "boolean" }, one: { type: "string" } } as const;
  const help = { help: { type: "boolean" } } as const;
  try {
    const { values } = parseArgs({ options: { ...options, ...help }, strict: true });
    if (values.help === true) endWith(0, HELP);
    return { unit: values.unit === true, one: values.one };
  } catch (error) {
    endWith(2, `${(error as Error).message}\n\n${HELP}`);
  }
}

function endWith(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exit(code);
}

/** Sorted, so that every run has the same order. */
function testFiles({ unit }: Chosen): string[] {
  const cwd = REPOSITORY_ROOT;
  const starting = new Set(unit ? globSync(STARTING, { cwd }) : []);
  return globSync("test/**/*.test.ts", { cwd })
    .filter((file) => !starting.has(file))
    .sort();
}

/** The environment of the tests, with the endpoint that a person names for them. */
function environment(): NodeJS.ProcessEnv {
  const isNamed = process.env["AWS_ENDPOINT_URL"] !== undefined;
  const named = Object.entries(process.env).filter(([name]) => NAMED_ENDPOINT.test(name));
  return {
    ...testEnvironment(ownTemporary()),
    ...(isNamed ? Object.fromEntries(named) : {}),
  };
}

/** All files in one process, so that they share one local AWS. Node's own summary is printed last. */
function startTests(chosen: Chosen): ChildProcess {
  const { one } = chosen;
  const pattern = one === undefined ? [] : [`--test-name-pattern=${one}`];
  const hooks = process.env["AWS_ENDPOINT_URL"] ? ["--import", SKIPPING] : [];
  const quiet = "--disable-warning=ExperimentalWarning";
  const how = [quiet, ...hooks, "--test", "--test-isolation=none", ...pattern];
  const options = [...how, ...testFiles(chosen)];
  return spawn(process.execPath, options, {
    cwd: REPOSITORY_ROOT,
    env: environment(),
    stdio: "inherit",
  });
}

const endOf = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });

async function main(): Promise<number> {
  const chosen = readOptions();
  let child: ChildProcess | undefined;
  let interrupted = false;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      interrupted = true;
      child?.kill("SIGTERM");
    });
  }
  try {
    if (!chosen.unit) {
      await ensureEmulator({ progress: shownProgress() });
      await ensureCfnLint(shownProgress());
    }
    await bundle();
    if (interrupted) return 130;
    child = startTests(chosen);
    const code = await endOf(child);
    return interrupted ? 130 : code;
  } catch (error) {
    if (!(error instanceof LocalAwsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  } finally {
    // A test process that was killed could not end what it had started.
    await endAbandoned();
  }
}

process.exitCode = await main();
