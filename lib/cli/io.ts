/** What a command talks to. Everything is an argument, so a test sees what a person would. */
export interface Io {
  /** One line for people or one JSON document for machines. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Colour and progress only here. */
  readonly isTerminal: boolean;
}

/**
 * Exit codes of every command: 0 done; 1 the answer is no (refused, the action failed or its outcome is unknown, or evidence with a defect); 2 the input or the
 * command line cannot be read; 3 consistent but not trusted (`vai verify` without an anchor); 4 the plane or a
 * dependency cannot be reached.
 */
export const EXIT = { done: 0, no: 1, unreadable: 2, untrusted: 3, unreachable: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

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
  io.out(asJson ? JSON.stringify(value, null, 2) : lines.join("\n"));
}
