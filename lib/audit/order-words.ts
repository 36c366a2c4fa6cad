import { readJws } from "../encoding/jws.ts";
import type { Detail } from "../evidence/record.ts";
import { textIn } from "./plain-text.ts";

/** What each verb is about, and which member of the command names it. */
const OBJECTS: ReadonlyMap<unknown, readonly [what: string, member: string]> = new Map([
  ["revokeIdentity", ["identity", "identityId"]],
  ["revokeContract", ["contract", "contractDigest"]],
  ["revokeDelegation", ["block", "block"]],
  ["signal", ["contract", "contractDigest"]],
  ["haltActor", ["actor", "actorId"]],
  ["revokeKey", ["key", "jkt"]],
  ["revokePlaneKey", ["plane key", "jkt"]],
  ["reinstateActor", ["actor", "actorId"]],
  ["reinstateKey", ["key", "jkt"]],
  ["liftQuarantine", ["role", "path"]],
  ["reviewBreakGlass", ["contract", "contractDigest"]],
]);

/** Who ordered what, of what, with whose second key, and why. */
export const orderWords = (detail: Detail): string =>
  `${textIn(detail, "by")} ordered ${textIn(detail, "do")}${objectOf(detail)}${secondOf(detail)}: ${textIn(detail, "reason")}`;

/** The detail has the verb alone; what it is about stands in the signed command. */
function objectOf({ command, do: verb }: Detail): string {
  const object = OBJECTS.get(verb);
  const claims = commandIn(command)?.payload;
  if (object === undefined || claims === undefined) return "";
  const [what, member] = object;
  const kind = verb === "signal" ? ` ${textIn(claims, "kind")}` : "";
  return `${kind} of ${what} ${textIn(claims, member)}`;
}

/** Both names sign the same payload, so of the second there is its key: the trust policy says whose that is. */
function secondOf({ cosign }: Detail): string {
  const second = commandIn(cosign);
  return second === undefined ? "" : `, signed too with key ${textIn(second.header, "kid")}`;
}

function commandIn(compact: unknown) {
  const read = readJws(compact, "vai-command+jwt");
  return read.ok ? read.value : undefined;
}
