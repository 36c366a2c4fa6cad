import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";

/** How to run a program to its end. */
export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Both streams are also appended to this file. */
  readonly log?: string;
  /** Ends the program with SIGTERM when aborted; the promise then rejects. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which the program is ended; then `code` is null. No limit by default. */
  readonly timeout?: number;
}

/** What a program left behind. `code` is its exit status, null when a signal ended it. */
export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program without a shell and waits for its end.
 * Resolves for every exit status; rejects only when it cannot be started or was aborted.
 */
export function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: options.env ?? process.env,
      cwd: options.cwd,
      signal: options.signal,
      stdio: ["ignore", "pipe", "pipe"],
    });
    // Not spawn's own timeout: that one goes on ticking when the program does not exist.
    const limit = options.timeout ? setTimeout(() => child.kill(), options.timeout) : undefined;
    const log = options.log ? createWriteStream(options.log, { flags: "a", mode: 0o600 }) : null;
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        output[name] += text;
        log?.write(text);
      });
    }
    child.on("error", (error) => {
      clearTimeout(limit);
      log?.end();
      reject(error);
    });
    child.on("close", (code) => {
      clearTimeout(limit);
      log?.end();
      resolve({ code, ...output });
    });
  });
}
