import type { ExitCode } from "../../../lib/cli/io.ts";
import { runCli } from "../../../lib/cli/program.ts";

/** What a command printed and how it ended. */
export interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line as in a pipe, in an empty environment. */
export async function run(...args: string[]): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCli(args, {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    environment: {},
    isTerminal: false,
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
