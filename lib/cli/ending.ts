import { CommanderError } from "commander";
import { Fault } from "../refusal.ts";
import { CommandError, EXIT, type ExitCode, type Io } from "./io.ts";
import { visibleLine } from "./visible.ts";

/**
 * How a command ends that did not end by itself, with one line of why.
 * @throws what nobody foresaw: a fault of ours must not look like an answer.
 */
export async function endingOf(
  io: Io,
  error: unknown,
  outputs: string | undefined,
): Promise<ExitCode> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.unreadable;
  const say = (message: string): void => io.err(`vai: ${visibleLine(message)}`);
  if (error instanceof CommandError) {
    say(error.message);
    return error.exitCode;
  }
  if (isFileError(error)) {
    say(`${error.path ?? "a file"} cannot be ${VERBS[error.syscall] ?? "used"}: ${error.code}`);
    return EXIT.unreadable;
  }
  if (error instanceof Fault || isConnectionError(error)) {
    const { message } = error as Error;
    const { isLocal } = await import("./deployment.ts");
    const advice = isLocal(io, outputs)
      ? 'check that the local AWS is up ("npm run local:status")'
      : "check your AWS credentials, the region, and the network";
    say(`${message}; ${advice}`);
    return EXIT.unreachable;
  }
  throw error;
}

interface FileError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: string;
}

const VERBS: Readonly<Record<string, string>> = {
  ...{ open: "opened", read: "read", scandir: "read", stat: "read", lstat: "read", access: "read" },
  ...{ write: "written", mkdir: "made", rename: "written", unlink: "removed", fsync: "written" },
};

/** A folder where a file should be, a full disk, a file that went away: the operating system's own word is the cause. */
const isFileError = (error: unknown): error is FileError =>
  error instanceof Error &&
  "code" in error &&
  "syscall" in error &&
  Object.hasOwn(VERBS, String(error.syscall)) &&
  !("address" in error);

/** Errors of the AWS SDK carry `$metadata`; those of a socket a `code`; `ERR_…` are Node's for wrong use by us. */
const isConnectionError = (error: unknown): boolean =>
  error instanceof Error &&
  ("$metadata" in error || ("code" in error && !/^ERR_(?!TLS|SSL)/.test(String(error.code))));
