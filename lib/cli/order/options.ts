import type { Command } from "commander";
import { OUTPUTS_HELP } from "../deployment.ts";
import { CommandError, EXIT } from "../io.ts";

/** What every order of an operator takes. */
export interface OrderOptions extends OrderSendingOptions {
  readonly reason: string;
  readonly as?: string;
}

/** And one that takes two names. */
export interface CosignedOptions extends OrderOptions {
  readonly cosignKey?: string;
  readonly out?: string;
}

/** Of whoever sends an order, also one that somebody else has signed. */
export interface OrderSendingOptions {
  readonly key?: string;
  readonly profile?: string;
  readonly wait: string;
  readonly outputs?: string;
  readonly json?: true;
}

/** Seconds: longer than a denial may be outstanding before the plane itself calls it failed (PROTOCOL.md §10). */
const WAIT = 150;

export const addOrderOptions = (command: Command): Command =>
  addSendingOptions(
    command
      .requiredOption("--reason <text>", "why; it stands in evidence, in your name")
      .option("--as <name>", "the operator's name in the trust policy (default: the local AWS's)"),
  );

export const addSendingOptions = (command: Command): Command =>
  command
    .option("--key <file>", "private JWK of the operator (default: the local AWS's)")
    .option(
      "--profile <name>",
      "AWS profile that may invoke the function (default: the local AWS's operator)",
    )
    .option(
      "--wait <seconds>",
      "how long to ask again until it is on record and has reached every point",
      String(WAIT),
    )
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print the answer as JSON");

export const addCosignOptions = (command: Command): Command =>
  addOrderOptions(command)
    .option("--cosign-key <file>", "private JWK of the second name, if it is at hand")
    .option("--out <file>", "send nothing: write the signed order for the second person");

/** Milliseconds. @throws {CommandError}. */
export function patienceOf({ wait }: Pick<OrderSendingOptions, "wait">): number {
  if (/^\d{1,5}$/.test(wait)) return Number(wait) * 1000;
  throw new CommandError(EXIT.unreadable, "--wait must be a whole number of seconds");
}
