import { visibleLine } from "./visible.ts";

/** What a command talks to. Everything is an argument, so a test sees what a person would. */
export interface Io {
  /** One line for people or one JSON document for machines. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Colour and progress only here. */
  readonly isTerminal: boolean;
  /** Between two askings for the same; milliseconds. */
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/**
 * Exit codes of every command: 0 done; 1 the answer is no (refused, the action failed, evidence with a defect, a
 * deployment with a problem); 2 the input or the command line cannot be read; 3 nothing is wrong in what was seen, and
 * not everything was (evidence without an anchor, `vai doctor` without permissions, a denial that stands and has not come
 * everywhere yet, an execution whose duties are not due yet); 4 the plane or a dependency cannot
 * be reached; 5 something may have been done, and nobody can say that it was: a script must neither go on nor begin
 * anew. `vai credentials … -- command` ends as its command does.
 */
export const EXIT = {
  done: 0,
  no: 1,
  unreadable: 2,
  untrusted: 3,
  unreachable: 4,
  unknown: 5,
} as const;
/** One of {@link EXIT}, or the code of a program that a command ran. */
export type ExitCode = number;

/** Set for whatever this process starts: a profile whose credential_process is `vai` would start it without end. */
export const STARTED_BY_VAI = "VAI_STARTED_BY_VAI";

/** Ends a command with a message that says what to do next. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Prints one result: as JSON with `--json`, else as the lines a person reads. */
export function report(io: Io, asJson: boolean, value: unknown, lines: readonly string[]): void {
  io.out(asJson ? JSON.stringify(value, null, 2) : lines.map(visibleLine).join("\n"));
}
