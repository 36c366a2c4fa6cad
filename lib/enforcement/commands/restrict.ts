import { toInstant } from "../../clock.ts";
import { FUNCTION_TIMEOUT_SECONDS } from "../../config.ts";
import { REGISTRY_CHAIN } from "../../evidence/chain.ts";
import type { ReadCommand } from "../../lifecycle/command.ts";
import type { OpenIdentity } from "../../lifecycle/ports.ts";
import { judgeKey, type Restricting, restricted } from "../../lifecycle/restrict.ts";
import { isRefusal } from "../../refusal.ts";
import type { RevokeDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { type Changed, changeRestrictions, type Signed } from "./change-restrictions.ts";
import type { CommandAnswer } from "./command.ts";

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
  const { deps, now } = judgement;
  const { command } = signed;
  let isFull = false;
  const changed = await changeRestrictions(judgement, signed, (trust) => {
    const foreign = judgeKey(command, trust.published, deps.anchors);
    if (foreign !== undefined) return foreign;
    const next = restricted(trust.restrictions, command);
    isFull = next.instead !== undefined;
    return next;
  });
  if (isRefusal(changed)) return judgement.fail(changed);
  const isHalt = isFull || command.claims.do.startsWith("halt");
  const running = await coveredNow(deps, command, isFull);
  return {
    ok: true,
    deduplicated: changed.before !== undefined,
    state: isHalt ? "HALTED" : "REVOKED",
    inFlight: running,
    points: [
      {
        point: "adapter",
        requestedAt: changed.before ?? toInstant(now),
        ...reachedAt(deps, changed),
      },
    ],
    evidence: { chainId: REGISTRY_CHAIN, seq: changed.seq },
  };
}

/** What had read the heads before may still begin: a halt has reached the adapter one function's life later. */
function reachedAt(
  { clock }: RevokeDeps,
  { before }: Changed,
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
