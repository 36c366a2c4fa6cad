import type { Command } from "commander";
import { OUTPUTS_HELP } from "../deployment.ts";

/** Of whoever sends to `govern` what somebody has signed. */
export interface DeliveryOptions {
  readonly profile?: string;
  readonly outputs?: string;
  readonly json?: true;
}

/** Of whoever says something about a contract: in which name, and whether it is sent from here. */
export interface VoiceOptions extends DeliveryOptions {
  readonly as?: string;
  readonly key?: string;
  readonly policy?: string;
  readonly out?: string;
  readonly send?: true;
}

export const addDeliveryOptions = (command: Command): Command =>
  command
    .option(
      "--profile <name>",
      "AWS profile that may invoke govern, and read the trust policy (default: the local AWS's users)",
    )
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print as JSON");

/** `who`: what the name is in the trust policy, as a person says it. */
export const addVoiceOptions = (command: Command, who: string): Command =>
  addDeliveryOptions(
    command
      .option("--as <name>", `the ${who}'s name in the trust policy (default: the local AWS's)`)
      .option("--key <file>", `private JWK of the ${who} (default: the local AWS's)`)
      .option(
        "--policy <file>",
        "the trust policy's draft, to verify by where the published one cannot be read",
      )
      .option("--out <file>", "send nothing: write what was signed, for a machine that may send")
      .option("--send", "the file is one of --out: sends it, byte for byte; signs nothing"),
  );

/** An option that is given again for each of several. */
export const several = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];
