import type { RecordDraft } from "../evidence/record.ts";
import { Fault, isRefusal, type Refusal, refuse, type Stage } from "../refusal.ts";
import { type Answer, answerAbout, refusedAnswer } from "./answer.ts";
import { appendToIntent, backOff, Stop } from "./append.ts";
import type { Course } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import type { Intent } from "./intent.ts";

/** Tries of barrier 3 after the first; with their waits about as long as a function lives. */
const END_TRIES = 20;

/** An identity on its chain, as this course last knows it. */
export interface Issued {
  readonly grant: { readonly identityId: string };
  readonly intent: Intent;
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
export async function conclude(
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

/** Whether drafts tell the outcome of a call: that is written whatever else has ended the identity meanwhile. */
const isOutcome = (drafts: readonly RecordDraft[]): boolean =>
  drafts.some(({ type }) => type === "ExecutionCompleted" || type === "ExecutionFailed");

/** Appends the end, unless an earlier try whose answer was lost has done it. */
async function writeEnd(
  deps: IssueDeps,
  course: Course,
  { grant, intent }: Issued,
  draftsOf: (intent: Intent) => readonly RecordDraft[],
): Promise<Intent> {
  const result = await appendToIntent<Intent>(deps, course, intent, {
    prepare: (latest) => {
      const drafts = draftsOf(latest);
      const identity = latest.state.identities.get(grant.identityId);
      const isWritten = isOutcome(drafts) ? identity?.executed : identity?.end !== undefined;
      return isWritten === true || drafts.length === 0 ? new Stop(latest) : { drafts };
    },
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
