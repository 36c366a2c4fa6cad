import type { Command } from "commander";
import { systemClock } from "../../clock.ts";
import type { AddCommand } from "../command.ts";
import { OUTPUTS_HELP, readDeployment } from "../deployment.ts";
import { type ExitCode, type Io, report } from "../io.ts";
import { addSendingOptions, type OrderSendingOptions } from "../order/options.ts";
import { cosignedOrder, orderLines, readOrder, requireAlive, requireOf } from "../order/saved.ts";
import { sendOrder } from "../order/send.ts";
import { sinceLines } from "../order/since.ts";
import { keyOf } from "./contract.ts";

/** `vai order`: what the second of two names does with an order that the first one signed, whatever it orders. */
export const orderCommand: AddCommand = (order, io, end) => {
  addOrderShow(order.command("show"), io);
  addOrderSend(order.command("send"), io, end);
};

export function addOrderShow(command: Command, io: Io): void {
  command
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
}

export function addOrderSend(command: Command, io: Io, end: (code: ExitCode) => void): void {
  addSendingOptions(command.argument("<file>", "an order that somebody else signed, with --out"))
    .description("puts a second name to an order, and sends it")
    .action(async (path: string, options: OrderSendingOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const saved = readOrder(path);
      requireOf(saved, deployment);
      requireAlive(saved, systemClock());
      const signed = cosignedOrder(saved, keyOf(deployment, "operator2", options.key));
      const preface = orderLines(saved);
      const sending =
        saved.claims.do === "revokePlaneKey"
          ? { to: "revoke" as const, event: signed, preface }
          : { to: "govern" as const, event: { op: "command", ...signed }, preface };
      end(await sendOrder(io, deployment, sending, options));
    });
}
