import type { IdentityView } from "../evidence/fold.ts";
import type { TakenKey } from "../evidence/ports.ts";
import { handleClaims, signHandle } from "../issuance/handle.ts";
import { isRefusal, type Refusal } from "../refusal.ts";
import { type Admitted, admit, judgeDesignation, lostGrant } from "./admit.ts";
import { type Answer, answerAbout, type Delivered } from "./answer.ts";
import { answerRetry } from "./answer-retry.ts";
import { appendToIntent, Stop } from "./append.ts";
import { conclude, refusalOf } from "./conclude.ts";
import { Course } from "./course.ts";
import { deliverCredentials } from "./deliver-credentials.ts";
import { answerUnattributed, deny } from "./deny.ts";
import type { Invocation, IssueDeps } from "./deps.ts";
import { rejectedDrafts } from "./end-drafts.ts";
import { digestOfEvent } from "./event.ts";
import { executeGrant, isUnstarted, type Run } from "./execute-grant.ts";
import { bounded, type Grant } from "./grant.ts";
import type { Intent } from "./intent.ts";
import { observeContext } from "./judge-context.ts";
import { takenContractId } from "./judge-proof.ts";
import { stateChecks } from "./judge-state.ts";
import { type Judged, judgeStateAgain, rejudge } from "./rejudge.ts";
import { Trial } from "./trial.ts";

/**
 * The whole way of one request: prove that the authority is justified now, derive it, issue it, deliver it or run
 * the one bounded action, and leave evidence of every step (design.md §2). Never throws: a fault ends in a refusal.
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

/** Stages `retry` to the end of the identity, or to its delivery, for a verified executor. */
async function serve(deps: IssueDeps, course: Course, admitted: Admitted): Promise<Answer> {
  const trial = new Trial(course, admitted, deps.newId());
  const reserved = await reserve(deps, course, admitted, trial).catch(refusalOf);
  if (isRefusal(reserved)) return deny(deps, course, admitted, trial, reserved);
  if (reserved instanceof Stop) {
    return answerRetry(deps, course, trial.intent, reserved.value, "issue", (identity) =>
      handleAgain(deps, trial.intent, identity),
    );
  }
  const grant = trial.requireGrant();
  course.learn({ identity: { id: grant.identityId } });
  return deliver(deps, course, admitted, trial, grant, reserved);
}

/** What barrier 1 left: the intent with the grant on it, and the handle that may now leave. */
interface Reserved {
  readonly intent: Intent;
  readonly delivered: Delivered;
}

/** Barrier 1: the grant is durable and its keys are taken, or it is a retry of one, or refused. */
async function reserve(
  deps: IssueDeps,
  course: Course,
  admitted: Admitted,
  trial: Trial,
): Promise<Reserved | Stop<IdentityView> | Refusal> {
  const unfit = await judgeContext(deps, course, admitted, trial);
  if (unfit !== undefined) return unfit;
  let delivered: Delivered = {};
  const result = await appendToIntent<Refusal | IdentityView>(deps, course, admitted.intent, {
    prepare: (intent) => trial.prepare(intent),
    // Beside the records: the handle is worth nothing before its grant is durable, and leaves only then.
    meanwhile: async () => {
      delivered = await handleOf(deps, trial);
      return undefined;
    },
    onTaken: (key) => judgeTaken(course, key),
  });
  if (!(result instanceof Stop)) return isRefusal(result) ? result : { intent: result, delivered };
  return isRefusal(result.value) ? result.value : new Stop(result.value);
}

/** Stage `context`, for a contract with assumptions: after everything that needs no further read, before evidence. */
async function judgeContext(
  deps: IssueDeps,
  course: Course,
  { asked, trust, intent }: Admitted,
  trial: Trial,
): Promise<Stop<IdentityView> | Refusal | undefined> {
  const { claims } = asked.contract;
  if ((claims.assumptions ?? []).length === 0) {
    course.note("context", undefined);
    return undefined;
  }
  const early = trial.prepare(intent);
  if (early instanceof Stop) {
    return isRefusal(early.value) ? early.value : new Stop(early.value);
  }
  course.enter("context");
  const context = course.note("context", await observeContext(deps, claims, trust.policy));
  if (isRefusal(context)) return context;
  trial.context = context;
  return undefined;
}

/** A key in State that no verified record explains: somebody else's contract id, or a chain that lost records. */
function judgeTaken(course: Course, key: TakenKey): Refusal {
  if (key.pk.startsWith("contract-id#")) {
    course.enter("proof");
    const taken = takenContractId();
    course.note("uniqueness", taken);
    return taken;
  }
  return lostGrant();
}

async function handleOf(deps: IssueDeps, trial: Trial): Promise<Delivered> {
  const facts = trial.handleFacts();
  if (facts === undefined) return {};
  return { handle: await signHandle(handleClaims(deps.plane.id, facts), deps.planeSigner) };
}

/** A handle is made again with the same claims: whoever lost the answer has lost nothing (wire.md §4 stage 5). */
async function handleAgain(
  deps: IssueDeps,
  { chainId }: Intent,
  identity: IdentityView,
): Promise<Delivered> {
  if (identity.delivery !== "handle" || identity.end?.refusal !== undefined) return {};
  const facts = { ...identity, intentId: chainId.slice("intent/".length) };
  return { handle: await signHandle(handleClaims(deps.plane.id, facts), deps.planeSigner) };
}

/** After barrier 1: the handle leaves, or the credentials do, or the one action is run. */
async function deliver(
  deps: IssueDeps,
  course: Course,
  admitted: Admitted,
  trial: Trial,
  grant: Grant,
  { intent, delivered }: Reserved,
): Promise<Answer> {
  const { asked } = admitted;
  if (grant.delivery === "handle") {
    const identity = intent.state.identities.get(grant.identityId);
    if (identity === undefined) throw new TypeError("an issued identity is in its chain");
    return answerAbout(intent, identity, false, deps.clock(), delivered);
  }
  const judged = judgedBefore(deps, admitted, grant);
  const issued = {
    ...{ intent, contract: asked.contract, context: trial.context },
    judgeState: (latest: Intent) => judgeStateAgain(deps, course, judged, latest),
    rejudge: (latest: Intent) => rejudge(deps, course, judged, grant, latest),
  };
  const run: Run =
    grant.delivery === "credentials"
      ? await deliverCredentials(deps, course, { ...issued, grant }, asked.request.claims)
      : await executeGrant(deps, course, { ...issued, grant: bounded(grant) });
  if (run instanceof Stop) throw new TypeError("nobody else can start an issued identity");
  if (!isUnstarted(run)) return run;
  const { session } = run;
  if (session === undefined) throw new TypeError("only a redemption is refused before STS");
  return conclude(deps, course, { grant, intent }, ({ state }) => {
    const known = state.identities.get(grant.identityId);
    return rejectedDrafts(grant, session, known, run, asked.contract.claims);
  });
}

function judgedBefore(
  deps: IssueDeps,
  { asked, event, trust }: Admitted,
  { identityId }: Grant,
): Judged {
  const { contract, request } = asked;
  const { step: stepId, delivery, operation } = request.claims;
  return {
    ...{ event, contract, trust, presented: event.proof },
    wish: { identityId, contract, stepId, delivery, operation },
    executorChecks: (now) => [
      ["designation", () => judgeDesignation(deps, contract, asked.executor, now)],
    ],
    // Uses and room were taken by this very grant.
    stateChecks: (state, now) =>
      stateChecks({ contract, stepId, state, now }).filter(
        ([name]) => name !== "uses" && name !== "capacity",
      ),
  };
}
