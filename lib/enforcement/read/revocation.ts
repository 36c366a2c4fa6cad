import { type ReadContract, readContract } from "../../contract/contract.ts";
import { type ReadCommand, readCommand } from "../../lifecycle/command.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../../refusal.ts";
import type { Verb } from "../../trust/verbs.ts";
import { eventProblem } from "./event.ts";

/** The verbs of `revoke`; all others are commands of `govern`. */
const REVOKING: ReadonlySet<Verb> = new Set([
  "revokeIdentity",
  "revokeContract",
  "revokeDelegation",
  "signal",
  "haltActor",
  "haltPlane",
  "revokeKey",
  "revokePlaneKey",
]);

/** An event of `revoke` after stage `parse`. */
export interface RevocationEvent {
  readonly command: ReadCommand;
  readonly cosign: unknown;
  /** A contract that need never have been seen; it is judged by its issuer, since it may open its intent. */
  readonly contract: ReadContract | undefined;
  /** Where these members stand in what was sent: a JSON pointer. */
  readonly at: string;
}

/** A pointer into the members, as one into what was sent: whoever wrote an EventBridge event looks there. */
export const placed = (refusal: Refusal, at: string): Refusal =>
  refusal.pointer === undefined ? refusal : { ...refusal, pointer: `${at}${refusal.pointer}` };

const malformed = (detail: string, where: string): Refusal =>
  refuse("COMMAND_MALFORMED", detail, where);

/** What EventBridge puts around its `detail`; it is transport, and only the signature counts. */
const DETAIL_TYPE = "vai-command";
const MEMBERS = ["command", "contract", "cosign"];

/** Reads an event strictly, before any signature work and any AWS call. */
export function readRevocation(raw: unknown): RevocationEvent | Refusal {
  if (!isObject(raw)) return malformed("the event is not a JSON object", "");
  const problem = eventProblem(raw);
  if (problem !== undefined) return malformed(`the event ${problem.detail}`, problem.pointer);
  const [event, at] = "detail-type" in raw ? [raw["detail"], "/detail"] : [raw, ""];
  if (at !== "" && raw["detail-type"] !== DETAIL_TYPE) {
    return malformed(`must be ${DETAIL_TYPE}`, "/detail-type");
  }
  if (!isObject(event)) return malformed("must be a JSON object", at);
  const foreign = Object.keys(event).find((name) => !MEMBERS.includes(name));
  if (foreign !== undefined) {
    return malformed("is not a member of this event", pointer(at, [foreign]));
  }
  const members = readMembers(event);
  return isRefusal(members) ? placed(members, at) : { ...members, at };
}

function readMembers(
  event: Readonly<Record<string, unknown>>,
): Omit<RevocationEvent, "at"> | Refusal {
  const command = readCommand(event["command"]);
  if (isRefusal(command)) return command;
  const { claims } = command;
  if (!REVOKING.has(claims.do)) {
    return malformed(`${claims.do} is a command of govern`, "/command/do");
  }
  const { contract: given, cosign } = event;
  if (given === undefined) return { command, cosign, contract: undefined };
  if (!("contractDigest" in claims)) {
    return malformed(`has no use beside ${claims.do}`, "/contract");
  }
  const contract = readContract(given);
  if (isRefusal(contract)) return malformed(contract.detail, contract.pointer ?? "/contract");
  return contract.digest === claims.contractDigest
    ? { command, cosign, contract }
    : malformed(`has the digest ${contract.digest}`, "/contract");
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
