import type { InForce } from "../../evidence/details.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import {
  type Denials,
  denialsOf,
  type IamPoint,
  isOverdue,
  openPoints,
} from "../../lifecycle/points.ts";
import { Fault } from "../../refusal.ts";
import { appendToIntent, ready, settled } from "../barriers/append.ts";
import type { RevokeDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import { acknowledgedDraft } from "../records/denial.ts";
import {
  failedDraft,
  fullReason,
  roleEscalationDraft,
  type Unreached,
  unreachedReason,
} from "../records/points.ts";
import { denyAtRole, type RoleResult } from "./deny-at-role.ts";
import { quarantine } from "./quarantine.ts";
import { type AcceptedRole, namesOf, type ReachedRole, seenAt } from "./reached.ts";
import { deniedAtRole } from "./see-at-role.ts";

/** How often somebody who waits for the answer asks whether IAM has heard, and how long he waits between; `sweep` asks on. */
const TRIES = 4;
const BETWEEN = 1_000;
/** Milliseconds behind which nobody looks once more: the answer must leave before the function ends. */
const LONGEST_LOOK = 6_000;

/** Tells IAM of sessions that are denied, each role by itself, and looks. Never before their denial is committed. */
export const denyAtRoles = (
  deps: RevokeDeps,
  denials: Denials,
  tries = TRIES,
): Promise<ReachedRole[]> =>
  Promise.all(
    [...denials].map(async ([role, wanted]) =>
      lookedAt(deps, await denyAtRole(deps, role, wanted), tries),
    ),
  );

/** What came of telling IAM, and which sessions it was seen to deny of those that it denies by name. */
async function lookedAt(
  { askIam, clock, sleep }: RevokeDeps,
  result: RoleResult,
  tries: number,
): Promise<ReachedRole> {
  if (result.state !== "accepted" || askIam === undefined) return result;
  const named = [...result.named];
  const started = clock();
  for (let time = 1; ; time++) {
    const sessions = await deniedAtRole(askIam, result.role, named);
    const isLong = clock() - started > LONGEST_LOOK;
    const isDone = sessions.size === named.length || time >= tries || isLong;
    if (isDone) return { ...result, seen: { sessions, at: clock() } };
    await sleep(BETWEEN);
  }
}

/** Brings every denial of a chain to IAM that is not there yet, or was not seen there, and records how far it came. */
export async function reachIam(judgement: Judgement<RevokeDeps>, intent: Intent): Promise<Intent> {
  const points = pointsOf(judgement, intent);
  return recordReached(judgement, intent, await denyAtRoles(judgement.deps, denialsOf(points), 1));
}

/**
 * Records what came of telling IAM, on the chain whose identities it is about. A role that it did not reach in time is
 * quarantined first: if that cannot be done now, its failure is not recorded either, and `sweep` does both.
 */
export async function recordReached(
  judgement: Judgement<RevokeDeps>,
  start: Intent,
  results: readonly ReachedRole[],
): Promise<Intent> {
  if (results.length === 0) return start;
  const failing = pointsOf(judgement, start).flatMap((point) =>
    failuresOf(judgement, point, results),
  );
  const isTold = failing.length === 0 || (await quarantine(judgement, failing));
  const done = await appendToIntent<Intent, RevokeDeps>(judgement, start, {
    prepare: (intent) => {
      const drafts = pointsOf(judgement, intent).flatMap((point) =>
        draftsFor(judgement, point, results, isTold),
      );
      return drafts.length === 0 ? settled(intent) : ready({ drafts });
    },
  });
  if (done.kind === "refused") {
    const { refusal } = done.failure;
    throw new Fault("EVIDENCE_STORE_UNAVAILABLE", refusal.detail);
  }
  return done.kind === "settled" ? done.value : done.intent;
}

const pointsOf = ({ deps }: Judgement<RevokeDeps>, { state }: Intent): IamPoint[] =>
  openPoints([...state.identities.values()], deps.clock());

/** Refused by IAM, or outstanding for too long: at point `iam`, or, once IAM has accepted it, at point `session`. */
function failuresOf(
  { deps }: Judgement<RevokeDeps>,
  { role, requestedAt, sessions, hasFailed, isUnseen }: IamPoint,
  results: readonly ReachedRole[],
): Unreached[] {
  const result = results.find((each) => each.role === role);
  if (result === undefined) return [];
  const isLate = isOverdue({ requestedAt }, deps.clock());
  if (result.state !== "accepted") {
    const isFailure = !hasFailed && (result.state === "refused" || isLate);
    return isFailure ? [{ point: "iam", role, requestedAt, why: result.why }] : [];
  }
  const isFailure = !isUnseen && isLate && seenAt(result, namesOf(sessions)) === "outstanding";
  return isFailure ? [{ point: "session", role, requestedAt, why: UNSEEN }] : [];
}

const UNSEEN = "IAM took the denial, and sessions were not seen to be denied";

function draftsFor(
  judgement: Judgement<RevokeDeps>,
  point: IamPoint,
  results: readonly ReachedRole[],
  isTold: boolean,
): RecordDraft[] {
  const { role } = point;
  const result = results.find((each) => each.role === role);
  const isWhole =
    result?.state === "accepted" && namesOf(point.sessions).every((each) => result.told.has(each));
  const reached = isWhole ? reachedDrafts(point, result) : [];
  const failures = isTold ? failuresOf(judgement, point, results) : [];
  return [
    ...reached,
    ...failures.flatMap((failure) => [
      failedDraft(failure),
      roleEscalationDraft(unreachedReason(failure)),
    ]),
  ];
}

/** That IAM has taken a denial, unless that is on record, and that it was seen. */
export function reachedDrafts(
  {
    role,
    requestedAt,
    sessions,
    isAccepted,
  }: Pick<IamPoint, "role" | "requestedAt" | "sessions"> & {
    readonly isAccepted?: boolean;
  },
  result: AcceptedRole,
  inForce?: InForce,
): RecordDraft[] {
  const seen = seenAt(result, namesOf(sessions));
  const awaits = seen === undefined ? {} : ({ awaits: "session" } as const);
  const at = { role, ...inForce };
  return [
    ...(isAccepted === true
      ? []
      : [acknowledgedDraft("iam", requestedAt, result.at, { ...at, ...awaits })]),
    ...(isAccepted !== true && result.isFull
      ? [roleEscalationDraft(fullReason(role), inForce)]
      : []),
    ...(typeof seen === "number" ? [acknowledgedDraft("session", requestedAt, seen, at)] : []),
  ];
}
