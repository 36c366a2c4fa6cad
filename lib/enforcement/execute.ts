import type { ExecuteRequest } from "../continuity/request.ts";
import type { IdentityView } from "../evidence/fold.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { type Admitted, admitContract, admitSpeaker, judgeDesignation } from "./admit.ts";
import type { Answer } from "./answer.ts";
import { answerRetry } from "./answer-retry.ts";
import { Stop } from "./append.ts";
import { refusalOf } from "./conclude.ts";
import { Course } from "./course.ts";
import type { Invocation, IssueDeps } from "./deps.ts";
import { requestNames, retryKeys } from "./drafts.ts";
import { digestOfEvent, type ExecuteEvent, parseExecuteEvent } from "./event.ts";
import { executeGrant, isUnstarted } from "./execute-grant.ts";
import { type BoundedGrant, bounded, deriveGrant, type Wish } from "./grant.ts";
import type { Intent } from "./intent.ts";
import { type Context, observeContext } from "./judge-context.ts";
import { grantOf, handleChecks, judgeHandleSignature } from "./judge-handle.ts";
import { judgeProof } from "./judge-proof.ts";
import { judgeRetry } from "./judge-retry.ts";
import { redemptionScopeChecks } from "./judge-scope.ts";
import { redemptionStateChecks } from "./judge-state.ts";
import { rejectRedemption, rejectUnattributed } from "./reject.ts";
import { type Judged, rejudge } from "./rejudge.ts";
import { requestEvidence } from "./request-evidence.ts";
import { readRedeemedWorld } from "./world.ts";

/** An `execute` request whose contract, executor and handle are verified. */
type Redeemer = Admitted<ExecuteEvent>;

/**
 * Redeems an identity handle (wire.md §8): everything that justified the grant is proved again now, then STS is
 * asked and the one bounded action is run, once. Never throws: a fault ends in a refusal.
 * @param event whatever the caller sent, of any shape.
 */
export async function execute(
  event: unknown,
  deps: IssueDeps,
  invocation: Invocation,
): Promise<Answer> {
  const course = new Course(deps, invocation, digestOfEvent(event));
  try {
    const admitted = await admitHandle(deps, course, event);
    return isRefusal(admitted)
      ? await rejectUnattributed(deps, course, admitted, event)
      : await redeem(deps, course, admitted);
  } catch (fault) {
    return rejectUnattributed(deps, course, refusalOf(fault), event);
  }
}

/** Stages `parse` to `executor`. */
async function admitHandle(
  deps: IssueDeps,
  course: Course,
  raw: unknown,
): Promise<Redeemer | Refusal> {
  const event = course.note("parse", parseExecuteEvent(raw));
  if (isRefusal(event)) return event;
  const key = admitSpeaker(deps, course, event.request);
  if (isRefusal(key)) return key;
  course.enter("contract");
  const otherContract = course.judge([["contractDigest", () => judgeSameContract(event)]]);
  if (otherContract !== undefined) return otherContract;
  const world = await readRedeemedWorld(deps, course, event, key);
  if (isRefusal(world)) return world;
  const { trust, contract } = world;
  const intent = await admitContract(deps, course, event, key, world);
  if (isRefusal(intent)) return intent;
  const executor = key.thumbprint;
  const checks = handleChecks(event, contract, executor, intent, trust.policy, deps.plane);
  const stranger = course.judge(checks);
  if (stranger !== undefined) return stranger;
  return { raw, event, asked: { contract, request: event.request, executor }, trust, intent };
}

/** A request and a handle of two contracts belong to neither. */
const judgeSameContract = ({ handle, request }: ExecuteEvent): Refusal | undefined =>
  handle.claims.contractDigest === request.claims.contractDigest
    ? undefined
    : refuse(
        "CONTRACT_HASH_MISMATCH",
        "the request was signed for another contract than the handle's",
        "/request/contractDigest",
      );

/** Stages `retry` to the end of the identity, for a verified executor with a verified handle. */
async function redeem(deps: IssueDeps, course: Course, redeemer: Redeemer): Promise<Answer> {
  const { event, asked, intent } = redeemer;
  const identity = grantOf(intent, event.handle);
  course.learn({ identity: { id: identity.identityId } });
  const judged = await judgeRedemption(deps, course, redeemer, identity).catch(refusalOf);
  if (judged instanceof Stop) return answerRetry(deps, course, intent, judged.value, "execute");
  if (isRefusal(judged)) return rejectRedemption(deps, course, redeemer, { refusal: judged });
  const { grant, context, wish } = judged;
  const { contract, request, executor } = asked;
  const run = await executeGrant(deps, course, {
    ...{ grant, intent, contract, context },
    // Settling judges the state as well.
    judgeState: () => undefined,
    rejudge: (latest) =>
      rejudge(deps, course, judgedBefore(deps, redeemer, identity, wish), grant, latest),
    redemption: {
      names: requestNames(request.claims),
      evidence: { ...requestEvidence(request), executor },
      keys: retryKeys(asked, grant),
      settle: (latest) => settle(course, redeemer, identity, latest),
      onTaken: () =>
        refuse("EVIDENCE_CHAIN_BROKEN", "State knows a redemption that the chain does not"),
    },
  });
  if (run instanceof Stop) return answerRetry(deps, course, intent, run.value, "execute");
  return isUnstarted(run) ? rejectRedemption(deps, course, redeemer, run) : run;
}

function judgedBefore(
  deps: IssueDeps,
  redeemer: Redeemer,
  identity: IdentityView,
  wish: Wish,
): Judged {
  const { event, asked, trust } = redeemer;
  const { contract, executor } = asked;
  return {
    ...{ event, contract, wish, trust, stateChecks: stateChecksOf(redeemer, identity) },
    executorChecks: (now) => [
      ["designation", () => judgeDesignation(deps, contract, executor, now)],
      ["handleSignature", () => judgeHandleSignature(event.handle, now.policy)],
    ],
  };
}

const stateChecksOf =
  ({ asked: { contract } }: Redeemer, { identityId }: IdentityView) =>
  (state: Intent["state"], now: number) =>
    redemptionStateChecks(contract, identityId, state, now);

/** Stage `retry`, then `state`, on the chain as it stands: somebody may have redeemed the handle meanwhile. */
function settle(
  course: Course,
  redeemer: Redeemer,
  identity: IdentityView,
  intent: Intent,
): Refusal | IdentityView | undefined {
  const { contract, request, executor } = redeemer.asked;
  const stage = course.stage;
  course.enter("retry");
  const retried = judgeRetry(intent.state, request, executor, contract.digest);
  const settled = course.note("retry", retried);
  if (settled !== undefined) return settled;
  course.enter("state");
  const ended = course.judge(stateChecksOf(redeemer, identity)(intent.state, course.now));
  if (ended === undefined) course.enter(stage);
  return ended;
}

interface Justified {
  readonly grant: BoundedGrant;
  readonly context: Context;
  readonly wish: Wish;
}

/** Stages `retry` to `context`: every stage of `issue` again except uses left and totals (wire.md §8). */
async function judgeRedemption(
  deps: IssueDeps,
  course: Course,
  redeemer: Redeemer,
  identity: IdentityView,
): Promise<Justified | Stop<IdentityView> | Refusal> {
  const { asked, trust, intent } = redeemer;
  const { contract, request } = asked;
  const settled = settle(course, redeemer, identity, intent);
  if (settled !== undefined) return isRefusal(settled) ? settled : new Stop(settled);
  const proof = judgeProof(course, undefined, contract, intent, trust);
  if (isRefusal(proof)) return proof;
  course.enter("scope");
  const { operation } = request.claims;
  const outside = course.judge(redemptionScopeChecks(contract, identity, operation));
  if (outside !== undefined) return outside;
  const wish = wishOf(contract, identity, operation);
  const grant = deriveGrant(course, wish, proof, trust.policy);
  if (isRefusal(grant)) return grant;
  course.enter("context");
  const observed = await observeContext(deps, contract.claims, trust.policy);
  const context = course.note("context", observed);
  return isRefusal(context) ? context : { grant: bounded(grant), context, wish };
}

/** The operation under the grant's own instants: a handle that is redeemed late lives no longer. */
const wishOf = (
  contract: Wish["contract"],
  { identityId, step, issuedAt, expiresAt }: IdentityView,
  operation: ExecuteRequest["operation"],
): Wish => ({
  ...{ identityId, contract, stepId: step, delivery: "handle", operation },
  issued: { at: Date.parse(issuedAt), until: Date.parse(expiresAt) },
});
