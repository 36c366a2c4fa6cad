import type { AddCommand } from "../command.ts";
import { readDeployment } from "../deployment.ts";
import { report } from "../io.ts";
import { contractNamed } from "../order/contract-named.ts";
import { type BlockOptions, delegationNamed } from "../order/delegation-named.ts";
import {
  addCosignOptions,
  addOrderOptions,
  type CosignedOptions,
  type OrderOptions,
} from "../order/options.ts";
import { saveOrder } from "../order/saved.ts";
import { sendOrder } from "../order/send.ts";
import { signedOrder } from "../order/sign.ts";

/** `vai revoke`: ends one identity, one contract, a block that was handed on, or whatever a key may. */
export const revokeCommand: AddCommand = (revoke, io, end) => {
  addOrderOptions(
    revoke.command("identity").argument("<id>", "identityId, as vai status and vai trace tell it"),
  )
    .description("ends one identity")
    .showHelpAfterError("(vai status lists the identities that are alive; see also --help)")
    .action(async (identityId: string, options: OrderOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const event = signedOrder(deployment, { do: "revokeIdentity", identityId }, options);
      end(await sendOrder(io, deployment, { to: "revoke", event }, options));
    });
  addOrderOptions(
    revoke.command("contract").argument("<contract>", "its digest, or the file of a contract"),
  )
    .description("ends a contract and all of its identities, presented or not")
    .action(async (given: string, options: OrderOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const { digest, contract } = contractNamed(given);
      const verb = { do: "revokeContract", contractDigest: digest } as const;
      const event = { ...signedOrder(deployment, verb, options), ...contract };
      end(await sendOrder(io, deployment, { to: "revoke", event }, options));
    });
  addOrderOptions(
    revoke
      .command("delegation")
      .argument("<contract>", "its digest; or a file with the chain, or with the contract")
      .option("--block <digest>", "the block to end, as vai chain show tells it")
      .option("--depth <n>", "instead: its number in the chain of the file; 0 ends all of it"),
  )
    .description("ends a block that was handed on, and all below it; what is beside it goes on")
    .addHelpText(
      "after",
      "\nIdentities under the block end with it. Whoever handed it on gets nothing back: what was handed on stays so. --depth 0 is the contract's own place: everything that was handed on from it ends, and it acts no more itself.",
    )
    .action(async (given: string, options: OrderOptions & BlockOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const { digest, block, contract } = delegationNamed(given, options);
      const verb = { do: "revokeDelegation", contractDigest: digest, block } as const;
      const event = { ...signedOrder(deployment, verb, options), ...contract };
      end(await sendOrder(io, deployment, { to: "revoke", event }, options));
    });
  addOrderOptions(revoke.command("key").argument("<jkt>", "thumbprint of the key"))
    .description("a key of an executor, or of a party of the trust policy, counts for nothing")
    .action(async (jkt: string, options: OrderOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const event = signedOrder(deployment, { do: "revokeKey", jkt }, options);
      end(await sendOrder(io, deployment, { to: "revoke", event }, options));
    });
  addCosignOptions(revoke.command("plane-key").argument("<jkt>", "thumbprint of a plane key"))
    .description("a key of the plane signs nothing any more, for ever; by two names")
    .action(async (jkt: string, options: CosignedOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const event = signedOrder(deployment, { do: "revokePlaneKey", jkt }, options);
      if (options.out === undefined) {
        end(await sendOrder(io, deployment, { to: "revoke", event }, options));
      } else report(io, options.json === true, event, saveOrder(options.out, event));
    });
};
