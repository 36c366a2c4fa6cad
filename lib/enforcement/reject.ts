import { readExecuteRequest } from "../continuity/request.ts";
import type { ReadContract } from "../contract/contract.ts";
import type { ContractEnding } from "../evidence/details.ts";
import { contractView } from "../evidence/fold.ts";
import type { RecordDraft } from "../evidence/record.ts";
import type { IssuedSession } from "../issuance/session.ts";
import { Fault, isRefusal, type Refusal } from "../refusal.ts";
import type { Admitted } from "./admit.ts";
import type { RefusedAnswer } from "./answer.ts";
import { type Batch, backOff } from "./append.ts";
import { EXECUTE_CHECK_NAMES } from "./check-names.ts";
import type { Course } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import { invalidatedDrafts, revokedDraft } from "./end-drafts.ts";
import type { ExecuteEvent } from "./event.ts";
import type { Intent } from "./intent.ts";
import {
  answerRefusal,
  type Denial,
  placeOf,
  recordOnIntent,
  recordUnattributed,
  verdictOf,
} from "./refusals.ts";
import { requestEvidence } from "./request-evidence.ts";

/** Why a redemption was refused, and the session that was obtained for it and never used. */
interface Rejection {
  readonly refusal: Refusal;
  readonly session?: IssuedSession;
}

const denialOf = (course: Course, refusal: Refusal): Denial => ({
  refusal,
  stage: course.stage,
  checkNames: EXECUTE_CHECK_NAMES,
});

/** Redemptions that are refused leave `ExecutionRejected` (wire.md §5). */
const rejected = (
  course: Course,
  denial: Denial,
  about: Readonly<Record<string, unknown>>,
): RecordDraft => ({
  type: "ExecutionRejected",
  verdict: verdictOf(course, denial),
  detail: { ...placeOf(denial.refusal), ...about },
});

/** A refusal before the executor and its handle are verified: on a chain that accuses nobody. */
export function rejectUnattributed(
  deps: IssueDeps,
  course: Course,
  refusal: Refusal,
  event: unknown,
): Promise<RefusedAnswer> {
  const denial = denialOf(course, refusal);
  const { request } = (event ?? {}) as Record<string, unknown>;
  const read = course.about.request === undefined ? undefined : readExecuteRequest(request);
  const draft = rejected(course, denial, {
    eventDigest: course.eventDigest,
    ...(read !== undefined && !isRefusal(read) && requestEvidence(read)),
  });
  return answerRefusal(course, denial, () => recordUnattributed(deps, course, [draft]));
}

/**
 * A refusal of the handle's own holder. What is outside the contract is a violation: it revokes the identity and
 * ends the contract (wire.md §4). Any other refusal leaves the handle as it is, to be judged anew.
 */
export async function rejectRedemption(
  deps: IssueDeps,
  course: Course,
  redeemer: Admitted<ExecuteEvent>,
  { refusal, session }: Rejection,
): Promise<RefusedAnswer> {
  if (refusal.code === "EVIDENCE_CHAIN_BROKEN") {
    return rejectUnattributed(deps, course, refusal, redeemer.raw);
  }
  const { asked } = redeemer;
  const denial = denialOf(course, refusal);
  const rejection = rejected(course, denial, {
    ...requestEvidence(asked.request),
    executor: asked.executor,
    ...(session !== undefined && { unusedAccessKeyId: session.maskedAccessKeyId }),
  });
  let isSpent = false;
  const batchOf = (intent: Intent): Batch => {
    const ending = endingDrafts(course, denial, asked.contract, intent);
    isSpent = isStartedHere(course, intent, redeemer);
    const isRevoked = isSpent || (endsContract(ending) && isUnused(intent, redeemer));
    const end = isRevoked ? [revokedDraft(refusal, denial.stage)] : [];
    return { drafts: [...ending, rejection, ...end] };
  };
  const { drafts: first } = batchOf(redeemer.intent);
  // A denial is always written: only what changes nothing is counted when there is too much of it.
  const isDenial = (intent: Intent): boolean => {
    const { drafts } = batchOf(intent);
    return isSpent || endsContract(drafts);
  };
  const record = () =>
    recordOnIntent(deps, course, redeemer.intent, batchOf, () => refusal, isDenial);
  const answer = await answerRefusal(course, denial, () =>
    endsContract(first) ? insisting(deps, course, record) : record(),
  );
  return isSpent ? { ...answer, retryable: false } : answer;
}

/** Tries at recording what ends a contract; with their waits about as long as a function lives. */
const DENIAL_TRIES = 20;

/** What ends a contract is tried until shortly before the function's end: it must not be forgotten. */
async function insisting<T>(deps: IssueDeps, course: Course, record: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await record();
    } catch (fault) {
      if (!(fault instanceof Fault) || attempt >= DENIAL_TRIES) throw fault;
      await backOff(deps, course, attempt);
    }
  }
}

/**
 * What shows that a contract was violated, or that its context changed, and whether it ends with that. A contract
 * that has ended already ends no second time, or parallel attempts could fill the chain.
 */
function endingDrafts(
  course: Course,
  denial: Denial,
  { claims, digest }: ReadContract,
  { state }: Intent,
): RecordDraft[] {
  if (contractView(state, digest).ended !== undefined) return [];
  if (denial.stage !== "scope") return invalidatedDrafts(denial.refusal, denial.stage, claims);
  const ends: ContractEnding = { endsContract: "VIOLATED" };
  const detail = { ...placeOf(denial.refusal), ...ends };
  return [{ type: "ViolationDetected", verdict: verdictOf(course, denial), detail }];
}

const endsContract = (drafts: readonly RecordDraft[]): boolean =>
  drafts.some(({ detail = {} }) => (detail as ContractEnding).endsContract !== undefined);

/**
 * Whether the chain says that this very invocation started the identity: its barrier 2 was stored although the
 * answer was lost, and nothing was called. Left as it is, it would count as a call whose outcome nobody knows.
 */
function isStartedHere(
  { invocation }: Course,
  { state }: Intent,
  { event }: Admitted<ExecuteEvent>,
): boolean {
  const identity = state.identities.get(event.handle.claims.jti);
  return identity?.startedIn === invocation.requestId && identity.end === undefined;
}

/** A redemption that was faster runs to its end, which is then recorded as what it was. */
function isUnused({ state }: Intent, { event }: Admitted<ExecuteEvent>): boolean {
  const identity = state.identities.get(event.handle.claims.jti);
  return identity?.startedAt === undefined && identity?.end === undefined;
}
