import { setTimeout } from "node:timers/promises";
import { Command } from "commander";
import { VERSION } from "../config.ts";
import type { AddCommand } from "./command.ts";
import { endingOf } from "./ending.ts";
import { EXIT, type ExitCode, type Io } from "./io.ts";
import { visible } from "./visible.ts";

/** A command as `vai --help` lists it; what it takes and does is loaded when it is the one that is meant. */
interface Listed {
  readonly name: string;
  readonly description: string;
  readonly load: () => Promise<AddCommand>;
}

const COMMANDS: readonly Listed[] = [
  {
    name: "keys",
    description: "keys of agents, issuers, deciders, anchors",
    load: async () => (await import("./commands/keys.ts")).keysCommand,
  },
  {
    name: "contract",
    description: "execution contracts",
    load: async () => (await import("./commands/contract.ts")).contractCommand,
  },
  {
    name: "register",
    description: "binds a contract, so that evaluators and approvers can speak of it",
    load: async () => (await import("./commands/register.ts")).registerCommand,
  },
  {
    name: "attest",
    description: "says yes, no or nothing to a decision or an obligation, in an evaluator's name",
    load: async () => (await import("./commands/attest.ts")).attestCommand,
  },
  {
    name: "approve",
    description:
      "shows what a contract or a delegation would allow, word by word, and approves exactly that",
    load: async () => (await import("./commands/approve.ts")).approveCommand,
  },
  {
    name: "supersede",
    description: "decides anew on an intent, which ends every contract under earlier decisions",
    load: async () => (await import("./commands/supersede.ts")).supersedeCommand,
  },
  {
    name: "trust",
    description: "the trust policy: whom the plane believes",
    load: async () => (await import("./commands/trust.ts")).trustCommand,
  },
  {
    name: "policy",
    description: "shows the derived session policy, its size and the enforcement map",
    load: async () => (await import("./commands/policy.ts")).policyCommand,
  },
  {
    name: "issue",
    description: "asks the trust plane to run one action under a contract",
    load: async () => (await import("./commands/issue.ts")).issueCommand,
  },
  {
    name: "execute",
    description: "redeems a handle: asks the trust plane to run its one action now",
    load: async () => (await import("./commands/execute.ts")).executeCommand,
  },
  {
    name: "delegate",
    description: "hands authority on: designates another executor, for no more than is held",
    load: async () => (await import("./commands/delegate.ts")).delegateCommand,
  },
  {
    name: "withdraw",
    description: "takes back what was handed on, with all that was handed on from there",
    load: async () => (await import("./commands/withdraw.ts")).withdrawCommand,
  },
  {
    name: "chain",
    description: "chains: who designated whom, for what, and whether that holds",
    load: async () => (await import("./commands/chain.ts")).chainCommand,
  },
  {
    name: "credentials",
    description: "obtains an AWS session under a contract, for an unmodified AWS client",
    load: async () => (await import("./commands/credentials.ts")).credentialsCommand,
  },
  {
    name: "status",
    description: "shows what is alive, stopped, owed and refused in a plane",
    load: async () => (await import("./commands/status.ts")).statusCommand,
  },
  {
    name: "revoke",
    description:
      "ends an identity, a contract, a delegation, or what a key may, in an operator's name",
    load: async () => (await import("./commands/revoke.ts")).revokeCommand,
  },
  {
    name: "halt",
    description: "stops the plane or an actor, in an operator's name",
    load: async () => (await import("./commands/halt.ts")).haltCommand,
  },
  {
    name: "lift",
    description: "lifts a halt, a revoked key or a quarantine, by two names",
    load: async () => (await import("./commands/lift.ts")).liftCommand,
  },
  {
    name: "order",
    description: "shows and sends an order that somebody else signed, in a second name",
    load: async () => (await import("./commands/order.ts")).orderCommand,
  },
  {
    name: "review",
    description: "says what an auditor found of a use under break-glass, and so closes it",
    load: async () => (await import("./commands/review.ts")).reviewCommand,
  },
  {
    name: "signal",
    description: "tells of a contract that the world, its policy or its risk has changed",
    load: async () => (await import("./commands/signal.ts")).signalCommand,
  },
  {
    name: "trace",
    description:
      "tells what happened under one intent, or in another chain: reason, limits, every use, the end",
    load: async () => (await import("./commands/trace.ts")).traceCommand,
  },
  {
    name: "identity",
    description:
      "answers six questions about one identity: reason, contract, limits, use, end, failures",
    load: async () => (await import("./commands/identity.ts")).identityCommand,
  },
  {
    name: "metrics",
    description:
      "counts, over verified evidence, refusals by contracts that say too little, unused identities, violations",
    load: async () => (await import("./commands/metrics.ts")).metricsCommand,
  },
  {
    name: "export",
    description: "writes the plane's evidence to a folder, for vai verify and for auditors",
    load: async () => (await import("./commands/export.ts")).exportCommand,
  },
  {
    name: "verify",
    description: "verifies exported evidence offline: every record, seal, link and trust policy",
    load: async () => (await import("./commands/verify.ts")).verifyCommand,
  },
  {
    name: "manifest",
    description: "compares two exports: whether what was in the earlier one is still there",
    load: async () => (await import("./commands/manifest.ts")).manifestCommand,
  },
  {
    name: "explain",
    description: "says what a refusal code means and what to do next",
    load: async () => (await import("./commands/explain.ts")).explainCommand,
  },
  {
    name: "doctor",
    description: "checks a deployment, read-only, and says what is wrong and what to do",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand,
  },
];

/** What a command is run with; whoever waits may be a test. */
type Given = Omit<Io, "sleep"> & Partial<Pick<Io, "sleep">>;

/** Runs one command line. @returns the exit code (see {@link EXIT}). */
export async function runCli(args: readonly string[], given: Given): Promise<ExitCode> {
  // The one way to a screen: whatever a command says, nothing in it is obeyed by a terminal.
  const io: Io = {
    sleep: setTimeout,
    ...given,
    out: (text) => given.out(visible(text)),
    err: (text) => given.err(visible(text)),
  };
  let exitCode: ExitCode = EXIT.done;
  const program = buildProgram(io);
  await loadMeant(program, args, io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    return endingOf(io, error);
  }
}

function buildProgram(io: Io): Command {
  const program = new Command("vai")
    .description("Trust plane for autonomous agents on AWS: proofs, contracts, authority, evidence")
    .version(VERSION)
    .exitOverride()
    // Else a command's value that begins as one of the program's own options would be taken for it: a thumbprint that
    // begins with -V would print the version and exit 0, and nothing would be verified.
    .enablePositionalOptions()
    .showHelpAfterError("(see vai --help, or the command's own --help)")
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    })
    .addHelpText(
      "after",
      "\nExit codes: 0 done, 1 refused, failed or defective, 2 unreadable input, 3 consistent but untrusted (of doctor: not everything could be looked at; of revoke and halt: it stands, and has not come everywhere yet; of issue and execute: it was done, and not all that it promises is seen yet), 4 unreachable, 5 not known whether it was done.",
    );
  for (const { name, description } of COMMANDS) program.command(name).description(description);
  return program;
}

/** Loads the one command that a command line means, also as `vai help <command>`. None of the program's own options takes a value. */
async function loadMeant(
  program: Command,
  args: readonly string[],
  io: Io,
  end: (code: ExitCode) => void,
): Promise<void> {
  const [first, second] = args.filter((arg) => !arg.startsWith("-"));
  const meant = first === "help" ? second : first;
  const command = program.commands.find((each) => each.name() === meant);
  const add = await COMMANDS.find(({ name }) => name === meant)?.load();
  if (command !== undefined) add?.(command, io, end);
}
