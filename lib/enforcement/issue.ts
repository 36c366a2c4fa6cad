import type { IdentityView } from "../evidence/fold.ts";
import type { TakenKey } from "../evidence/ports.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { type Admitted, admit } from "./admit.ts";
import type { Answer } from "./answer.ts";
import { answerRetry } from "./answer-retry.ts";
import { appendToIntent, Stop } from "./append.ts";
import { Course } from "./course.ts";
import { answerUnattributed, deny } from "./deny.ts";
import type { Invocation, IssueDeps } from "./deps.ts";
import { digestOfEvent } from "./event.ts";
import { executeGrant, refusalOf } from "./execute-grant.ts";
import type { Intent } from "./intent.ts";
import { takenContractId } from "./judge-proof.ts";
import { rejudge } from "./rejudge.ts";
import { Trial } from "./trial.ts";

/**
 * The whole way of one request: prove that the authority is justified now, derive it, issue it, run the one
 * bounded action, and leave evidence of every step (design.md §2). Never throws: a fault ends in a refusal.
 * @param event whatever the caller sent, of any shape.
 */
export async function issue(
  event: unknown,
  deps: IssueDeps,
  invocation: Invocation,
): Promise<Answer> {
  const course = new Course(deps, invocation, digestOfEvent(event));
  try {
    const admitted = await admit(deps, course, event);
    return isRefusal(admitted)
      ? await answerUnattributed(deps, course, admitted, event)
      : await serve(deps, course, admitted);
  } catch (fault) {
    return answerUnattributed(deps, course, refusalOf(fault), event);
  }
}

/** Stages `retry` to the end of the identity, for a verified executor. */
async function serve(deps: IssueDeps, course: Course, admitted: Admitted): Promise<Answer> {
  const trial = new Trial(course, admitted, deps.newId());
  const reserved = await reserve(deps, course, admitted, trial).catch(refusalOf);
  if (isRefusal(reserved)) return deny(deps, course, admitted, trial, reserved);
  if (reserved instanceof Stop) {
    return answerRetry(deps, course, admitted, trial.intent, reserved.value);
  }
  const grant = trial.requireGrant();
  course.learn({ identity: { id: grant.identityId } });
  return executeGrant(deps, course, {
    grant,
    trust: admitted.trust,
    intent: reserved,
    obligations: admitted.asked.contract.claims.obligations ?? [],
    rejudge: (intent) => rejudge(deps, course, admitted, grant, intent),
  });
}

/** Barrier 1: the grant is durable and its keys are taken, or it is a retry of one, or refused. */
async function reserve(
  deps: IssueDeps,
  course: Course,
  { trust, intent: start }: Admitted,
  trial: Trial,
): Promise<Intent | Stop<IdentityView> | Refusal> {
  const result = await appendToIntent<Refusal | IdentityView>(deps, course, trust, start, {
    prepare: (intent) => trial.prepare(intent),
    onTaken: (key) => judgeTaken(course, key),
  });
  if (!(result instanceof Stop)) return result;
  return isRefusal(result.value) ? result.value : new Stop(result.value);
}

/** A key in State that no verified record explains: somebody else's contract id, or a chain that lost records. */
function judgeTaken(course: Course, key: TakenKey): Refusal {
  if (key.pk.startsWith("contract-id#")) {
    course.enter("proof");
    const taken = takenContractId();
    course.note("uniqueness", taken);
    return taken;
  }
  return refuse("EVIDENCE_CHAIN_BROKEN", "State knows a grant that the intent's chain does not");
}
