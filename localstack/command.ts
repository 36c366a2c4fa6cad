import { parseArgs } from "node:util";
import { outliveReader } from "../lib/cli/pipes.js";
import { LocalAwsError } from "./machine/errors.ts";

/** Options of a command, as `node:util` `parseArgs` takes them; all are flags. */
export type Flags = Readonly<Record<string, { readonly type: "boolean" }>>;

/**
 * Runs `main` when the module is the program that was started, and not when it is imported.
 * `--help` prints the help; a wrong option or an error that a person can act on prints its message
 * and ends with code 2 or 1; `main` returns the exit code of all else.
 *
 * @param module `import.meta` of the calling module
 */
export async function runCommand(
  module: ImportMeta,
  help: string,
  flags: Flags,
  main: (given: ReadonlySet<string>) => Promise<number>,
): Promise<void> {
  if (!module.main) return;
  for (const stream of [process.stdout, process.stderr]) outliveReader(stream);
  process.exitCode = await command(help, flags, main);
}

async function command(
  help: string,
  flags: Flags,
  main: (given: ReadonlySet<string>) => Promise<number>,
): Promise<number> {
  let given: ReadonlySet<string>;
  try {
    const options = { ...flags, help: { type: "boolean" } } as const;
    given = new Set(Object.keys(parseArgs({ options, strict: true }).values));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${help}\n`);
    return 2;
  }
  if (given.has("help")) {
    process.stdout.write(`${help}\n`);
    return 0;
  }
  try {
    return await main(given);
  } catch (error) {
    const text = error instanceof LocalAwsError ? error.message : ((error as Error).stack ?? error);
    process.stderr.write(`${text}\n`);
    return 1;
  }
}
