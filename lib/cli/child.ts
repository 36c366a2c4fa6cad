import { spawn } from "node:child_process";
import { accessSync, constants as fileConstants } from "node:fs";
import { constants, devNull } from "node:os";
import { delimiter, join, sep } from "node:path";
import type { IssuedCredentials } from "../client/credentials.ts";
import { toInstant } from "../clock.ts";
import { present } from "../encoding/present.ts";
import type { Deployment } from "./deployment.ts";
import { CommandError, EXIT, type Io } from "./io.ts";

/** AWS settings that say nothing about who calls. */
const NEUTRAL =
  /^AWS_(CA_BUNDLE|DEFAULT_OUTPUT|ENDPOINT_URL(_[A-Z0-9_]+)?|MAX_ATTEMPTS|PAGER|RETRY_MODE|USE_DUALSTACK_ENDPOINT|USE_FIPS_ENDPOINT)$/;

/**
 * The environment of a program that works under a contract: everything but the caller's own AWS identity. Without
 * profile, file, metadata service or web identity, a client whose session has ended finds nothing else to become.
 */
export function childEnvironment(
  environment: Io["environment"],
  { region, endpoint }: Pick<Deployment, "region" | "endpoint">,
  { accessKeyId, secretAccessKey, sessionToken, expiration }: IssuedCredentials,
): Record<string, string> {
  const kept = Object.entries(environment).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (!/^AWS_/i.test(entry[0]) || NEUTRAL.test(entry[0])),
  );
  return {
    ...Object.fromEntries(kept),
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    // The SDKs' own name: a client then says that the session is over, instead of trying with it.
    AWS_CREDENTIAL_EXPIRATION: toInstant(expiration.getTime()),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    ...present({ AWS_ENDPOINT_URL: endpoint }),
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

/** Before a use is spent on it: that there is such a program. @throws {CommandError}. */
export function requireProgram(program: string, { PATH = "" }: Io["environment"]): void {
  const places = program.includes(sep)
    ? [program]
    : PATH.split(delimiter).map((each) => join(each, program));
  if (places.some(isExecutable)) return;
  throw new CommandError(EXIT.unreadable, `${program} cannot be started: is it installed?`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, fileConstants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A person's interrupt reaches the child by itself; it decides what to do about it. */
const HELD_BACK = ["SIGINT", "SIGQUIT"] as const;

/**
 * Runs a program on this process's own input and output until it ends.
 * @returns its exit code, or 128 and the signal's number.
 * @throws {CommandError} when it cannot be started.
 */
export function runChild(
  [program = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: "inherit" });
    const wait = (): void => undefined;
    const passOn = (): void => void child.kill("SIGTERM");
    for (const signal of HELD_BACK) process.on(signal, wait);
    process.on("SIGTERM", passOn);
    const settle = (): void => {
      for (const signal of HELD_BACK) process.off(signal, wait);
      process.off("SIGTERM", passOn);
    };
    child.once("error", () => {
      settle();
      reject(new CommandError(EXIT.unreadable, `${program} cannot be started: is it installed?`));
    });
    child.once("exit", (code, signal) => {
      settle();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
