import { randomUUID } from "node:crypto";
import { systemClock, toSeconds } from "../../clock.ts";
import { signJws } from "../../encoding/jws.ts";
import { present } from "../../encoding/present.ts";
import { type Command as Claims, readCommand } from "../../lifecycle/command.ts";
import { isRefusal } from "../../refusal.ts";
import { keyOf } from "../commands/contract.ts";
import type { Deployment } from "../deployment.ts";
import { CommandError, EXIT } from "../io.ts";
import { readKey } from "../key-file.ts";
import type { CosignedOptions } from "./options.ts";

export const ORDER_TYPE = "vai-command+jwt";
/** Seconds: the longest that a command may live, so that a second person has time. */
export const ORDER_LIFE = 300;

/** An order in an operator's name, and in a second one's where it takes two. */
export interface SignedOrder {
  readonly command: string;
  readonly cosign?: string;
}

/** A verb with its own members. */
type Verb = {
  readonly [Name in Claims["do"]]: Ordered<Extract<Claims, { do: Name }>>;
}[Claims["do"]];
type Ordered<One> = Omit<One, "iss" | "iat" | "exp" | "aud" | "jti" | "reason">;

/** Whose name a verb needs: a review is an auditor's, every other order an operator's. */
type Who = "operator" | "auditor";

/** Signs an order. What the plane would not read is said here, before anything is sent. @throws {CommandError}. */
export function signedOrder(
  deployment: Deployment,
  verb: Verb,
  options: Omit<CosignedOptions, "wait">,
  who: Who = "operator",
): SignedOrder {
  const iss = options.as ?? deployment.names?.[who];
  if (iss === undefined) throw new CommandError(EXIT.unreadable, "give --as NAME");
  const iat = toSeconds(systemClock());
  const { plane: aud } = deployment;
  const shared = { iss, iat, exp: iat + ORDER_LIFE, aud, jti: randomUUID() };
  const claims = { ...shared, reason: options.reason, ...verb };
  const command = signJws(ORDER_TYPE, claims, keyOf(deployment, who, options.key));
  claimsOf({ command });
  const second = options.cosignKey === undefined ? undefined : readKey(options.cosignKey);
  return { command, ...present({ cosign: second && signJws(ORDER_TYPE, claims, second) }) };
}

/** What an order says. @throws {CommandError} for what the plane would not read. */
export function claimsOf({ command }: Pick<SignedOrder, "command">): Claims {
  const read = readCommand(command);
  if (isRefusal(read)) {
    throw new CommandError(EXIT.unreadable, `${read.pointer?.split("/").at(-1)}: ${read.detail}`);
  }
  return read.claims;
}
