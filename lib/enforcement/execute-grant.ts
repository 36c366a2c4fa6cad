import type { ClientSettings } from "../actions/client-settings.ts";
import { type ActionDescriptor, NOTHING_READ, type PreRead } from "../actions/descriptor.ts";
import type { RecordDraft } from "../evidence/statement.ts";
import { outcomeOf } from "../execution/outcome.ts";
import { CALL_TIMEOUT, readBack, runBoundedCall } from "../execution/run.ts";
import { executionRoleRequest, issuedSession } from "../issuance/assume-role.ts";
import type { IssuedSession } from "../issuance/session.ts";
import { Fault, isRefusal, type Refusal, refuse } from "../refusal.ts";
import { type Answer, answerAbout, refusedAnswer } from "./answer.ts";
import { appendToIntent, Stop } from "./append.ts";
import type { Course } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import { endDrafts, issuanceFailedDrafts, rejectedDrafts, startedDrafts } from "./end-drafts.ts";
import type { Grant } from "./grant.ts";
import type { Intent } from "./intent.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

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
  const call = await runBoundedCall(descriptor, grant.operation, preRead, session, place);
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

export const refusalOf = (fault: unknown): Refusal =>
  fault instanceof Fault
    ? refuse(fault.code, fault.message)
    : refuse("INTERNAL_FAULT", "the trust plane met a condition that it was not built for");

/**
 * Writes the end of an identity and answers from the chain. If it cannot be written the answer is not success,
 * whatever the target did: the identity stays open in evidence and is found there (VAI-103).
 */
async function conclude(
  deps: IssueDeps,
  course: Course,
  { grant, intent, trust }: Issued,
  draftsOf: (intent: Intent) => readonly RecordDraft[],
): Promise<Answer> {
  try {
    const result = await appendToIntent<never>(deps, course, trust, intent, {
      prepare: (latest) => ({ drafts: draftsOf(latest) }),
    });
    if (isRefusal(result) || result instanceof Stop)
      throw new Fault("EVIDENCE_STORE_UNAVAILABLE", "the chain broke");
    const identity = result.state.identities.get(grant.identityId);
    if (identity === undefined) throw new TypeError("an issued identity is in its chain");
    return answerAbout(result, identity, false, deps.clock());
  } catch (fault) {
    return refusedAnswer(refusalOf(fault), course.stage, false);
  }
}
