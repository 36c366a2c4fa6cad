import { toInstant, toSeconds } from "../../clock.ts";
import { INVOCATION_MILLISECONDS } from "../../config.ts";
import { REGISTRY_CHAIN } from "../../evidence/chain.ts";
import type { ReadCommand } from "../../lifecycle/command.ts";
import type { Denials } from "../../lifecycle/points.ts";
import type { OpenIdentity } from "../../lifecycle/ports.ts";
import { AHEAD, judgeKey, type Restricting, restricted } from "../../lifecycle/restrict.ts";
import { wholeRole } from "../../lifecycle/revocation-policy.ts";
import { Fault, isRefusal, type Refusal } from "../../refusal.ts";
import { namesOfKey, type TrustPolicy } from "../../trust/policy.ts";
import type { Limits } from "../../trust/restrictions.ts";
import type { RegistryTail } from "../barriers/append-to-registry.ts";
import type { RevokeDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { rolePoints } from "../points/iam-points.ts";
import { denyAtRoles } from "../points/reach.ts";
import { recordHaltReached } from "../points/reach-of-halt.ts";
import {
  executionRoles,
  mayHoldSession,
  openIdentities,
  unreadSessions,
} from "../points/unread.ts";
import { type Changed, changeRestrictions } from "./change-restrictions.ts";
import { answerOf, type CommandAnswer, type UnreachedAnswer } from "./command.ts";
import { owe, settleOwed } from "./owed.ts";
import type { Signed } from "./restriction-record.ts";

/** What is known when a command is heard. */
interface Spoken {
  /** The newest that an anchor signed, also where the trust does not hold. */
  readonly policy: TrustPolicy;
  /** What the Registry held a moment ago, where it holds; of a command whose id is free. */
  readonly seen: RegistryTail | undefined;
}

/** What is stopped: all of it, or what a command names. */
interface Stopped {
  readonly claims: Restricting;
  readonly isWhole: boolean;
  /** When it was committed; RFC 3339. */
  readonly since: string;
}

/**
 * Stops a plane, an actor or a key: nothing is granted, redeemed or begun from here on, whatever else holds; then IAM is
 * told of the sessions that it covers. The same command again finds itself in the restrictions and changes nothing there.
 */
export async function restrict(
  judgement: Judgement<RevokeDeps>,
  signed: Signed<Restricting>,
  { policy, seen }: Spoken,
): Promise<CommandAnswer | UnreachedAnswer | Failure> {
  const { deps } = judgement;
  const { command } = signed;
  const recorded = await deps
    .within(PATIENCE, commitRecorded(judgement, signed, seen))
    .catch((fault: unknown) => withoutRecord(fault, command));
  if (isRefusal(recorded)) return judgement.fail(recorded);
  if (recorded === undefined) {
    const refused = await owe(deps, command);
    if (refused !== undefined) return judgement.fail(refused);
  }
  // At once behind the commit: what follows here may take as long as the function lives.
  await deps.wakeSweep();
  return reachIam(judgement, command.claims, policy, recorded);
}

/** Milliseconds that a denial waits for its record before it is committed without one (PROTOCOL.md §6). */
const PATIENCE = 2_000;

/** What the signer or the store could not do now; what needs two names is never committed without its record. */
function withoutRecord(fault: unknown, { claims }: ReadCommand<Restricting>): undefined {
  if (!(fault instanceof Fault) || claims.do === "revokePlaneKey") throw fault;
  return undefined;
}

interface Recorded extends Changed {
  /** It did not fit, and the plane was halted in its place. */
  readonly isFull: boolean;
  /** Whether it is in force: not of a command that did it before, and that was lifted since. */
  readonly isStanding: boolean;
}

async function commitRecorded(
  judgement: Judgement<RevokeDeps>,
  signed: Signed<Restricting>,
  seen: RegistryTail | undefined,
): Promise<Recorded | Refusal> {
  const { deps } = judgement;
  const { command } = signed;
  // Where the Registry holds nothing is owed.
  const settled = seen === undefined ? await settleOwed(judgement) : undefined;
  if (settled !== undefined) return settled;
  let isFull = false;
  const changed = await changeRestrictions(
    judgement,
    signed,
    (trust) => {
      // A publication that came meanwhile may have made it a key of the plane.
      const foreign = judgeKey(command, trust.published, deps.anchors);
      if (foreign !== undefined) return foreign;
      const next = restricted(trust.restrictions, command);
      isFull = next.instead !== undefined;
      return next;
    },
    seen,
  );
  if (isRefusal(changed)) return changed;
  const { limits } = judgement.requireTrust();
  const isStanding = !changed.isKnown || isInForce(limits, command.claims);
  return { ...changed, isFull, isStanding };
}

/** The denial is committed, with its record or without; what of it IAM has to know is told there. */
async function reachIam(
  judgement: Judgement<RevokeDeps>,
  claims: Restricting,
  policy: TrustPolicy,
  recorded: Recorded | undefined,
): Promise<CommandAnswer | UnreachedAnswer> {
  const { deps, now } = judgement;
  const isFull = recorded?.isFull === true;
  const since = recorded?.at ?? toInstant(now);
  const stopped = { claims, isWhole: isFull || claims.do === "haltPlane", since };
  const open = await openIdentities(deps);
  const running = (open ?? []).filter((each) => covers(stopped, policy, each));
  // What was lifted since is stopped no more: an old command must not end what began behind it.
  const isStanding = recorded?.isStanding ?? true;
  const denials: Denials = isStanding ? sessionsOf(deps, stopped, policy, running) : new Map();
  const results = await denyAtRoles(deps, denials);
  const seq = (await recordHaltReached(judgement, since, results, denials)) ?? recorded?.seq;
  return answerOf({
    isKnown: recorded?.isKnown === true,
    state: isFull || claims.do.startsWith("halt") ? "HALTED" : "REVOKED",
    // Where nobody could look at least one may be running.
    inFlight: open === undefined ? 1 : running.length,
    points: [
      { point: "adapter", requestedAt: since, ...reachedAt(deps, recorded?.at) },
      ...rolePoints(results, since, denials),
    ],
    unreached: results.flatMap(({ role, state }) => (state === "refused" ? [role] : [])),
    ...(seq !== undefined && { evidence: { chainId: REGISTRY_CHAIN, seq } }),
  });
}

/** What had read the heads before may still begin: a halt has reached the adapter one function's life later. */
function reachedAt(
  { clock }: RevokeDeps,
  committedAt: string | undefined,
): { readonly acknowledgedAt?: string } {
  if (committedAt === undefined) return {};
  const reached = Date.parse(committedAt) + INVOCATION_MILLISECONDS;
  return clock() >= reached ? { acknowledgedAt: toInstant(reached) } : {};
}

/** A halt of the plane denies whole roles, also to what begins a moment later; any other names its sessions. */
function sessionsOf(
  { clock }: RevokeDeps,
  { claims, isWhole, since }: Stopped,
  policy: TrustPolicy,
  running: readonly OpenIdentity[],
): Denials {
  if (isWhole) {
    const before = toSeconds(Date.parse(since)) + 1 + AHEAD;
    return new Map(executionRoles(policy).map((role) => [role, [wholeRole(before)]]));
  }
  // What a key of the plane signed is refused; no session was issued to it.
  if (claims.do === "revokePlaneKey") return new Map();
  return unreadSessions(running.filter(mayHoldSession), policy, clock());
}

/**
 * By what operators see; nothing is judged by their number. Whoever stands above in its chain a row does not say: what hangs
 * below a key or an actor is refused at once, and is brought to IAM by `sweep`, which is woken.
 */
function covers(
  { claims, isWhole }: Stopped,
  policy: TrustPolicy,
  { actor, jkt }: OpenIdentity,
): boolean {
  switch (claims.do) {
    case "haltPlane":
    case "revokePlaneKey":
      return true;
    case "haltActor":
      return isWhole || namesOfKey(jkt, actor, policy).includes(claims.actorId);
    case "revokeKey":
      return isWhole || jkt === claims.jkt;
  }
}

/** Whether the restrictions that were read last still hold it. */
function isInForce({ isPlaneHalted, actors, keys }: Limits, claims: Restricting): boolean {
  switch (claims.do) {
    case "haltPlane":
      return isPlaneHalted;
    case "haltActor":
      return isPlaneHalted || actors.has(claims.actorId);
    case "revokeKey":
    case "revokePlaneKey":
      return isPlaneHalted || keys.has(claims.jkt);
  }
}
