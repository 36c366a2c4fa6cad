import { Command } from "commander";
import { VERSION } from "../config.ts";
import { contractCommand } from "./commands/contract.ts";
import { credentialsCommand } from "./commands/credentials.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { executeCommand } from "./commands/execute.ts";
import { explainCommand } from "./commands/explain.ts";
import { exportCommand } from "./commands/export.ts";
import { issueCommand } from "./commands/issue.ts";
import { keysCommand } from "./commands/keys.ts";
import { policyCommand } from "./commands/policy.ts";
import { traceCommand } from "./commands/trace.ts";
import { trustCommand } from "./commands/trust.ts";
import { verifyCommand } from "./commands/verify.ts";
import { isLocal } from "./deployment.ts";
import { endingOf } from "./ending.ts";
import { EXIT, type ExitCode, type Io } from "./io.ts";
import { visible } from "./visible.ts";

/** Adds one command; it sets the exit code by returning it, or throws a {@link CommandError}. */
export type AddCommand = (program: Command, io: Io, end: (code: ExitCode) => void) => void;

const COMMANDS: readonly AddCommand[] = [
  keysCommand,
  contractCommand,
  trustCommand,
  policyCommand,
  issueCommand,
  executeCommand,
  credentialsCommand,
  traceCommand,
  exportCommand,
  verifyCommand,
  explainCommand,
  doctorCommand,
];

/** Runs one command line. @returns the exit code (see {@link EXIT}). */
export async function runCli(args: readonly string[], given: Io): Promise<ExitCode> {
  // The one way to a screen: whatever a command says, nothing in it is obeyed by a terminal.
  const io: Io = {
    ...given,
    out: (text) => given.out(visible(text)),
    err: (text) => given.err(visible(text)),
  };
  let exitCode: ExitCode = EXIT.done;
  const program = buildProgram(io, (code) => {
    exitCode = code;
  });
  let outputs: string | undefined;
  program.hook("preAction", (_program, command) => {
    outputs = command.opts()["outputs"];
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    return endingOf(io, error, () => isLocal(io, outputs));
  }
}

function buildProgram(io: Io, end: (code: ExitCode) => void): Command {
  const program = new Command("vai")
    .description("Trust plane for autonomous agents on AWS: proofs, contracts, authority, evidence")
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError("(see vai --help, or the command's own --help)")
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    })
    .addHelpText(
      "after",
      "\nExit codes: 0 done, 1 refused, failed or defective, 2 unreadable input, 3 consistent but untrusted (of doctor: not everything could be looked at), 4 unreachable, 5 not known whether it was done.",
    );
  for (const add of COMMANDS) add(program, io, end);
  return program;
}
