import { join, relative, resolve, sep } from "node:path";
import { execPath } from "node:process";

/** The checkout that this command is part of. */
const CHECKOUT = resolve(import.meta.dirname, "../..");

/**
 * How a person runs `vai` inside the checkout. Anywhere else npx would look for a package of this name in the public
 * registry, where it is a stranger's: `--no` makes that an error instead of an offer to run it. The `--` keeps options of
 * ours, such as `--help`, from being npx's.
 * Source: https://docs.npmjs.com/cli/commands/npx
 */
const INSIDE = "npx --no -- vai";

/** The words before a command's own, good to be typed in the folder `cwd`: outside the checkout it is named by its path. */
export function vaiFrom(cwd: string): string {
  const way = relative(CHECKOUT, cwd);
  if (way !== ".." && !way.startsWith(`..${sep}`)) return INSIDE;
  return [execPath, join(CHECKOUT, "lib/cli/main.js")].map(shellWord).join(" ");
}

/** A command line of `vai` that a person can type as it stands, where this process runs. */
export const vaiLine = (...args: readonly string[]): string =>
  [vaiFrom(process.cwd()), ...args.map(shellWord)].join(" ");

/** One word for a POSIX shell. */
const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
