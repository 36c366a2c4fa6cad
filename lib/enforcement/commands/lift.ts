import { toInstant, toSeconds } from "../../clock.ts";
import { REGISTRY_CHAIN } from "../../evidence/chain.ts";
import type { IdentityView } from "../../evidence/intent-state.ts";
import type { EvidenceRecord } from "../../evidence/record.ts";
import {
  judgeAudience,
  judgeCosign,
  judgeFreshness,
  judgeOperator,
  type ReadCommand,
  readCommand,
} from "../../lifecycle/command.ts";
import { LONGEST_LIFE } from "../../lifecycle/due.ts";
import { throughOf } from "../../lifecycle/holders.ts";
import { isLifting, judgeKey, judgeLift, type Lifting, lifted } from "../../lifecycle/restrict.ts";
import { isRefusal, pointer, type Refusal, refuseUntil } from "../../refusal.ts";
import { retryAfter } from "../../unlock.ts";
import { sideBySide } from "../barriers/side-by-side.ts";
import type { CommandDeps } from "../deps.ts";
import { type Failure, isFailure, type Judgement } from "../judgement.ts";
import { readIntent } from "../read/intent.ts";
import { readTrust } from "../read/registry.ts";
import { registryRecords } from "../read/registry-records.ts";
import { judgeExpiry, type TrustSnapshot } from "../read/trust-snapshot.ts";
import { type Order, point, stage } from "../stage.ts";
import { changeRestrictions } from "./change-restrictions.ts";
import { type CommandAnswer, type Members, malformed } from "./command.ts";

type Judging = Judgement<CommandDeps>;

/** Form and plane: what can be judged before anything is read. */
const LIFT_FORM = stage<{ readonly members: Members }, Judging>("parse")
  .take("commandForm", ({ members: { command: compact, cosign, ...others } }) => {
    const [foreign] = Object.keys(others);
    if (foreign !== undefined)
      return malformed("is not a member of this command", pointer("", [foreign]));
    const command = readCommand(compact);
    if (isRefusal(command)) return command;
    if (!isLifting(command))
      return malformed(`${command.claims.do} is a command of revoke`, "/command/do");
    return { command, cosign };
  })
  .check("commandAudience", ({ command }, { deps }) => judgeAudience(command, deps.plane));

interface Asked {
  readonly command: ReadCommand<Lifting>;
  readonly cosign: unknown;
}

/** A loosening needs trust that holds and has not ended: unlike a denial, it always waits. */
const LIFT_TRUST = stage<Asked, Judging>("contract").look("liftTrust", async (_, judgement) => {
  const { trust } = await readTrust(judgement.deps);
  if (isRefusal(trust)) return trust;
  judgement.believe(trust);
  return judgeExpiry(trust, judgement.now) ?? { trust };
});

const LIFT_SPOKEN = stage<Asked & { readonly trust: TrustSnapshot }, Judging>("contract")
  .check("liftOperator", ({ command, trust }) => judgeOperator(command, trust.policy))
  .check("liftCosignature", ({ command, cosign, trust }) =>
    judgeCosign(command, cosign, trust.policy),
  )
  .check("liftKey", ({ command, trust }, { deps }) =>
    judgeKey(command, trust.published, deps.anchors),
  );

/** What can be judged only beside the records of `plane/registry`: its `jti`, its time, and what it covers. */
const LIFTABLE = point("contract", "liftable");

export const LIFT_ORDER: Order = [LIFT_FORM, LIFT_TRUST, LIFT_SPOKEN, LIFTABLE];

/** Takes a halt, a revocation of a key or a quarantine back for what comes; by two names (PROTOCOL.md §10). */
export async function lift(judgement: Judging, members: Members): Promise<CommandAnswer | Failure> {
  const formed = judgement.judge(LIFT_FORM, { members });
  if (isFailure(formed)) return formed;
  const informed = await judgement.ask(LIFT_TRUST, formed);
  if (isFailure(informed)) return informed;
  const spoken = judgement.judge(LIFT_SPOKEN, informed);
  if (isFailure(spoken)) return spoken;
  judgement.reach(LIFTABLE);
  const { command } = spoken;
  const cosign = String(spoken.cosign);
  const open = (await standing(judgement, spoken)) ?? (await stillOpen(judgement, spoken));
  const changed = await changeRestrictions(judgement, { command, cosign }, ({ restrictions }) => {
    const stale = judgeFreshness(command, toSeconds(judgement.now));
    if (stale !== undefined) return stale;
    if (open !== undefined) return open;
    return { restrictions: lifted(restrictions, command) };
  });
  if (isRefusal(changed)) return judgement.fail(changed);
  return {
    ...{ ok: true, deduplicated: changed.isKnown, state: "LIFTED", inFlight: 0 },
    points: [],
    evidence: { chainId: REGISTRY_CHAIN, seq: changed.seq },
  };
}

/** What was stopped last of what a lift names, by the records of `plane/registry`, and whether that may be lifted by now. */
async function standing(
  { deps, now }: Judging,
  { command, trust }: Asked & { readonly trust: TrustSnapshot },
): Promise<Refusal | undefined> {
  const records = await registryRecords(deps, trust);
  if (isRefusal(records)) return records;
  const last = records.findLast((record) => isStoppedBy(record, command.claims));
  if (last === undefined) return undefined;
  return judgeLift(command, toSeconds(Date.parse(last.event.at)), toSeconds(now));
}

function isStoppedBy({ event: { type }, detail }: EvidenceRecord, lift: Lifting): boolean {
  if (lift.do === "resumePlane") return type === "PlaneHalted";
  if (lift.do === "liftQuarantine") return type === "Quarantined" && detail["path"] === lift.path;
  const command = detail["command"] === undefined ? undefined : readCommand(detail["command"]);
  if (command === undefined || isRefusal(command)) return false;
  const { claims } = command;
  return lift.do === "reinstateActor"
    ? claims.do === "haltActor" && claims.actorId === lift.actorId
    : claims.do === "revokeKey" && claims.jkt === lift.jkt;
}

/**
 * What a lift covers must have ended on record: else it would come back to life. It is looked for in Evidence, since
 * whoever writes State could hide it there.
 */
async function stillOpen(
  { deps, invocation }: Judging,
  { command, trust }: Asked & { readonly trust: TrustSnapshot },
): Promise<Refusal | undefined> {
  const since = toInstant(deps.clock() - LONGEST_LIFE);
  const openIn = async (chainId: string): Promise<Refusal | undefined> => {
    const intent = await readIntent(deps, chainId, trust);
    // Whoever spoils a chain for the moment of a lift must not have what it holds come back with it.
    if (isRefusal(intent))
      return pending(`what is open on ${chainId} cannot be read: see it mended, or two hours old`);
    const open = [...intent.state.identities.values()].find(
      (identity) =>
        identity.end === undefined &&
        isCovered(identity, throughOf(intent.state, identity, trust.published), command.claims),
    );
    return (
      open && pending(`identity ${open.identityId} is still open; sweep ends it within a minute`)
    );
  };
  const hasTime = (): boolean => deps.clock() + RESERVE < invocation.deadline;
  const chains = await deps.denials.issuedSince(since);
  const { done, left } = await sideBySide(
    chains,
    openIn,
    (found) => hasTime() && found.every((each) => each === undefined),
  );
  const open = done.find((each) => each !== undefined);
  if (open !== undefined) return open;
  return left.length === 0
    ? undefined
    : pending(`${left.length} of ${chains.length} intents could not be looked at in time`);
}

/** Milliseconds kept for the change itself. */
const RESERVE = 10_000;

/** Seconds between two runs of `sweep`: what is still open ends by one of them at the earliest. */
const SWEEP = 60;

const pending = (why: string): Refusal =>
  refuseUntil([retryAfter(SWEEP)], "REVOCATION_PENDING", why, "/command");

/** Of an actor or a key also what is held below them: it was stopped with them, and would come back with them. */
function isCovered(
  { roleArn }: IdentityView,
  { holders }: ReturnType<typeof throughOf>,
  claims: Lifting,
): boolean {
  switch (claims.do) {
    case "resumePlane":
      return true;
    case "reinstateActor":
      return holders.some(({ names }) => names.includes(claims.actorId));
    case "reinstateKey":
      return holders.some(({ jkt }) => jkt === claims.jkt);
    case "liftQuarantine":
      return roleArn === claims.path;
  }
}
