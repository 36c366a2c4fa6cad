import type { Command } from "commander";
import type { ExitCode, Io } from "./io.ts";

/** Gives a command what it takes and does; it sets the exit code by `end`, or throws a `CommandError`. */
export type AddCommand = (command: Command, io: Io, end: (code: ExitCode) => void) => void;
