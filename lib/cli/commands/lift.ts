import type { AddCommand } from "../command.ts";
import { readDeployment } from "../deployment.ts";
import { report } from "../io.ts";
import {
  addCosignOptions,
  addSendingOptions,
  type CosignedOptions,
  cosignedOrder,
  type OrderOptions,
  saveOrder,
  sendOrder,
  signedOrder,
} from "../order.ts";
import { keyOf } from "./contract.ts";

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
      if (options.save === undefined) {
        end(await sendOrder(io, deployment, "govern", { op: "command", ...order }, options));
      } else report(io, options.json === true, order, saveOrder(options.save, order));
    });
  }
  addSendingOptions(
    lift.command("send").argument("<file>", "an order that somebody else signed, with --save"),
  )
    .description("cosigns an order as the second name, and sends it")
    .action(async (path: string, options: Omit<OrderOptions, "reason">) => {
      const deployment = readDeployment(io, options.outputs);
      const key = keyOf(deployment, "operator2", options.key);
      const { claims, ...order } = cosignedOrder(path, key);
      const isRevocation = claims.do === "revokePlaneKey";
      const event = isRevocation ? order : { op: "command", ...order };
      end(await sendOrder(io, deployment, isRevocation ? "revoke" : "govern", event, options));
    });
};
