import type { ClientSettings } from "../actions/client-settings.ts";
import {
  type ActionDescriptor,
  type CallOutcome,
  NOTHING_READ,
  type PreRead,
} from "../actions/descriptor.ts";
import type { RecordDraft } from "../evidence/statement.ts";
import { outcomeOf } from "../execution/outcome.ts";
import { CALL_TIMEOUT, readBack, runBoundedCall } from "../execution/run.ts";
import { executionRoleRequest, issuedSession } from "../issuance/assume-role.ts";
import type { IssuedSession } from "../issuance/session.ts";
import { Fault, isRefusal, type Refusal, refuse, type Stage } from "../refusal.ts";
import { type Answer, answerAbout, refusedAnswer } from "./answer.ts";
import { appendToIntent, backOff, Stop } from "./append.ts";
import type { Course } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import { endDrafts, issuanceFailedDrafts, rejectedDrafts, startedDrafts } from "./end-drafts.ts";
import type { Grant } from "./grant.ts";
import type { Intent } from "./intent.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

/** Tries of barrier 3 after the first; with their waits about as long as a function lives. */
const END_TRIES = 20;
/** Milliseconds kept for read-back and barrier 3 after the call. */
const CONCLUDING = 5_000;

/** A grant whose barrier 1 is durable. */
export interface Issued {
  readonly grant: Grant;
  readonly intent: Intent;
  readonly trust: TrustSnapshot;
  readonly obligations: Parameters<typeof outcomeOf>[2];
  /** Stages `state` to `context`, judged again by what the Registry says now; runs beside barrier 2's signing. */
  readonly rejudge: (intent: Intent) => Promise<Refusal | undefined>;
}

/**
 * From durable issuance to the end of the identity: STS once, barrier 2, the one call, the read-back, barrier 3
 * (design.md §2 steps 7–11). Each exit leaves a record of whatever authority existed.
 */
export async function executeGrant(
  deps: IssueDeps,
  course: Course,
  issued: Issued,
): Promise<Answer> {
  const { grant } = issued;
  const descriptor = requiredDescriptor(deps, grant);
  course.enter("issuance");
  const [session, reader] = await Promise.all([
    mint(deps, grant),
    prepareReader(deps, descriptor, grant),
  ]);
  if (isRefusal(session)) {
    return conclude(deps, course, issued, () => issuanceFailedDrafts(session));
  }
  course.enter("execution");
  const started = await begin(deps, course, issued, descriptor, session, reader);
  if (isRefusal(started)) {
    return conclude(deps, course, issued, ({ state }) =>
      rejectedDrafts(grant, session, state.identities.get(grant.identityId), started, course.stage),
    );
  }
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
  const outcome = outcomeOf(call, seen, issued.obligations);
  const drafts = endDrafts(outcome, seen, deps.clock() - begun);
  return conclude(deps, course, { ...issued, intent: started.intent }, () => drafts);
}

function requiredDescriptor(deps: IssueDeps, { operation }: Grant): ActionDescriptor {
  const descriptor = deps.descriptorOf(operation.action);
  if (descriptor === undefined) throw new TypeError(`no descriptor for ${operation.action}`);
  return descriptor;
}

const placeOf = (deps: IssueDeps): Pick<ClientSettings, "region" | "endpoint"> => ({
  region: deps.plane.region,
  ...(deps.targetEndpoint !== undefined && { endpoint: deps.targetEndpoint }),
});

/** One AssumeRole: no second try with less policy, no other credentials (VAI-100). */
async function mint(deps: IssueDeps, grant: Grant): Promise<IssuedSession | Refusal> {
  const { governed, sessionName, sessionPolicy } = grant;
  try {
    return issuedSession(
      await deps.assumeRole(
        executionRoleRequest(governed.executionRoleArn, sessionName, sessionPolicy),
      ),
    );
  } catch (fault) {
    const code =
      fault instanceof Fault && fault.code === "SESSION_POLICY_TOO_LARGE"
        ? fault.code
        : "STS_FAILED";
    const why = fault instanceof Fault ? fault.message : "AssumeRole failed";
    return refuse(code, `${why}; the use is spent, ask for a new contract`);
  }
}

interface Reader {
  readonly credentials: ClientSettings["credentials"];
  readonly preRead: PreRead;
}

/** The reader role's session and what the call needs read before it; a failed read is never taken as fine. */
async function prepareReader(
  deps: IssueDeps,
  descriptor: ActionDescriptor,
  { governed, operation }: Grant,
): Promise<Reader | Refusal> {
  try {
    const credentials = await deps.readerCredentials(governed.readerRoleArn, descriptor.family);
    const settings = { ...placeOf(deps), credentials, timeoutMilliseconds: CALL_TIMEOUT };
    const preRead = (await descriptor.preRead?.(operation, settings)) ?? NOTHING_READ;
    return { credentials, preRead };
  } catch {
    return refuse("DEPENDENCY_UNAVAILABLE", "the target could not be read before the call");
  }
}

/** Barrier 2: `CredentialsMinted` and `ExecutionStarted` are durable, or nothing is called (VAI-06). */
async function begin(
  deps: IssueDeps,
  course: Course,
  issued: Issued,
  descriptor: ActionDescriptor,
  session: IssuedSession,
  reader: Reader | Refusal,
): Promise<{ readonly intent: Intent; readonly reader: Reader } | Refusal> {
  if (isRefusal(reader)) return reader;
  const { grant, trust } = issued;
  try {
    const call = descriptor.describeCall(grant.operation, reader.preRead);
    const drafts = startedDrafts(grant, session, call, reader.preRead);
    const result = await appendToIntent<Refusal>(deps, course, trust, issued.intent, {
      prepare: (intent) => {
        const ended = endOf(intent, grant);
        return ended === undefined ? { drafts } : new Stop(ended);
      },
      meanwhile: async () => (await issued.rejudge(issued.intent)) ?? judgeTimeLeft(deps, grant),
    });
    if (result instanceof Stop) return result.value;
    return isRefusal(result) ? result : { intent: result, reader };
  } catch (fault) {
    return refusalOf(fault);
  }
}

/** Only a denial, violation, supersession or end of this identity stops it (design.md §2 step 6). */
function endOf({ state }: Intent, { identityId }: Grant): Refusal | undefined {
  const identity = state.identities.get(identityId);
  return identity === undefined || identity.end !== undefined
    ? refuse("CONTRACT_REVOKED", "the identity ended before its call")
    : undefined;
}

/** A fresh instant: the call must be able to end inside the window. */
const judgeTimeLeft = (deps: IssueDeps, { expiresAt }: Grant): Refusal | undefined =>
  expiresAt - deps.clock() < CALL_TIMEOUT
    ? refuse(
        "IDENTITY_EXPIRED",
        `the identity ends in less than the ${CALL_TIMEOUT} ms that the call may take`,
      )
    : undefined;

/** Why there is no time left for the call, by name; `undefined` when there is. */
function lateness(
  deps: IssueDeps,
  { invocation }: Course,
  { expiresAt }: Grant,
): string | undefined {
  const now = deps.clock();
  if (expiresAt - now < CALL_TIMEOUT) return "IdentityEndsBeforeCall";
  return invocation.deadline - now < CALL_TIMEOUT + CONCLUDING
    ? "FunctionEndsBeforeCall"
    : undefined;
}

export const refusalOf = (fault: unknown): Refusal =>
  fault instanceof Fault
    ? refuse(fault.code, fault.message)
    : refuse("INTERNAL_FAULT", "the trust plane met a condition that it was not built for");

/**
 * Writes the end of an identity and answers from the chain; a store or signer that fails is tried again until just
 * before the function ends. If the end cannot be written the answer is not success, whatever the target did: the
 * identity stays open in evidence and is found there (VAI-103).
 */
async function conclude(
  deps: IssueDeps,
  course: Course,
  issued: Issued,
  draftsOf: (intent: Intent) => readonly RecordDraft[],
): Promise<Answer> {
  const { stage } = course;
  for (let attempt = 0; ; attempt++) {
    try {
      return answerFor(deps, issued, await writeEnd(deps, course, issued, draftsOf));
    } catch (fault) {
      const mayPass = fault instanceof Fault && attempt < END_TRIES;
      const isOver = !mayPass || !(await hasTimeToRetry(deps, course, attempt));
      if (isOver) return unconcluded(issued.intent, refusalOf(fault), stage);
    }
  }
}

/** Appends the end, unless an earlier try whose answer was lost has done it. */
async function writeEnd(
  deps: IssueDeps,
  course: Course,
  { grant, intent, trust }: Issued,
  draftsOf: (intent: Intent) => readonly RecordDraft[],
): Promise<Intent> {
  const isEnded = ({ state }: Intent): boolean =>
    state.identities.get(grant.identityId)?.end !== undefined;
  const result = await appendToIntent<Intent>(deps, course, trust, intent, {
    prepare: (latest) => (isEnded(latest) ? new Stop(latest) : { drafts: draftsOf(latest) }),
  });
  if (isRefusal(result)) throw new TypeError(result.detail);
  return result instanceof Stop ? result.value : result;
}

const hasTimeToRetry = (deps: IssueDeps, course: Course, attempt: number): Promise<boolean> =>
  backOff(deps, course, attempt).then(
    () => true,
    () => false,
  );

function answerFor(deps: IssueDeps, { grant }: Issued, intent: Intent): Answer {
  const identity = intent.state.identities.get(grant.identityId);
  if (identity === undefined) throw new TypeError("an issued identity is in its chain");
  return answerAbout(intent, identity, false, deps.clock());
}

/** The barriers before are durable, and named; the end is not. */
const unconcluded = ({ chainId, state }: Intent, refusal: Refusal, stage: Stage): Answer => ({
  ...refusedAnswer(refusal, stage, false),
  evidence: { chainId, seq: state.head.seq },
});
