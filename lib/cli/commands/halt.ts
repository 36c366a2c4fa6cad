import type { AddCommand } from "../command.ts";
import { readDeployment } from "../deployment.ts";
import { addOrderOptions, type OrderOptions } from "../order/options.ts";
import { sendOrder } from "../order/send.ts";
import { signedOrder } from "../order/sign.ts";

/** `vai halt`: stops everything, or everything of one actor, by one name. */
export const haltCommand: AddCommand = (halt, io, end) => {
  addOrderOptions(halt.command("plane"))
    .description("nothing is granted, redeemed or begun any more")
    .action(async (options: OrderOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const event = signedOrder(deployment, { do: "haltPlane" }, options);
      end(await sendOrder(io, deployment, { to: "revoke", event }, options));
    });
  addOrderOptions(halt.command("actor").argument("<id>", "id of the actor, as contracts name it"))
    .description("the same for one actor, under each of its keys")
    .action(async (actorId: string, options: OrderOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const event = signedOrder(deployment, { do: "haltActor", actorId }, options);
      end(await sendOrder(io, deployment, { to: "revoke", event }, options));
    });
};
