import { existsSync } from "node:fs";
import { join } from "node:path";
import { withoutAws } from "../machine/environment.ts";
import { LocalAwsError } from "../machine/errors.ts";
import { REPOSITORY_ROOT } from "../machine/paths.ts";
import { run } from "../machine/run.ts";

/**
 * Runs the project's own command with `--json` among `args` and returns what it prints. The local
 * set-up makes keys and trust policy with the commands that a person types, with no way around.
 *
 * @throws LocalAwsError with the command and its message when it fails
 */
export async function callVai(
  args: readonly string[],
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<unknown> {
  const main = join(REPOSITORY_ROOT, "lib", "cli", "main.js");
  if (!existsSync(main)) {
    throw new LocalAwsError(`${main} is missing: the clone is not whole. Run "git status".`);
  }
  const result = await run(process.execPath, [main, ...args], {
    cwd: REPOSITORY_ROOT,
    env: withoutAws(process.env),
    signal: options.signal,
  });
  if (result.code !== 0) {
    const said = (result.stderr || result.stdout).trim();
    throw new LocalAwsError(`"vai ${args.join(" ")}" ended with code ${result.code}:\n${said}`);
  }
  return JSON.parse(result.stdout);
}
