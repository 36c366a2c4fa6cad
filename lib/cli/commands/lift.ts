import { systemClock } from "../../clock.ts";
import type { AddCommand } from "../command.ts";
import { OUTPUTS_HELP, readDeployment } from "../deployment.ts";
import { report } from "../io.ts";
import {
  addCosignOptions,
  addSendingOptions,
  type CosignedOptions,
  type OrderSendingOptions,
} from "../order/options.ts";
import {
  cosignedOrder,
  orderLines,
  readOrder,
  requireAlive,
  requireOf,
  saveOrder,
} from "../order/saved.ts";
import { sendOrder } from "../order/send.ts";
import { signedOrder } from "../order/sign.ts";
import { sinceLines } from "../order/since.ts";
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
      if (options.out === undefined) {
        const event = { op: "command", ...order };
        end(await sendOrder(io, deployment, { to: "govern", event }, options));
      } else report(io, options.json === true, order, saveOrder(options.out, order));
    });
  }
  lift
    .command("show")
    .argument("<file>", "an order that somebody else signed, with --out")
    .option("--profile <name>", "AWS profile that may read since when it is stopped")
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print what was signed as JSON")
    .description("shows what a second name would be put to; sends nothing")
    .action(async (path: string, options: Omit<OrderSendingOptions, "key" | "wait">) => {
      const { claims } = readOrder(path);
      requireAlive({ claims }, systemClock());
      const isJson = options.json === true;
      const since = isJson ? [] : await sinceLines(io, claims, options);
      report(io, isJson, claims, [...orderLines({ claims }), ...since]);
    });
  addSendingOptions(
    lift.command("send").argument("<file>", "an order that somebody else signed, with --out"),
  )
    .description("puts a second name to an order, and sends it")
    .action(async (path: string, options: OrderSendingOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const saved = readOrder(path);
      requireOf(saved, deployment);
      requireAlive(saved, systemClock());
      const order = cosignedOrder(saved, keyOf(deployment, "operator2", options.key));
      const preface = orderLines(saved);
      const sending =
        saved.claims.do === "revokePlaneKey"
          ? { to: "revoke" as const, event: order, preface }
          : { to: "govern" as const, event: { op: "command", ...order }, preface };
      end(await sendOrder(io, deployment, sending, options));
    });
};
