import { join } from "node:path";
import { vaiLine } from "../../lib/cli/self.ts";
import { withoutAws } from "../machine/environment.ts";
import { REPOSITORY_ROOT } from "../machine/paths.ts";
import { run } from "../machine/run.ts";

/** What one `vai` command left: `code` is its exit status. */
interface Said {
  readonly code: number;
  readonly text: string;
}

/** The project's own command, as a person runs it in the work folder. */
export interface Vai {
  /** The command line that is shown, and that a person could type. */
  line(args: readonly string[]): string;
  /**
   * Runs it.
   * @throws Error with its message when it could not do its work (exit codes 4 and 5; 2, unless it printed what was
   * wrong as its answer)
   */
  run(args: readonly string[]): Promise<Said>;
  /** `run` of a command with `--json`, parsed. */
  json<T>(args: readonly string[]): Promise<T>;
}

/** Whether a command did its work, or printed what was wrong with it as its answer. */
export const hasAnswered = (code: number | null, printed: string): code is number =>
  code === 0 || code === 1 || code === 3 || (code === 2 && printed !== "");

/** How `vai` is run. */
export interface VaiOptions {
  readonly work: string;
  /** `outputs.json` of the deployment: what `VAI_OUTPUTS` names. */
  readonly outputsFile: string;
  readonly signal: AbortSignal;
}

/** `vai` as a child process for each command, told about the deployment as a person would tell it. */
export function vaiIn({ work, outputsFile, signal }: VaiOptions): Vai {
  const main = join(REPOSITORY_ROOT, "lib", "cli", "main.js");
  const env = {
    ...withoutAws(process.env),
    VAI_OUTPUTS: outputsFile,
    // Twenty short processes: each finds what the one before it compiled.
    NODE_COMPILE_CACHE: join(work, "..", "compile-cache"),
  };
  const line = (args: readonly string[]) => `$ ${vaiLine(...args)}`;
  const start = async (args: readonly string[]): Promise<Said> => {
    const { code, stdout, stderr } = await run(process.execPath, [main, ...args], {
      cwd: work,
      env,
      signal,
    });
    if (hasAnswered(code, stdout)) return { code, text: stdout.trimEnd() };
    throw new Error(`${line(args).slice(2)} ended with code ${code}: ${stderr.trim()}`);
  };
  return {
    line,
    run: start,
    json: async (args) => JSON.parse((await start(args)).text),
  };
}
