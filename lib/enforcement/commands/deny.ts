import { toInstant, toSeconds } from "../../clock.ts";
import { documentDigest } from "../../encoding/canonical-json.ts";
import { present } from "../../encoding/present.ts";
import type { ReadCommand } from "../../lifecycle/command.ts";
import type { Mark } from "../../lifecycle/mark.ts";
import {
  type Denials,
  denialsOf,
  heldSessions,
  joined,
  openPoints,
} from "../../lifecycle/points.ts";
import { Fault, type Refusal } from "../../refusal.ts";
import type { RevokeDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { iamPoints, rolePoints, unreachedOf } from "../points/iam-points.ts";
import { quarantine } from "../points/quarantine.ts";
import { denyAtRoles, recordReached } from "../points/reach.ts";
import type { ReachedRole } from "../points/reached.ts";
import { openIdentities, unreadSessions } from "../points/unread.ts";
import { commandKey } from "../read/command-keys.ts";
import type { Intent } from "../read/intent.ts";
import {
  adapterReachedAt,
  commandTrigger,
  covered,
  type DenialTarget,
  endedBy,
  inFlight,
  markTarget,
  requestOf,
} from "../records/denial.ts";
import {
  answerOf,
  type CommandAnswer,
  type CommandState,
  replayed,
  type UnreachedAnswer,
} from "./command.ts";
import { type Denying, type Located, targetOf } from "./denying.ts";
import { judgePlace, readable } from "./locate.ts";
import { isListened, note } from "./note.ts";
import { type RecordedDenial, recordDenial } from "./record-denial.ts";

/**
 * The denial is committed first, by a mark. Then IAM is told and the records are written, beside each other: neither waits
 * for the other, and what of it cannot be done now is owed.
 */
export async function deny(
  judgement: Judgement<RevokeDeps>,
  located: Located,
): Promise<CommandAnswer | UnreachedAnswer | Failure> {
  const { deps } = judgement;
  const { command, taken } = located;
  const isKnown = taken !== undefined;
  const requestedAt = toInstant(judgement.now);
  if (command.claims.do === "signal" && !(await isListened(deps, located, command.claims))) {
    return note(judgement, located);
  }
  const committedAt = toInstant(deps.clock());
  let unmarked: Fault | undefined;
  if (!isKnown || !(await stands(deps, located))) {
    const refused = await commit(judgement, located, isKnown).catch(asFault);
    if (refused instanceof Fault) unmarked = refused;
    else if (refused !== undefined) {
      return { stage: "contract", check: "commandId", refusal: refused };
    }
  }
  const start = await readable(deps, located);
  const elsewhere = start && judgePlace(located, start);
  if (elsewhere !== undefined) {
    return { stage: "contract", check: "target", refusal: elsewhere };
  }
  const denials = deniedSessions(deps, located, start);
  const [recorded, results] = await Promise.all([
    start === undefined
      ? undefined
      : recordDenial(judgement, start, located, { requestedAt, committedAt }),
    denials.then((each) => denyAtRoles(deps, each)),
  ]);
  if (recorded !== undefined) return concluded(judgement, located, recorded, results);
  // A head that nobody can mark keeps nothing from IAM, and nothing from its records; without either it is not denied.
  if (unmarked !== undefined) throw unmarked;
  return answerOf({
    isKnown,
    state: "REVOKED",
    ...(await owedPoints(judgement, requestedAt, results, await denials)),
  });
}

function asFault(fault: unknown): Fault {
  if (fault instanceof Fault) return fault;
  throw fault;
}

/** Sessions that IAM has to deny: by the chain, or where nobody can read that by what is known besides. */
async function deniedSessions(
  deps: RevokeDeps,
  { command: { claims }, policy }: Located,
  intent: Intent | undefined,
): Promise<Denials> {
  const now = deps.clock();
  const target = targetOf(claims);
  if (intent !== undefined) {
    const identities = covered(intent, target);
    return joined(
      heldSessions(endedBy(target, identities), now),
      denialsOf(openPoints(identities, now)),
    );
  }
  const seen = ((await openIdentities(deps)) ?? []).filter((each) =>
    "identityId" in target
      ? each.id === target.identityId
      : each.contractDigest === target.contractDigest,
  );
  const named = "identityId" in target && seen.length === 0 ? [{ id: target.identityId }] : seen;
  return unreadSessions(named, policy, now);
}

/** Whether an earlier try of this very command left its mark or its record; else it is committed anew. */
async function stands(deps: RevokeDeps, located: Located): Promise<boolean> {
  const intent = await readable(deps, located);
  if (intent === undefined) return false;
  const { claims, jws } = located.command;
  const target = documentDigest(targetOf(claims));
  return (
    requestOf(intent, jws.compact) !== undefined ||
    intent.marks.legible.some(
      (mark) => mark.by === jws.compact && documentDigest(markTarget(mark)) === target,
    )
  );
}

/** Commits the mark, with the command's id, unless that is taken already; why not. */
async function commit(
  { deps }: Judgement<RevokeDeps>,
  { command, chainId }: Located,
  isKnown: boolean,
): Promise<Refusal | undefined> {
  const key = { ...commandKey(command), value: command.jws.digest };
  const mark = markOf(command, deps.clock());
  if ((await deps.denials.mark({ chainId, mark, ...(!isKnown && { key }) })) === "marked") {
    return undefined;
  }
  // Another command with its id came in between. Its own id without a mark, or what is none, keeps nothing from being denied.
  const taken = await deps.denials.valueOf(key);
  if (taken !== undefined && taken !== key.value) return replayed();
  await deps.denials.mark({ chainId, mark });
  return undefined;
}

function markOf({ jws, claims }: ReadCommand<Denying>, now: number): Mark {
  const shared = { at: toSeconds(now), trigger: commandTrigger(claims), by: jws.compact } as const;
  const target = targetOf(claims);
  if (!("contractDigest" in target)) return { ...shared, code: "CONTRACT_REVOKED", ...target };
  const { contractDigest, block } = target;
  return block === undefined
    ? { ...shared, code: "CONTRACT_REVOKED", contractDigest }
    : { ...shared, code: "CHAIN_BLOCK_REVOKED", contractDigest, block };
}

/** What came of it at IAM goes on record too, if it can be now; the answer says it either way. */
async function concluded(
  judgement: Judgement<RevokeDeps>,
  located: Located,
  { intent: recorded, isRepeated }: RecordedDenial,
  results: readonly ReachedRole[],
): Promise<CommandAnswer | UnreachedAnswer> {
  const { command, taken } = located;
  const now = judgement.deps.clock();
  const intent = await recordReached(judgement, recorded, results).catch((fault: unknown) => {
    if (fault instanceof Fault) return recorded;
    throw fault;
  });
  const target = targetOf(command.claims);
  const identities = covered(intent, target);
  const running = inFlight(identities, now);
  const requestedAt =
    requestOf(intent, command.jws.compact)?.detail.requestedAt ?? toInstant(judgement.now);
  // A repeated answer tells what the first record told.
  const acknowledgedAt =
    adapterReachedAt(intent, requestedAt) ?? (running === 0 ? toInstant(now) : undefined);
  return answerOf({
    isKnown: taken !== undefined || isRepeated,
    state: stateOf(intent, target),
    inFlight: running,
    points: [
      { point: "adapter", requestedAt, ...present({ acknowledgedAt }) },
      ...iamPoints(identities, results),
    ],
    unreached: unreachedOf(identities, results),
    evidence: { chainId: intent.chainId, seq: intent.state.head.seq },
  });
}

function stateOf({ state }: Intent, target: DenialTarget): CommandState {
  if (!("identityId" in target)) return "REVOKED";
  return state.identities.get(target.identityId)?.end?.state ?? "REVOKED";
}

/** Nobody could look what is running: at least one may be. */
async function owedPoints(
  judgement: Judgement<RevokeDeps>,
  requestedAt: string,
  results: readonly ReachedRole[],
  denials: Denials,
) {
  const refused = results.flatMap((each) => (each.state === "refused" ? [each] : []));
  if (refused.length > 0) await quarantine(judgement, refused);
  return {
    inFlight: 1,
    points: [
      { point: "adapter" as const, requestedAt },
      ...rolePoints(results, requestedAt, denials),
    ],
    unreached: refused.map(({ role }) => role),
  };
}
