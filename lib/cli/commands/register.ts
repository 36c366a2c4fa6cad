import { contractDigest } from "../../client/request.ts";
import type { AddCommand } from "../command.ts";
import { readDeployment } from "../deployment.ts";
import { CommandError, EXIT } from "../io.ts";
import { readContractFile } from "../operation.ts";
import { vaiLine } from "../self.ts";
import { deliver } from "../voice/deliver.ts";
import { addDeliveryOptions, type DeliveryOptions } from "../voice/options.ts";

/** `vai register`: binds a contract to its proof before anybody asks for anything under it. */
export const registerCommand: AddCommand = (command, io, end) => {
  addDeliveryOptions(
    command.argument("<file>", "contract and proof, as vai contract sign wrote them"),
  )
    .addHelpText(
      "after",
      "\nNobody signs anything here: contract and decision are signed already. Once it is bound evaluators and approvers can speak of it (vai attest, vai approve), and an objection of theirs stays with it.",
    )
    .action(async (file: string, options: DeliveryOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const { contract, claims, proof } = readContractFile(file);
      if (proof === undefined) {
        throw new CommandError(
          EXIT.unreadable,
          `${file} holds a contract without its proof: give the file of vai contract sign`,
        );
      }
      const digest = contractDigest(contract);
      const steps = claims.authorization_details.filter(({ gate }) => gate === "approval");
      const delivery = {
        event: { op: "register", contract, proof },
        object: `contract ${digest} of ${claims.iss}, ${claims.risk}`,
        next: [
          vaiLine("approve", file, "--show"),
          ...steps.map(({ id }) => vaiLine("approve", file, "--step", id, "--show")),
        ],
      };
      end(await deliver(io, deployment, delivery, options));
    });
};
