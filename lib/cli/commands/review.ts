import type { AddCommand } from "../command.ts";
import { OUTPUTS_HELP, readDeployment } from "../deployment.ts";
import { report } from "../io.ts";
import { contractNamed } from "../order/contract-named.ts";
import type { OrderSendingOptions } from "../order/options.ts";
import { saveOrder } from "../order/saved.ts";
import { sendOrder } from "../order/send.ts";
import { signedOrder } from "../order/sign.ts";

interface Options extends Omit<OrderSendingOptions, "wait"> {
  readonly finding: string;
  readonly as?: string;
  readonly out?: string;
}

const REASON = "review of a use under break-glass";

/** `vai review`: an auditor says what was found of a use under break-glass, and so closes it. */
export const reviewCommand: AddCommand = (command, io, end) => {
  command
    .argument(
      "<contract>",
      "its digest, or the file of a contract; vai status lists it under reviews",
    )
    .requiredOption("--finding <text>", "what was found; it stands in evidence, in your name")
    .option("--as <name>", "the auditor's name in the trust policy (default: the local AWS's)")
    .option("--key <file>", "private JWK of the auditor (default: the local AWS's)")
    .option(
      "--profile <name>",
      "AWS profile that may invoke the function (default: the local AWS's operator)",
    )
    .option("--out <file>", "send nothing: write the signed review for whoever may send it")
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print the answer as JSON")
    .addHelpText(
      "after",
      "\nOne name is enough: an auditor's who neither issued nor approved the contract. The identity must have ended, or the window be over without one. A saved review is sent with vai order send.",
    )
    .action(async (given: string, { finding, ...rest }: Options) => {
      const options = { ...rest, reason: REASON, wait: "0" };
      const deployment = readDeployment(io, options.outputs);
      const { digest: contractDigest } = contractNamed(given);
      const verb = { do: "reviewBreakGlass", contractDigest, finding } as const;
      const order = signedOrder(deployment, verb, options, "auditor");
      if (options.out === undefined) {
        const event = { op: "command", ...order };
        end(await sendOrder(io, deployment, { to: "govern", event }, options));
      } else report(io, options.json === true, order, saveOrder(options.out, order));
    });
};
