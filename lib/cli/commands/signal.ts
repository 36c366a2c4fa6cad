import { Argument } from "commander";
import type { AddCommand } from "../command.ts";
import { readDeployment } from "../deployment.ts";
import { contractNamed } from "../order/contract-named.ts";
import { addOrderOptions, type OrderOptions } from "../order/options.ts";
import { sendOrder } from "../order/send.ts";
import { signedOrder } from "../order/sign.ts";

const KINDS = ["context", "policy", "risk"] as const;

/** `vai signal`: tells of one contract that the world, its policy or its risk has changed, in a person's or a machine's name. */
export const signalCommand: AddCommand = (command, io, end) => {
  addOrderOptions(
    command
      .addArgument(new Argument("<kind>", "what has changed").choices(KINDS))
      .argument("<contract>", "its digest, or the file of a contract"),
  )
    .addHelpText(
      "after",
      '\nIt ends the contract and its identities if the contract\'s revokeOn lists the kind (contextChanged, policyChanged, riskSignal); else it is recorded, answered with NOTED, and ends nothing. A machine that may do nothing else has "may": ["signal"] in its entry of the trust policy.',
    )
    .action(async (kind: (typeof KINDS)[number], given: string, options: OrderOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const { digest, contract } = contractNamed(given);
      const verb = { do: "signal", kind, contractDigest: digest } as const;
      const event = { ...signedOrder(deployment, verb, options), ...contract };
      end(await sendOrder(io, deployment, { to: "revoke", event }, options));
    });
};
