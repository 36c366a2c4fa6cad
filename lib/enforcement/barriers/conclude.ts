import { isTerminal } from "../../evidence/events.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { Fault } from "../../refusal.ts";
import { type Answer, answerAbout, type RefusedAnswer, refusedAnswer } from "../answer.ts";
import { type Failure, isFailure, type Judgement, momentOf } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import type { Point } from "../stage.ts";
import { appendToIntent, backOff, ready, settled } from "./append.ts";
import { takingOwnMarks } from "./own-mark.ts";

/** Tries of barrier 3 after the first; with their waits about as long as a function lives. */
const END_TRIES = 20;

/** An identity on its chain, as this course last knows it. */
export interface Open {
  readonly identityId: string;
  readonly intent: Intent;
  /** The identity that is answered about, where that is another one. */
  readonly answersFor?: string | undefined;
}

/**
 * Writes the end of an identity and answers from the chain; a store or signer that fails is tried again until just
 * before the function ends. If the end cannot be written the answer is not success, whatever the target did: the
 * identity stays open in evidence and is found there (VAI-103).
 */
export async function conclude(
  judgement: Judgement,
  at: Point,
  open: Open,
  draftsOf: (intent: Intent) => readonly RecordDraft[],
): Promise<Answer> {
  const done = await concludedOn(judgement, at, open, draftsOf);
  const { identityId, answersFor = identityId } = open;
  return "ok" in done ? done : answerAbout(done, answersFor, momentOf(judgement));
}

/** The same, for whoever has more to do behind that end. @returns the intent with it, or why it could not be written. */
export async function concludedOn(
  judgement: Judgement,
  at: Point,
  open: Open,
  draftsOf: (intent: Intent) => readonly RecordDraft[],
): Promise<Intent | RefusedAnswer> {
  judgement.reach(at);
  for (let attempt = 0; ; attempt++) {
    try {
      const intent = await writeEnd(judgement, open, draftsOf);
      return isFailure(intent) ? unconcluded(open.intent, { ...intent, stage: at.name }) : intent;
    } catch (fault) {
      const mayPass = fault instanceof Fault && attempt < END_TRIES;
      const isOver = !mayPass || !(await hasTimeToRetry(judgement, attempt));
      if (isOver) return unconcluded(open.intent, judgement.faulted(fault));
    }
  }
}

/** Whether drafts tell the outcome of a call: that is written whatever else has ended the identity meanwhile. */
const isOutcome = (drafts: readonly RecordDraft[]): boolean =>
  drafts.some(({ type }) => type === "ExecutionCompleted" || type === "ExecutionFailed");

/** Whether drafts tell of a session that was refused its use: that is written behind another's end too. */
const isRejection = (drafts: readonly RecordDraft[]): boolean =>
  drafts.some(({ type }) => type === "ExecutionRejected");

/** Appends the end, unless an earlier try whose answer was lost has done it. */
async function writeEnd(
  judgement: Judgement,
  { identityId, intent: start }: Open,
  draftsOf: (intent: Intent) => readonly RecordDraft[],
): Promise<Intent | Failure> {
  const result = await appendToIntent<Intent>(judgement, start, {
    prepare: (latest) => {
      const identity = latest.state.identities.get(identityId);
      const all = draftsOf(latest);
      const hasEnded = identity?.end !== undefined;
      const isWritten = isOutcome(all) ? identity?.executed : hasEnded && !isRejection(all);
      // An identity has one terminal record: the outcome of what ran when somebody ended it is told without another.
      const drafts = hasEnded ? all.filter(({ type }) => !isTerminal(type)) : all;
      if (isWritten === true || drafts.length === 0) return settled(latest);
      const digest = identity?.contractDigest;
      return ready(digest === undefined ? { drafts } : takingOwnMarks({ drafts }, latest, digest));
    },
  });
  if (result.kind === "refused") return result.failure;
  return result.kind === "settled" ? result.value : result.intent;
}

const hasTimeToRetry = (judgement: Judgement, attempt: number): Promise<boolean> =>
  backOff(judgement, attempt).then(
    () => true,
    () => false,
  );

/** The barriers before are durable, and named; the end is not. */
const unconcluded = ({ chainId, state }: Intent, failure: Failure): RefusedAnswer => ({
  ...refusedAnswer(failure, false),
  evidence: { chainId, seq: state.head.seq },
});
