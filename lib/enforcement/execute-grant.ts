import type { ClientSettings } from "../actions/client-settings.ts";
import {
  type ActionDescriptor,
  type CallOutcome,
  NOTHING_READ,
  type PreRead,
} from "../actions/descriptor.ts";
import type { ReadContract } from "../contract/contract.ts";
import type { IdentityView } from "../evidence/fold.ts";
import { outcomeOf } from "../execution/outcome.ts";
import { CALL_TIMEOUT, readBack, runBoundedCall } from "../execution/run.ts";
import type { IssuedSession } from "../issuance/session.ts";
import { isRefusal, type Refusal, refuse, type Stage } from "../refusal.ts";
import type { Answer } from "./answer.ts";
import { appendToIntent, Stop } from "./append.ts";
import { conclude, type Issued, refusalOf } from "./conclude.ts";
import type { Course } from "./course.ts";
import { type IssueDeps, placeOf } from "./deps.ts";
import { endDrafts, issuanceFailedDrafts, startedDrafts } from "./end-drafts.ts";
import type { BoundedGrant } from "./grant.ts";
import type { Intent } from "./intent.ts";
import { type Context, recheckContext } from "./judge-context.ts";
import { mint } from "./mint.ts";
import type { Redemption } from "./redemption.ts";
import { judgeExpiry } from "./trust-snapshot.ts";

/** Milliseconds kept for read-back and barrier 3 after the call. */
const CONCLUDING = 5_000;

/** A grant whose issuance is durable, about to be run. */
export interface Runnable extends Issued {
  readonly grant: BoundedGrant;
  readonly contract: ReadContract;
  /** The assumptions as they were seen before. */
  readonly context: Context;
  /** Stage `state` on the chain as it stands: nothing is begun under a contract that ended meanwhile. */
  readonly judgeState: (intent: Intent) => Refusal | undefined;
  /** Stages `state` to `context`, judged again by what the Registry says now; runs beside barrier 2's signing. */
  readonly rejudge: (intent: Intent) => Promise<Refusal | undefined>;
  readonly redemption?: Redemption;
}

/** Nothing was started, and why; what the chain is to say of it depends on the use. */
export interface Unstarted {
  readonly refusal: Refusal;
  readonly stage: Stage;
  /** The session that was obtained and never used, if one was. */
  readonly session?: IssuedSession;
}

/** What became of a run: its answer, a refusal before it began, or that the same request had started it already. */
export type Run = Answer | Unstarted | Stop<IdentityView>;

export const isUnstarted = (run: Run): run is Unstarted =>
  !(run instanceof Stop) && "refusal" in run;

/**
 * From durable issuance to the end of the identity: STS once, barrier 2, the one call, the read-back, barrier 3
 * (design.md §2 steps 7–11). Each exit leaves a record of whatever authority existed.
 */
export async function executeGrant(
  deps: IssueDeps,
  course: Course,
  runnable: Runnable,
): Promise<Run> {
  const { grant } = runnable;
  const descriptor = requiredDescriptor(deps, grant);
  const prepared = prepareReader(deps, descriptor, grant);
  const early = await judgeEarly(deps, runnable, prepared);
  if (early !== undefined) {
    course.enter("execution");
    return { refusal: early, stage: course.stage };
  }
  course.enter("issuance");
  const [session, reader] = await Promise.all([mint(deps, grant, grant.governed), prepared]);
  if (isRefusal(session)) return failIssuance(deps, course, runnable, session);
  course.enter("execution");
  const started = await begin(deps, course, runnable, descriptor, session, reader);
  if (started instanceof Stop) return started;
  if (isRefusal(started)) return { refusal: started, stage: course.stage, session };
  const { credentials, preRead } = started.reader;
  const begun = deps.clock();
  const place = placeOf(deps);
  // Storing barrier 2 took time too: what could not end inside the window and this invocation is not begun.
  const late = lateness(deps, course, grant);
  const call: CallOutcome =
    late === undefined
      ? await runBoundedCall(descriptor, grant.operation, preRead, session, place)
      : { status: "failed", error: { name: late, kind: "precondition" } };
  const seen = await readBack(descriptor, grant.operation, { ...place, credentials });
  const outcome = outcomeOf(call, seen, runnable.contract.claims.obligations ?? []);
  const drafts = endDrafts(outcome, seen, started.rechecked, deps.clock() - begun);
  return conclude(deps, course, { ...runnable, intent: started.intent }, () => drafts);
}

/**
 * A handle can be tried again and again: what refuses it without a session is found before STS is asked, or one
 * handle could ask for any number of them.
 */
async function judgeEarly(
  deps: IssueDeps,
  { grant, redemption }: Runnable,
  prepared: Promise<Reader | Refusal>,
): Promise<Refusal | undefined> {
  if (redemption === undefined) return undefined;
  const reader = await prepared;
  return isRefusal(reader) ? reader : judgeTimeLeft(deps, grant);
}

/**
 * STS gave no session: the identity ends, unless the same handle was redeemed meanwhile by somebody who got one. That
 * redemption runs to its own end, and this one is told so.
 */
async function failIssuance(
  deps: IssueDeps,
  course: Course,
  runnable: Runnable,
  failed: Refusal,
): Promise<Run> {
  const { redemption } = runnable;
  if (redemption === undefined) {
    return conclude(deps, course, runnable, () => issuanceFailedDrafts(failed));
  }
  let settled: Refusal | IdentityView | undefined;
  const answer = await conclude(deps, course, runnable, (intent) => {
    settled = redemption.settle(intent);
    return settled === undefined ? issuanceFailedDrafts(failed) : [];
  });
  if (settled === undefined) return answer;
  return isRefusal(settled)
    ? { refusal: settled, stage: course.stage }
    : new Stop<IdentityView>(settled);
}

function requiredDescriptor(deps: IssueDeps, { operation }: BoundedGrant): ActionDescriptor {
  const descriptor = deps.descriptorOf(operation.action);
  if (descriptor === undefined) throw new TypeError(`no descriptor for ${operation.action}`);
  return descriptor;
}

interface Reader {
  readonly credentials: ClientSettings["credentials"];
  readonly preRead: PreRead;
}

/** The reader role's session and what the call needs read before it; a failed read is never taken as fine. */
async function prepareReader(
  deps: IssueDeps,
  descriptor: ActionDescriptor,
  { governed, operation }: BoundedGrant,
): Promise<Reader | Refusal> {
  try {
    const credentials = await deps.readerCredentials(governed.readerRoleArn, descriptor.family);
    const settings = { ...placeOf(deps), credentials, timeoutMilliseconds: CALL_TIMEOUT };
    const preRead = (await descriptor.preRead?.(operation, settings)) ?? NOTHING_READ;
    return { credentials, preRead };
  } catch {
    return refuse(
      "DEPENDENCY_UNAVAILABLE",
      "the target could not be read before the call: it is not there, the cloud team has not opened it, or AWS did not answer",
    );
  }
}

interface Begun {
  readonly intent: Intent;
  readonly reader: Reader;
  /** The assumptions that were seen again beside the signing. */
  readonly rechecked: Context;
}

/** Barrier 2: `CredentialsMinted` and `ExecutionStarted` are durable, or nothing is called (VAI-06). */
async function begin(
  deps: IssueDeps,
  course: Course,
  runnable: Runnable,
  descriptor: ActionDescriptor,
  session: IssuedSession,
  reader: Reader | Refusal,
): Promise<Begun | Stop<IdentityView> | Refusal> {
  if (isRefusal(reader)) return reader;
  const { grant, context, redemption } = runnable;
  let rechecked: Context = [];
  try {
    const call = descriptor.describeCall(grant.operation, reader.preRead, placeOf(deps));
    const drafts = startedDrafts(grant, session, call, reader.preRead, context, redemption);
    const keys = redemption?.keys ?? [];
    const result = await appendToIntent<Refusal | IdentityView>(deps, course, runnable.intent, {
      // Or the outcome could no longer be sealed.
      until: course.invocation.deadline,
      prepare: (intent) => {
        const settled = redemption?.settle(intent) ?? runnable.judgeState(intent);
        return settled === undefined ? { drafts, keys } : new Stop(settled);
      },
      meanwhile: async () => {
        const [refusal, seen] = await Promise.all([
          runnable.rejudge(runnable.intent),
          recheck(deps, course, runnable),
        ]);
        if (refusal !== undefined) return refusal;
        if (isRefusal(seen)) {
          course.enter("context");
          course.note("context", seen);
          return seen;
        }
        rechecked = seen;
        return course.judge([["window", () => judgeTimeLeft(deps, grant)]]);
      },
      ...(redemption !== undefined && { onTaken: redemption.onTaken }),
    });
    if (!(result instanceof Stop)) {
      return isRefusal(result) ? result : { intent: result, reader, rechecked };
    }
    return isRefusal(result.value) ? result.value : new Stop(result.value);
  } catch (fault) {
    return refusalOf(fault);
  }
}

const recheck = (
  deps: IssueDeps,
  course: Course,
  { contract, context }: Runnable,
): Promise<Context | Refusal> =>
  recheckContext(deps, contract.claims, course.requireTrust().policy, context);

/** A fresh instant: the call must be able to end inside the window. */
const judgeTimeLeft = (deps: IssueDeps, { expiresAt }: BoundedGrant): Refusal | undefined =>
  expiresAt - deps.clock() < CALL_TIMEOUT
    ? refuse(
        "IDENTITY_EXPIRED",
        `the identity ends in less than the ${CALL_TIMEOUT} ms that the call may take`,
      )
    : undefined;

/** Why there is no time left for the call, by name; `undefined` when there is. */
function lateness(
  deps: IssueDeps,
  course: Course,
  { expiresAt }: BoundedGrant,
): string | undefined {
  const now = deps.clock();
  if (judgeExpiry(course.requireTrust(), now) !== undefined) return "TrustPolicyEndsBeforeCall";
  if (expiresAt - now < CALL_TIMEOUT) return "IdentityEndsBeforeCall";
  return course.invocation.deadline - now < CALL_TIMEOUT + CONCLUDING
    ? "FunctionEndsBeforeCall"
    : undefined;
}
