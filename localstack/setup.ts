import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { withoutAws } from "./machine/environment.ts";
import { LocalAwsError } from "./machine/errors.ts";
import { readIfThere } from "./machine/files.ts";
import { withLock } from "./machine/lock.ts";
import { LOCALSTACK_FOLDER, REPOSITORY_ROOT } from "./machine/paths.ts";
import { type Progress, shownProgress, silent } from "./machine/progress.ts";
import { findPython, PYTHON_NAMES } from "./machine/python.ts";
import { run } from "./machine/run.ts";

const NODE_MAJOR = 24;
const VENV = ".venv";
const BUILDING = ".venv-building-";
const REPLACED = ".venv-replaced-";
const STAMP = "requirements.sha256";
/** Another process may be downloading on a slow line. */
const LOCK_PATIENCE = 10 * 60_000;

/** Where a Python environment lives and how it is checked; the defaults are the emulator's. */
export interface SetupOptions {
  /** What is in it, for people. */
  readonly what?: string;
  /** Folder with `requirements.txt`, in which `.venv` is made. */
  readonly folder?: string;
  readonly progress?: Progress;
  /** Names or paths of Python interpreters, the first good one is used. */
  readonly pythons?: readonly string[];
  /** Modules that must be importable, else the environment counts as broken. */
  readonly modules?: readonly string[];
}

/**
 * Makes sure that the Python environment of the emulator is there, whole and made from the present
 * `requirements.txt`, and makes it when not. Safe when several processes do so at once: one
 * builds, the others wait and use it.
 *
 * @returns absolute path of its Python. Run scripts with that, never a console script of the
 * environment: those hold the temporary name under which it was built.
 * @throws LocalAwsError that says what to install or to do
 */
export async function ensureEmulator(options: SetupOptions = {}): Promise<string> {
  requireNode();
  const folder = options.folder ?? LOCALSTACK_FOLDER;
  const modules = options.modules ?? ["ministack", "cryptography"];
  const python = join(folder, VENV, "bin", "python");
  const stamp = stampOf(folder);
  const isGood = async () => stampIs(folder, stamp) && (await imports(python, modules));
  if (await isGood()) return python;
  await withLock(
    join(folder, ".venv-lock"),
    LOCK_PATIENCE,
    async () => {
      if (await isGood()) return;
      await build({ folder, modules, stamp, options });
    },
    options.progress,
  );
  return python;
}

/** The same for cfn-lint, with which the tests judge the stacks' templates. */
export const ensureCfnLint = (progress: Progress = silent): Promise<string> =>
  ensureEmulator({
    what: "cfn-lint",
    folder: join(REPOSITORY_ROOT, "infra/cfn-lint"),
    modules: ["cfnlint"],
    progress,
  });

/** @throws LocalAwsError when the running Node is too old for this repository. */
export function requireNode(version: string = process.versions.node): void {
  if (Number.parseInt(version, 10) >= NODE_MAJOR) return;
  throw new LocalAwsError(
    `This runs on Node ${NODE_MAJOR} or later, not ${version}. Run "npm ci": it installs Node ` +
      `${NODE_MAJOR} as a development dependency, which every npm script then uses.`,
  );
}

function stampOf(folder: string): string {
  return createHash("sha256")
    .update(readFileSync(join(folder, "requirements.txt")))
    .digest("hex");
}

function stampIs(folder: string, stamp: string): boolean {
  return readIfThere(join(folder, VENV, STAMP)) === stamp;
}

async function imports(python: string, modules: readonly string[]): Promise<boolean> {
  if (!existsSync(python)) return false;
  const code = modules.map((name) => `import ${name}`).join("\n");
  const result = await run(python, ["-I", "-c", code]).catch(() => undefined);
  return result?.code === 0;
}

interface Build {
  readonly folder: string;
  readonly modules: readonly string[];
  readonly stamp: string;
  readonly options: SetupOptions;
}

async function build({ folder, modules, stamp, options }: Build): Promise<void> {
  const { what = "the emulator", progress = silent } = options;
  removeLeftovers(folder);
  const base = await findPython(options.pythons ?? PYTHON_NAMES);
  const temporary = join(folder, `${BUILDING}${randomBytes(4).toString("hex")}`);
  try {
    progress(`making a Python environment for ${what} with Python ${base.version}`);
    await step(base.path, ["-m", "venv", temporary], "Making a Python environment");
    progress(`installing ${what} (once)`);
    const python = join(temporary, "bin", "python");
    await step(python, pipArguments(folder), `Installing the Python packages of ${what}`);
    if (!(await imports(python, modules))) throw new LocalAwsError(brokenMessage(base.path, what));
    writeFileSync(join(temporary, STAMP), stamp);
    swapIn(folder, temporary);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function pipArguments(folder: string): string[] {
  const requirements = join(folder, "requirements.txt");
  // Not compiled at once: Python does that with what is imported, a small part of it.
  const quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"];
  return ["-m", "pip", "install", ...quiet, "--require-hashes", "-r", requirements];
}

async function step(program: string, args: readonly string[], what: string): Promise<void> {
  const result = await run(program, args, { env: withoutAws(process.env) });
  if (result.code === 0) return;
  const detail = (result.stderr || result.stdout).trim().split("\n").slice(-12).join("\n");
  throw new LocalAwsError(
    `${what} failed:\n${detail}\nCheck the network, the disk and that the Python above has its ` +
      "venv module (Debian, Ubuntu: apt install python3-venv), then run the same command again.",
  );
}

function brokenMessage(python: string, what: string): string {
  return (
    `The Python environment made with ${python} cannot import ${what}. Install another ` +
    "Python (3.10 to 3.13) and run the same command again."
  );
}

/** The old environment is moved away first: a folder cannot be renamed onto one that has content. */
function swapIn(folder: string, made: string): void {
  const venv = join(folder, VENV);
  const replaced = join(folder, `${REPLACED}${randomBytes(4).toString("hex")}`);
  if (existsSync(venv)) renameSync(venv, replaced);
  renameSync(made, venv);
  rmSync(replaced, { recursive: true, force: true });
}

/** What a crash left behind. Called under the lock, so nobody is at work in it. */
function removeLeftovers(folder: string): void {
  const left = readdirSync(folder).filter((n) => n.startsWith(BUILDING) || n.startsWith(REPLACED));
  for (const name of left) rmSync(join(folder, name), { recursive: true, force: true });
}

const HELP = `Usage: node localstack/setup.ts [--help]

Makes the Python environment of the local AWS (localstack/.venv) when it is missing, broken or made
from other requirements. Needs Python 3.10 or later with its venv module, and the network once.

Exit codes: 0 it is there; 1 it could not be made, the message says why and what to do.`;

await runCommand(import.meta, HELP, {}, async () => {
  await ensureEmulator({ progress: shownProgress() });
  return 0;
});
