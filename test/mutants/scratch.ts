import { type ChildProcess, spawn } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { testEnvironment } from "../support/environment.ts";
import { MARK, type Red } from "./first-red.ts";

/** Not copied: what is installed, started or built. */
const LEFT = /^(?:node_modules|\.git|dist|cdk\.out|\.venv.*|\.state.*|__pycache__|play)$/;

/** How tests ended. `timeout`: they did not, and were ended. */
export type Run =
  | { readonly kind: "green" }
  | { readonly kind: "red"; readonly red: Red }
  | { readonly kind: "timeout" };

/** Entry by entry: `cpSync` refuses a copy that lies inside the tree, where tests have their temporary files. */
function copyTree(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (LEFT.test(entry.name)) continue;
    const [source, copy] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyTree(source, copy);
    else if (entry.isFile()) copyFileSync(source, copy);
  }
}

/** A copy of the tree that is edited instead of it, for one worker. */
export class Scratch {
  readonly #root = mkdtempSync(join(tmpdir(), "vai-mutants-"));
  readonly #temporary = join(this.#root, "tmp");
  readonly #tree = join(this.#root, "tree");

  #child: ChildProcess | undefined;

  constructor() {
    process.once("exit", this.#atExit);
    mkdirSync(this.#temporary);
    copyTree(REPOSITORY_ROOT, this.#tree);
    symlinkSync(join(REPOSITORY_ROOT, "node_modules"), join(this.#tree, "node_modules"), "dir");
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.#tree, file), text);
  }

  /** Runs test files in one process, in this order, to the first red. */
  run(files: readonly string[], timeout: number): Promise<Run> {
    const how = ["--test", "--test-isolation=none", "--test-reporter=./test/mutants/first-red.ts"];
    const child = spawn(process.execPath, [...how, ...files], {
      cwd: this.#tree,
      env: {
        ...testEnvironment(this.#temporary),
        NODE_COMPILE_CACHE: join(this.#root, "compiled"),
      },
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#child = child;
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    return new Promise((resolve, reject) => {
      let isOver = false;
      const timer = setTimeout(() => {
        isOver = true;
        child.kill("SIGKILL");
      }, timeout);
      child.once("error", reject);
      child.once("close", (code) => {
        clearTimeout(timer);
        if (isOver) resolve({ kind: "timeout" });
        else resolve(code === 0 ? { kind: "green" } : { kind: "red", red: this.#redIn(said) });
      });
    });
  }

  /** Whoever interrupts a run leaves neither a process nor a copy. */
  readonly #atExit = (): void => {
    this.#child?.kill("SIGKILL");
    this.remove();
  };

  remove(): void {
    process.off("exit", this.#atExit);
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** Without the reporter's line the process ended by itself: the mutant breaks more than one test. */
  #redIn(said: string): Red {
    const line = said.split("\n").find((each) => each.startsWith(MARK));
    if (line === undefined) return { file: undefined, test: "the process ended" };
    const { file, test } = JSON.parse(line.slice(MARK.length)) as Red;
    return { file: file?.slice(this.#tree.length + 1), test };
  }
}
