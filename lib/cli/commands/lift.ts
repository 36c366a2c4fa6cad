import type { AddCommand } from "../command.ts";
import { readDeployment } from "../deployment.ts";
import { report } from "../io.ts";
import { addCosignOptions, type CosignedOptions } from "../order/options.ts";
import { saveOrder } from "../order/saved.ts";
import { sendOrder } from "../order/send.ts";
import { signedOrder } from "../order/sign.ts";
import { addOrderSend, addOrderShow } from "./order.ts";

/** What each subcommand lifts, and what it is told. */
const LIFTS = {
  plane: { argument: undefined, verb: () => ({ do: "resumePlane" }) as const },
  actor: {
    argument: ["<id>", "id of the actor"],
    verb: (actorId: string) => ({ do: "reinstateActor", actorId }) as const,
  },
  key: {
    argument: ["<jkt>", "thumbprint of the key"],
    verb: (jkt: string) => ({ do: "reinstateKey", jkt }) as const,
  },
  quarantine: {
    argument: ["<role>", "ARN of the execution role"],
    verb: (path: string) => ({ do: "liftQuarantine", path }) as const,
  },
} as const;

/** `vai lift`: takes a halt, a revoked key or a quarantine back for what comes, by two names. */
export const liftCommand: AddCommand = (lift, io, end) => {
  for (const [name, { argument, verb }] of Object.entries(LIFTS)) {
    const command = lift.command(name).description("lifts it for what comes; by two names");
    if (argument !== undefined) command.argument(argument[0], argument[1]);
    addCosignOptions(command).action(async (...given: unknown[]) => {
      const [target = ""] = argument === undefined ? [] : (given as string[]);
      const options = given[argument === undefined ? 0 : 1] as CosignedOptions;
      const deployment = readDeployment(io, options.outputs);
      const order = signedOrder(deployment, verb(target), options);
      if (options.out === undefined) {
        const event = { op: "command", ...order };
        end(await sendOrder(io, deployment, { to: "govern", event }, options));
      } else report(io, options.json === true, order, saveOrder(options.out, order));
    });
  }
  // What both were called before they were of every order that takes two names.
  addOrderShow(lift.command("show", { hidden: true }), io);
  addOrderSend(lift.command("send", { hidden: true }), io, end);
};
