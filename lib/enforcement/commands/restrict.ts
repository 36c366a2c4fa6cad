import { toInstant } from "../../clock.ts";
import { FUNCTION_TIMEOUT_SECONDS } from "../../config.ts";
import { REGISTRY_CHAIN } from "../../evidence/chain.ts";
import type { ReadCommand } from "../../lifecycle/command.ts";
import type { OpenIdentity } from "../../lifecycle/ports.ts";
import { judgeKey, type Restricting, restricted } from "../../lifecycle/restrict.ts";
import { Fault, isRefusal, type Refusal } from "../../refusal.ts";
import type { RevokeDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { type Changed, changeRestrictions } from "./change-restrictions.ts";
import type { CommandAnswer } from "./command.ts";
import { owe, settleOwed } from "./owed.ts";
import type { Signed } from "./restriction-record.ts";

/** Milliseconds that an invocation can last: so long may go on what has read the heads before. */
const INVOCATION = FUNCTION_TIMEOUT_SECONDS * 1000;

/**
 * Stops a plane, an actor or a key: nothing is granted, redeemed or begun from here on, whatever else holds. The same
 * command again finds itself in the restrictions and changes nothing.
 */
export async function restrict(
  judgement: Judgement<RevokeDeps>,
  signed: Signed<Restricting>,
): Promise<CommandAnswer | Failure> {
  const { deps } = judgement;
  const { command } = signed;
  const recorded = await deps
    .within(PATIENCE, commitRecorded(judgement, signed))
    .catch((fault: unknown) => withoutRecord(fault, command));
  if (recorded !== undefined) {
    return isRefusal(recorded) ? judgement.fail(recorded) : answered(judgement, command, recorded);
  }
  const refused = await owe(deps, command);
  return refused === undefined ? answered(judgement, command, undefined) : judgement.fail(refused);
}

/** Milliseconds that a denial waits for its record before it is committed without one (PROTOCOL.md §6). */
const PATIENCE = 2_000;

/** What the signer or the store could not do now; what needs two names is never committed without its record. */
function withoutRecord(fault: unknown, { claims }: ReadCommand<Restricting>): undefined {
  if (!(fault instanceof Fault) || claims.do === "revokePlaneKey") throw fault;
  return undefined;
}

type Recorded = Changed & { readonly isFull: boolean };

async function commitRecorded(
  judgement: Judgement<RevokeDeps>,
  signed: Signed<Restricting>,
): Promise<Recorded | Refusal> {
  const { deps } = judgement;
  const { command } = signed;
  const settled = await settleOwed(judgement);
  if (settled !== undefined) return settled;
  let isFull = false;
  const changed = await changeRestrictions(judgement, signed, (trust) => {
    // A publication that came meanwhile may have made it a key of the plane.
    const foreign = judgeKey(command, trust.published, deps.anchors);
    if (foreign !== undefined) return foreign;
    const next = restricted(trust.restrictions, command);
    isFull = next.instead !== undefined;
    return next;
  });
  return isRefusal(changed) ? changed : { ...changed, isFull };
}

async function answered(
  { deps, now }: Judgement<RevokeDeps>,
  command: ReadCommand<Restricting>,
  recorded: Recorded | undefined,
): Promise<CommandAnswer> {
  const isHalt = recorded?.isFull === true || command.claims.do.startsWith("halt");
  const requestedAt = recorded?.before ?? toInstant(now);
  return {
    ok: true,
    deduplicated: recorded?.before !== undefined,
    state: isHalt ? "HALTED" : "REVOKED",
    inFlight: await coveredNow(deps, command, recorded?.isFull === true),
    points: [{ point: "adapter", requestedAt, ...reachedAt(deps, recorded?.before) }],
    ...(recorded !== undefined && { evidence: { chainId: REGISTRY_CHAIN, seq: recorded.seq } }),
  };
}

/** What had read the heads before may still begin: a halt has reached the adapter one function's life later. */
function reachedAt(
  { clock }: RevokeDeps,
  before: string | undefined,
): { readonly acknowledgedAt?: string } {
  if (before === undefined) return {};
  const reached = Date.parse(before) + INVOCATION;
  return clock() >= reached ? { acknowledgedAt: toInstant(reached) } : {};
}

/** Identities that it covers and that are open, by what operators see; nothing is judged by their number. */
async function coveredNow(
  { open }: RevokeDeps,
  { claims }: ReadCommand<Restricting>,
  isFull: boolean,
): Promise<number> {
  const identities = await open.identities();
  return identities.filter((each) => isFull || covers(claims, each)).length;
}

function covers(claims: Restricting, { actor, jkt }: OpenIdentity): boolean {
  switch (claims.do) {
    case "haltPlane":
    case "revokePlaneKey":
      return true;
    case "haltActor":
      return actor === claims.actorId;
    case "revokeKey":
      return jkt === claims.jkt;
  }
}
