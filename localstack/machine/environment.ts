import { mkdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** What programs need besides our own settings to start at all. Nothing about AWS is in it. */
const PASSED_ON = ["LANG", "LC_ALL", "TZ", "TERM", "SystemRoot"] as const;

/**
 * The whole environment of a child process: `PATH` (the running Node first, because the emulator
 * runs functions with the `node` of its path), a home and temporary folder inside `scratch`, and
 * `settings`. Built from nothing, so no AWS profile, credential, region or configuration file of
 * the person's own reaches a child, and the SDK is told not to look for any.
 *
 * @param scratch absolute folder; `home` and `tmp` are made in it
 */
export function cleanEnvironment(
  scratch: string,
  settings: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const home = join(scratch, "home");
  const temporary = join(scratch, "tmp");
  for (const folder of [home, temporary]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const passed = PASSED_ON.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(passed),
    PATH: [dirname(process.execPath), process.env["PATH"] ?? "/usr/bin:/bin"].join(delimiter),
    HOME: home,
    TMPDIR: temporary,
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    ...settings,
  };
}

/** The environment without its AWS variables, for a child that needs the rest (network, proxies). */
export function withoutAws(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^AWS_/i.test(name)));
}
