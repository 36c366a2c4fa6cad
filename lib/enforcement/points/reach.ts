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
  unreachedReason,
} from "../records/points.ts";
import { denyAtRole, type RoleResult } from "./deny-at-role.ts";
import { quarantine } from "./quarantine.ts";

/** Tells IAM of sessions that are denied, each role by itself. Never before their denial is committed. */
export const denyAtRoles = (deps: RevokeDeps, denials: Denials): Promise<RoleResult[]> =>
  Promise.all([...denials].map(([role, wanted]) => denyAtRole(deps, role, wanted)));

/** Brings every denial of a chain to IAM that is not there yet, and records how far it came. */
export async function reachIam(judgement: Judgement<RevokeDeps>, intent: Intent): Promise<Intent> {
  const points = pointsOf(judgement, intent);
  return recordReached(judgement, intent, await denyAtRoles(judgement.deps, denialsOf(points)));
}

/**
 * Records what came of telling IAM, on the chain whose identities it is about. A role that it did not reach in time is
 * quarantined first: if that cannot be done now, its failure is not recorded either, and `sweep` does both.
 */
export async function recordReached(
  judgement: Judgement<RevokeDeps>,
  start: Intent,
  results: readonly RoleResult[],
): Promise<Intent> {
  if (results.length === 0) return start;
  const failing = pointsOf(judgement, start).flatMap((point) =>
    point.hasFailed ? [] : failureOf(judgement, point, results),
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

type Failure = { readonly role: string; readonly requestedAt: string; readonly why: string };

/** Refused by IAM, or outstanding for too long. */
function failureOf(
  { deps }: Judgement<RevokeDeps>,
  { role, requestedAt }: IamPoint,
  results: readonly RoleResult[],
): Failure[] {
  const result = results.find((each) => each.role === role);
  if (result === undefined || result.state === "accepted") return [];
  const isFailure = result.state === "refused" || isOverdue({ requestedAt }, deps.clock());
  return isFailure ? [{ role, requestedAt, why: result.why }] : [];
}

function draftsFor(
  judgement: Judgement<RevokeDeps>,
  point: IamPoint,
  results: readonly RoleResult[],
  isTold: boolean,
): RecordDraft[] {
  const { role, requestedAt } = point;
  const result = results.find((each) => each.role === role);
  if (result?.state === "accepted") {
    const full = result.isFull ? [roleEscalationDraft(fullReason(role))] : [];
    return [acknowledgedDraft("iam", requestedAt, judgement.deps.clock(), role), ...full];
  }
  if (point.hasFailed || !isTold) return [];
  return failureOf(judgement, point, results).flatMap((failure) => [
    failedDraft(failure),
    roleEscalationDraft(unreachedReason(failure)),
  ]);
}
