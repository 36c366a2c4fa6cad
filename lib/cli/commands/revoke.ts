import { existsSync } from "node:fs";
import { contractDigest } from "../../client/request.ts";
import type { Digest } from "../../encoding/digest.ts";
import type { AddCommand } from "../command.ts";
import { readDeployment } from "../deployment.ts";
import { readJson } from "../files.ts";
import { report } from "../io.ts";
import {
  addCosignOptions,
  addOrderOptions,
  type CosignedOptions,
  type OrderOptions,
  saveOrder,
  sendOrder,
  signedOrder,
} from "../order.ts";

/** `vai revoke`: ends one identity, one contract, or whatever a key may. */
export const revokeCommand: AddCommand = (revoke, io, end) => {
  addOrderOptions(revoke.command("identity").argument("<id>", "identityId, as vai trace tells it"))
    .description("ends one identity")
    .action(async (identityId: string, options: OrderOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const order = signedOrder(deployment, { do: "revokeIdentity", identityId }, options);
      end(await sendOrder(io, deployment, "revoke", order, options));
    });
  addOrderOptions(
    revoke.command("contract").argument("<contract>", "its digest, or the file of a contract"),
  )
    .description("ends a contract and all of its identities, presented or not")
    .action(async (given: string, options: OrderOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const { digest, contract } = contractIn(given);
      const verb = { do: "revokeContract", contractDigest: digest } as const;
      const order = { ...signedOrder(deployment, verb, options), ...contract };
      end(await sendOrder(io, deployment, "revoke", order, options));
    });
  addOrderOptions(revoke.command("key").argument("<jkt>", "thumbprint of the key"))
    .description("a key of an executor, or of a party of the trust policy, counts for nothing")
    .action(async (jkt: string, options: OrderOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const order = signedOrder(deployment, { do: "revokeKey", jkt }, options);
      end(await sendOrder(io, deployment, "revoke", order, options));
    });
  addCosignOptions(revoke.command("plane-key").argument("<jkt>", "thumbprint of a plane key"))
    .description("a key of the plane signs nothing any more, for ever; by two names")
    .action(async (jkt: string, options: CosignedOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const order = signedOrder(deployment, { do: "revokePlaneKey", jkt }, options);
      if (options.save === undefined) {
        end(await sendOrder(io, deployment, "revoke", order, options));
      } else report(io, options.json === true, order, saveOrder(options.save, order));
    });
};

/** By digest, or with the contract itself: one that was never presented is known by nothing else. */
function contractIn(given: string): { digest: Digest; contract: { contract?: string } } {
  if (!existsSync(given)) return { digest: given as Digest, contract: {} };
  const { contract } = (readJson(given) ?? {}) as { readonly contract?: unknown };
  const compact = String(contract);
  return { digest: contractDigest(compact), contract: { contract: compact } };
}
