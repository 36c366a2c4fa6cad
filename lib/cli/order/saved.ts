import { toInstant } from "../../clock.ts";
import { type SigningKey, signJws } from "../../encoding/jws.ts";
import { type Command as Claims, readCommand } from "../../lifecycle/command.ts";
import { isRefusal } from "../../refusal.ts";
import type { Deployment } from "../deployment.ts";
import { readJson, writeNew, writtenLine } from "../files.ts";
import { CommandError, EXIT } from "../io.ts";
import { vaiLine } from "../self.ts";
import { unmistakable } from "../visible.ts";
import { ORDER_LIFE, ORDER_TYPE, type SignedOrder } from "./sign.ts";

/** An order as it lies in a file, with what it says; nobody has verified who signed it. */
export interface SavedOrder {
  readonly command: string;
  readonly claims: Claims;
}

/** Writes an order for a second person. @returns what to say of it. @throws {CommandError}. */
export function saveOrder(path: string, order: SignedOrder): string[] {
  writeNew(path, `${JSON.stringify(order)}\n`);
  return [
    `saved      ${writtenLine(path, false)}; nothing was sent`,
    `within     ${ORDER_LIFE} s another operator, or an auditor, looks at it and sends it in their name too:`,
    `next       ${vaiLine("order", "show", path)}`,
    `fill in    ${vaiLine("order", "send", path, "--key", "FILE")}`,
  ];
}

/** @throws {CommandError} for what is no order. */
export function readOrder(path: string): SavedOrder {
  const { command } = (readJson(path) ?? {}) as { readonly command?: unknown };
  const read = readCommand(command);
  if (isRefusal(read)) {
    throw new CommandError(EXIT.unreadable, `${path} is no order: give the file of --out`);
  }
  return { command: read.jws.compact, claims: read.claims };
}

/** The same order with a second signature over the same payload, byte for byte: what was read is in canonical form. */
export const cosignedOrder = ({ command, claims }: SavedOrder, key: SigningKey): SignedOrder => ({
  command,
  cosign: signJws(ORDER_TYPE, claims, key),
});

/** What the second person is about to put their name to. */
export function orderLines({ claims }: Pick<SavedOrder, "claims">): string[] {
  const { do: verb, iss, iat, exp, aud, jti: _, reason, ...members } = claims;
  const target = unmistakable(Object.values(members).join(" "));
  return [
    `order      ${[verb, target].filter(Boolean).join(" ")}`,
    `signed by  ${iss}, at ${toInstant(iat * 1000)}: ${reason}`,
    `plane      ${aud}`,
    `until      ${toInstant(exp * 1000)}`,
    "signature  not checked here: the plane checks the first name's when the order is sent",
  ];
}

/** An order that the plane would refuse gets no second name. `now` in milliseconds. @throws {CommandError}. */
export function requireAlive({ claims: { exp } }: Pick<SavedOrder, "claims">, now: number): void {
  if (now < exp * 1000) return;
  throw new CommandError(
    EXIT.no,
    `the order has ended, at ${toInstant(exp * 1000)} by this machine's clock: have it signed anew, with --out FILE, and send it within ${ORDER_LIFE} s`,
  );
}

/** Nor does one that somebody meant for another plane. @throws {CommandError}. */
export function requireOf(
  { claims: { aud } }: Pick<SavedOrder, "claims">,
  { plane, path }: Pick<Deployment, "plane" | "path">,
): void {
  if (aud === plane) return;
  throw new CommandError(
    EXIT.no,
    `the order is for ${aud}, and ${path} is of ${plane}: give --outputs FILE of the order's plane; nothing was signed or sent`,
  );
}
