import { CommanderError } from "commander";
import { callProblem } from "../aws/people/call-problem.ts";
import { Fault } from "../refusal.ts";
import { exitOfCall, wordOf } from "./calling.ts";
import { CommandError, EXIT, type ExitCode, type Io } from "./io.ts";
import { visibleLine } from "./visible.ts";

/**
 * How a command ends that did not end by itself, with one line of why.
 * @throws what nobody foresaw: a fault of ours must not look like an answer.
 */
export function endingOf(io: Io, error: unknown): ExitCode {
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
  const problem = callProblem(error);
  if (problem !== undefined) {
    say(wordOf(problem));
    return exitOfCall(problem);
  }
  if (error instanceof Fault) {
    say(error.message);
    return EXIT.no;
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
