import type { ClientSettings } from "../../actions/client-settings.ts";
import {
  type ActionDescriptor,
  type CallOutcome,
  NOTHING_READ,
  type PreRead,
} from "../../actions/descriptor.ts";
import type { Obligation } from "../../contract/contract.ts";
import { present } from "../../encoding/present.ts";
import type { IdentityView } from "../../evidence/intent-state.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { openDuties } from "../../execution/duty.ts";
import { type Entitled, entitle } from "../../execution/entitled.ts";
import { callOutcome } from "../../execution/outcome.ts";
import { CALL_TIMEOUT, readBack, readBackUntil, runBoundedCall } from "../../execution/run.ts";
import type { IssuedSession } from "../../issuance/session.ts";
import { Fault, isRefusal, type Refusal, refuse } from "../../refusal.ts";
import type { Answer } from "../answer.ts";
import { refused, type Settled, settled } from "../barriers/append.ts";
import { conclude, type Open } from "../barriers/conclude.ts";
import { requireSigner } from "../barriers/seal.ts";
import { obtainSession } from "../barriers/session.ts";
import { type Issued, judgeTimeLeft, type Started, start } from "../barriers/start.ts";
import { type IssueDeps, targetPlace } from "../deps.ts";
import { type Failure, isFailure, type Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import { judgeExpiry } from "../read/trust-snapshot.ts";
import {
  endDrafts,
  issuanceFailedDrafts,
  type Ran,
  type RedeemedBy,
  startedDrafts,
} from "../records/ending.ts";
import { refusedRollbackDrafts, rolledBackDrafts } from "../records/rollback.ts";
import type { BoundedGrant, Grant } from "../stages/authority.ts";
import { BARRIER_2, BARRIER_3, PREPARED, SESSION, TIME_LEFT } from "../stages/order.ts";
import { judgeTargetKeys } from "../stages/target-keys.ts";

/** Milliseconds kept for read-back and barrier 3 after the call. */
export const CONCLUDING = 5_000;
/** Milliseconds kept for a rollback: its issuance, its session, its call, and what is kept behind that. */
const UNDOING = CALL_TIMEOUT + CONCLUDING + 2_000;

/** An issued identity of one operation, about to be run. */
export interface Runnable extends Issued {
  readonly grant: BoundedGrant;
  /** Whose request redeems it, where that is another one than it was issued to. */
  readonly redeemedBy?: RedeemedBy;
}

/** A grant of one operation, or the bug that it is not. */
export function bounded(grant: Grant): BoundedGrant {
  const { operation, governed } = grant;
  if (operation === undefined || governed === undefined) {
    throw new TypeError("the grant names no operation");
  }
  return { ...grant, operation, governed };
}

/** Nothing was started, and why; what the chain is to say of it depends on the use. */
export interface Unstarted {
  readonly kind: "unstarted";
  readonly failure: Failure;
  /** The session that was obtained and never used, if one was. */
  readonly session?: IssuedSession;
}

/** The identity was used, or its end recorded. */
export interface Answered {
  readonly kind: "answered";
  readonly answer: Answer;
}

export const unstarted = (failure: Failure, session?: IssuedSession): Unstarted => ({
  kind: "unstarted",
  failure,
  ...present({ session }),
});
export const answered = (answer: Answer): Answered => ({ kind: "answered", answer });

/** What became of a run; `settled`: the same request had started it already. */
export type Run = Answered | Unstarted | Settled<IdentityView>;

/**
 * From durable issuance to the end of the identity: STS once, barrier 2, the one call, the read-back, barrier 3
 *. Each exit leaves a record of whatever authority existed.
 * @param undo what the contract has against an effect that was not seen; of a rollback nothing.
 */
export async function executeGrant(
  judgement: Judgement,
  runnable: Runnable,
  undo?: Undo,
): Promise<Run> {
  const { deps } = judgement;
  const { grant } = runnable;
  const descriptor = requiredDescriptor(deps, grant);
  const prepared = prepareReader(deps, descriptor, grant);
  const early = await judgeEarly(judgement, runnable, prepared);
  if (early !== undefined) return unstarted(early);
  const [obtained, reader] = await Promise.all([
    obtainSession(judgement, grant, grant.governed),
    prepared,
  ]);
  if (isFailure(obtained)) return failIssuance(judgement, runnable, obtained);
  const { session } = obtained;
  judgement.reach(PREPARED);
  if (isRefusal(reader)) return unstarted(judgement.fail(reader), session);
  judgement.passed(PREPARED);
  const started = await begin(judgement, runnable, descriptor, session, reader);
  if (started.kind === "settled") return started;
  if (started.kind === "refused") return unstarted(started.failure, session);
  const begun = { ...runnable, ...started };
  const ran = await run(judgement, begun, descriptor, session, reader);
  if (undo !== undefined && isToBeUndone(runnable, ran))
    return answered(await undo(judgement, begun, ran));
  const open = openOf(begun);
  return answered(await conclude(judgement, BARRIER_3, open, () => draftsOf(runnable, ran)));
}

/** Ends an identity whose effect was not seen, and takes that effect back. */
export type Undo = (judgement: Judgement, executed: Runnable, ran: Ran) => Promise<Answer>;

/** Only what was done is undone, and only where it is known that it was (PROTOCOL.md §2, "Rollback"). */
const isToBeUndone = ({ request }: Runnable, { outcome: { status, obligations } }: Ran): boolean =>
  request.contract.claims.rollback !== undefined &&
  status === "succeeded" &&
  obligations.some(({ met }) => !met);

const openOf = ({ grant: { identityId }, intent, rollsBack }: Runnable): Open => ({
  ...{ identityId, intent, answersFor: rollsBack },
});

const draftsOf = ({ rollsBack }: Runnable, ran: Ran): RecordDraft[] => [
  ...endDrafts(ran),
  ...(rollsBack === undefined ? [] : rolledBackDrafts(rollsBack, ran)),
];

/**
 * A handle can be tried again and again: what refuses it without a session is found before STS is asked, or one
 * handle could ask for any number of them.
 */
async function judgeEarly(
  judgement: Judgement,
  { request, grant, redeemedBy }: Runnable,
  prepared: Promise<Reader | Refusal>,
): Promise<Failure | undefined> {
  if (redeemedBy === undefined) return undefined;
  const reader = await prepared;
  judgement.reach(PREPARED);
  if (isRefusal(reader)) return judgement.fail(reader);
  // A handle may have named no operation; and where it did, another process looked, at another time.
  const closed = await judgeTargetKeys(judgement, request.contract, grant);
  if (closed !== undefined) return closed;
  judgement.reach(TIME_LEFT);
  const { deps, invocation } = judgement;
  const late = judgeTimeLeft(grant, deps.clock());
  if (late !== undefined) return judgement.fail(late);
  const { policy } = judgement.requireTrust();
  return requireSigner(deps, policy, { from: deps.clock(), until: invocation.deadline }).then(
    () => undefined,
    (fault: unknown) => judgement.faulted(fault),
  );
}

/**
 * STS gave no session: the identity ends, unless the same handle was redeemed meanwhile by somebody who got one. That
 * redemption runs to its own end, and this one is told so.
 */
async function failIssuance(
  judgement: Judgement,
  runnable: Runnable,
  failure: Failure,
): Promise<Run> {
  const { redeemedBy, rollsBack, settle } = runnable;
  const drafts = [
    ...issuanceFailedDrafts(failure),
    ...(rollsBack === undefined ? [] : refusedRollbackDrafts(rollsBack, failure)),
  ];
  let other: ReturnType<typeof settle>;
  const draftsOf = (intent: Intent) => {
    other = redeemedBy === undefined ? undefined : settle(intent);
    return other === undefined ? drafts : [];
  };
  const answer = await conclude(judgement, SESSION, openOf(runnable), draftsOf);
  if (other === undefined) return answered(answer);
  return other.kind === "refused" ? unstarted(other.failure) : settled(other.value);
}

function requiredDescriptor(
  { descriptorOf }: IssueDeps,
  { operation }: BoundedGrant,
): ActionDescriptor {
  const descriptor = descriptorOf(operation.action);
  if (descriptor === undefined) throw new TypeError(`no descriptor for ${operation.action}`);
  return descriptor;
}

interface Reader {
  /** Absent where the action has nothing to read, before or after. */
  readonly credentials?: ClientSettings["credentials"];
  readonly preRead: PreRead;
}

/** The reader role's session and what the call needs read before it; a failed read is never taken as fine. */
async function prepareReader(
  deps: IssueDeps,
  descriptor: ActionDescriptor,
  { governed, operation }: BoundedGrant,
): Promise<Reader | Refusal> {
  try {
    // A role is not assumed for nothing. What calls is loaded all the same before the call is announced.
    if (descriptor.preRead === undefined && descriptor.readBack === undefined) {
      await descriptor.load?.();
      return { preRead: NOTHING_READ };
    }
    const credentials = await deps.readerCredentials(governed.readerRoleArn, descriptor.family);
    const settings = { ...targetPlace(deps), credentials, timeoutMilliseconds: CALL_TIMEOUT };
    const preRead = (await descriptor.preRead?.(operation, settings)) ?? NOTHING_READ;
    return { credentials, preRead };
  } catch (error) {
    const cause = error instanceof Fault ? `${error.message}; ` : "";
    return refuse(
      "DEPENDENCY_UNAVAILABLE",
      `${cause}the target could not be read before the call: it is not there, the cloud team has not opened it, or AWS did not answer`,
    );
  }
}

/** Begun by somebody who may: that alone is run. */
interface Begun extends Started {
  readonly entitled: Entitled;
}

/** Barrier 2: `CredentialsMinted` and `ExecutionStarted`. A bug before it leaves the session on record, unused. */
async function begin(
  judgement: Judgement,
  runnable: Runnable,
  descriptor: ActionDescriptor,
  session: IssuedSession,
  { preRead }: Reader,
): Promise<Begun | Exclude<Awaited<ReturnType<typeof start>>, Started>> {
  const { request, grant, context, redeemedBy } = runnable;
  judgement.reach(BARRIER_2);
  try {
    const entitled = entitle({ ...request, operation: grant.operation });
    const call = descriptor.describeCall(grant.operation, preRead, targetPlace(judgement.deps));
    const drafts = startedDrafts({ grant, session, call, preRead, context, redeemedBy });
    const started = await start(judgement, BARRIER_2, runnable, drafts, CALL_TIMEOUT);
    return started.kind === "started" ? { ...started, entitled } : started;
  } catch (fault) {
    return refused(judgement.faulted(fault));
  }
}

/** The one call, and what is seen of it. */
async function run(
  judgement: Judgement,
  { request, grant, rechecked, rollsBack, entitled }: Runnable & Begun,
  descriptor: ActionDescriptor,
  session: IssuedSession,
  { preRead, credentials }: Reader,
): Promise<Ran> {
  const { deps } = judgement;
  const { operation } = grant;
  const begun = deps.clock();
  const place = targetPlace(deps);
  // Storing barrier 2 took time too: what could not end inside the window and this invocation is not begun.
  const late = lateness(judgement, grant);
  const call: CallOutcome =
    late === undefined
      ? await runBoundedCall(descriptor, entitled, preRead, session, place)
      : { status: "failed", error: { name: late, kind: "precondition" } };
  const ended = deps.clock();
  const look = async (timeout?: number) =>
    credentials && readBack(descriptor, operation, { ...place, credentials }, timeout);
  const { rollback, obligations = [] } = request.contract.claims;
  // What was promised of the first operation is not promised of the one that takes it back.
  const promised = rollsBack === undefined ? obligations : [];
  const until = lastLook(judgement, promised, ended);
  const isDecided = rollback !== undefined;
  const seen =
    isDecided && call.status === "succeeded"
      ? await readBackUntil(look, until, deps)
      : await look();
  const outcome = callOutcome(call, seen, promised, (deps.clock() - ended) / 1000);
  return {
    outcome,
    duties: isDecided ? [] : openDuties(outcome, promised, ended, deps.clock()),
    wasCalled: late === undefined,
    seen,
    rechecked,
    durationMilliseconds: deps.clock() - begun,
    ...(rollsBack !== undefined && { mustShow: true }),
  };
}

/**
 * How long an effect is looked for that is decided in this invocation: until the first of its obligations is due, and no
 * longer than leaves time to take it back; of a rollback as long as its end can still be recorded. Milliseconds.
 */
function lastLook(
  { invocation: { deadline } }: Judgement,
  promised: readonly Obligation[],
  answeredAt: number,
): number {
  const dues = promised.map(({ dueSeconds }) => answeredAt + dueSeconds * 1000);
  return Math.min(deadline - (promised.length === 0 ? CONCLUDING : UNDOING), ...dues);
}

/** Why there is no time left for the call, by name; `undefined` when there is. */
function lateness(judgement: Judgement, { expiresAt }: BoundedGrant): string | undefined {
  const now = judgement.deps.clock();
  if (judgeExpiry(judgement.requireTrust(), now) !== undefined) return "TrustPolicyEndsBeforeCall";
  if (expiresAt - now < CALL_TIMEOUT) return "IdentityEndsBeforeCall";
  return judgement.invocation.deadline - now < CALL_TIMEOUT + CONCLUDING
    ? "FunctionEndsBeforeCall"
    : undefined;
}
