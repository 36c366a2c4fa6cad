import { effectiveStep } from "../continuity/bounds.ts";
import type { IdentityView } from "../evidence/intent-state.ts";
import type { Answer } from "./answer.ts";
import { type Refused, refused, type Settled, settled } from "./barriers/append.ts";
import { runCourse } from "./course.ts";
import { bounded, executeGrant, type Runnable } from "./deliveries/execute.ts";
import { rollBack } from "./deliveries/rollback.ts";
import type { Invocation, IssueDeps } from "./deps.ts";
import { type Failure, isFailure, Judgement } from "./judgement.ts";
import { observed, observedAction } from "./observed.ts";
import { aboutChain } from "./read/continuity.ts";
import type { Intent } from "./read/intent.ts";
import { requestNames } from "./records/issuance.ts";
import { takenRetryKeys } from "./records/keys.ts";
import { requestEvidence } from "./records/request.ts";
import { refuseRedemption, refuseUnverifiedRedemption } from "./refused/redemption.ts";
import { answerRepeated } from "./refused/repeated.ts";
import { PARSE_EXECUTE, REQUEST } from "./stages/admission.ts";
import { AUTHORITY, type LastingWish } from "./stages/authority.ts";
import { CONTEXT } from "./stages/context.ts";
import { CONTRACT, READ_HANDLE_WORLD, SAME_CONTRACT } from "./stages/contract.ts";
import { brokenChain, CONTINUITY, DESIGNATION, HANDLE, OPEN_CHAIN } from "./stages/executor.ts";
import { EXECUTE_ORDER } from "./stages/order.ts";
import { PROOF } from "./stages/proof.ts";
import { RETRY } from "./stages/retry.ts";
import { REDEMPTION_SCOPE } from "./stages/scope.ts";
import { GRANT_STATE, LIMITS } from "./stages/state.ts";
import { STEP_ORDER } from "./stages/step-order.ts";
import { judgeTargetKeys } from "./stages/target-keys.ts";
import { andNewContract } from "./unlocks.ts";
import type { Redemption } from "./verified.ts";

/**
 * Redeems an identity handle (PROTOCOL.md §8): everything that justified the grant is proved again now, then STS is
 * asked and the one bounded action is run, once. Never throws: a fault ends in a refusal.
 * @param event whatever the caller sent, of any shape.
 */
export function execute(event: unknown, deps: IssueDeps, invocation: Invocation): Promise<Answer> {
  const judgement = new Judgement(deps, invocation, EXECUTE_ORDER, event);
  return runCourse(judgement, { verify, serve: redeem, refuse: refuseUnverifiedRedemption });
}

/** Stages `parse` to `executor`. */
async function verify(judgement: Judgement): Promise<Redemption | Failure> {
  const parsed = judgement.judge(PARSE_EXECUTE, { raw: judgement.raw });
  if (isFailure(parsed)) return parsed;
  const { request, chain, hasStatus, handle } = parsed.event;
  const spoken = judgement.judge(REQUEST, parsed);
  if (isFailure(spoken)) return spoken;
  const executor = spoken.key.thumbprint;
  const meant = judgement.judge(SAME_CONTRACT, { ...parsed, key: spoken.key });
  if (isFailure(meant)) return meant;
  const known = await judgement.ask(READ_HANDLE_WORLD, meant);
  if (isFailure(known)) return known;
  const { trust, contract, world } = known;
  const { recordedActor } = world;
  const governed = judgement.judge(CONTRACT, { request, chain, hasStatus, contract, trust });
  if (isFailure(governed)) return governed;
  const opened = await judgement.ask(OPEN_CHAIN, known);
  if (isFailure(opened)) return opened;
  const { intent } = opened;
  const presented = { handle, request, chain, contract, executor, recordedActor, trust, intent };
  const continued = judgement.judge(CONTINUITY, presented);
  if (isFailure(continued)) return continued;
  const designated = judgement.judge(DESIGNATION, presented);
  if (isFailure(designated)) return designated;
  const held = judgement.judge(HANDLE, presented);
  if (isFailure(held)) return held;
  judgement.learn(aboutChain(chain));
  const step = effectiveStep(held.identity.step, contract, chain);
  // A bound contract keeps its proof: an event of `execute` carries none.
  return { ...presented, step, presented: undefined, identity: held.identity };
}

/** Stages `retry` to the end of the identity, for a verified executor with a verified handle. */
async function redeem(judgement: Judgement, redemption: Redemption): Promise<Answer> {
  judgement.learn({ identity: { id: redemption.identity.identityId } });
  const action = observedAction(redemption);
  const judged =
    action === undefined
      ? await justify(judgement, redemption).catch((fault: unknown) =>
          refused(judgement.faulted(fault)),
        )
      : await watch(judgement, redemption, action);
  if (judged.kind === "refused") return refuseRedemption(judgement, redemption, judged);
  const run =
    judged.kind === "settled" ? judged : await executeGrant(judgement, judged.runnable, rollBack);
  switch (run.kind) {
    case "settled":
      return answerRepeated(judgement, redemption.intent, run.value, "execute");
    case "unstarted":
      return refuseRedemption(judgement, redemption, run);
    case "answered":
      return run.answer;
  }
}

/**
 * A handle that was issued before its action was only watched: judged as it would be redeemed, and not redeemed. The
 * identity stays as it is, until its end.
 */
async function watch(
  judgement: Judgement,
  redemption: Redemption,
  action: string,
): Promise<Settled<IdentityView> | Refused> {
  const other = settledBefore(judgement, redemption, redemption.intent);
  if (other !== undefined) return other;
  const failure = await wouldFail(judgement, redemption).catch((fault: unknown) =>
    judgement.faulted(fault),
  );
  return refused(observed(action, failure));
}

/** What redeeming it would be refused for, before STS is asked. */
async function wouldFail(
  judgement: Judgement,
  redemption: Redemption,
): Promise<Failure | undefined> {
  const judged = await justify(judgement, redemption);
  if (judged.kind !== "justified") return judged.kind === "refused" ? judged.failure : undefined;
  return judgeTargetKeys(judgement, redemption.contract, judged.runnable.grant);
}

/** Stages `retry` to `context`: every stage of `issue` again except uses left and totals (PROTOCOL.md §8). */
async function justify(
  judgement: Judgement,
  redemption: Redemption,
): Promise<
  { readonly kind: "justified"; readonly runnable: Runnable } | Settled<IdentityView> | Refused
> {
  const { contract, chain, request, identity, trust, intent } = redemption;
  const { operation } = request.claims;
  const other = settle(judgement, redemption, intent);
  if (other !== undefined) return other;
  const turn = judgement.judge(STEP_ORDER, redemption);
  if (isFailure(turn)) return refused(turn);
  const proved = judgement.judge(PROOF, redemption);
  if (isFailure(proved)) return refused(proved);
  const aimed = judgement.judge(REDEMPTION_SCOPE, {
    ...redemption,
    stepId: identity.step,
    operation,
    grantedOperation: identity.operationDigest,
  });
  if (isFailure(aimed)) return refused(aimed);
  const wish: LastingWish = {
    identityId: identity.identityId,
    contract,
    chain,
    step: aimed.step,
    delivery: "handle",
    operation,
    // The operation under the grant's own instants: a handle that is redeemed late lives no longer.
    issued: { at: Date.parse(identity.issuedAt), until: Date.parse(identity.expiresAt) },
  };
  const { proof, approvedUntil } = proved;
  const { gateUntil } = turn;
  const derived = judgement.judge(AUTHORITY, { ...wish, proof, trust, approvedUntil, gateUntil });
  if (isFailure(derived)) return refused(derived);
  const seen = await judgement.ask(CONTEXT, redemption);
  if (isFailure(seen)) return refused(seen);
  const grant = bounded(derived.grant);
  return {
    kind: "justified",
    runnable: {
      request: redemption,
      intent,
      grant,
      context: seen.context,
      wish,
      settle: (latest) => settle(judgement, redemption, latest),
      others: (again, now) => judgeAgain(again, { ...redemption, trust: now }),
      redemption: { keys: takenRetryKeys(redemption, grant), onTaken: lostRedemption },
      redeemedBy: {
        names: requestNames(request.claims),
        request: requestEvidence(request),
        executor: redemption.executor,
      },
    },
  };
}

/** Stage `retry`: the same redemption has been made before, or another one under its names. */
function settledBefore(
  judgement: Judgement,
  redemption: Redemption,
  intent: Intent,
): Settled<IdentityView> | Refused | undefined {
  const retried = judgement.judge(RETRY, { ...redemption, intent });
  if (isFailure(retried)) return refused(retried);
  return retried.repeated === undefined ? undefined : settled(retried.repeated);
}

/** Stage `retry`, then `state`, on the chain as it stands: somebody may have redeemed the handle meanwhile. */
function settle(
  judgement: Judgement,
  redemption: Redemption,
  intent: Intent,
): Settled<IdentityView> | Refused | undefined {
  const { contract, chain, identity } = redemption;
  const other = settledBefore(judgement, redemption, intent);
  if (other !== undefined) return other;
  const limited = judgement.judge(LIMITS, redemption);
  if (isFailure(limited)) return refused(ending(limited));
  const { identityId } = identity;
  const ended = judgement.judge(GRANT_STATE, { contract, chain, intent, identityId });
  return isFailure(ended) ? refused(ended) : undefined;
}

/** What is stopped ends what is open of it: lifting it brings no handle back. */
const ending = ({ refusal, ...at }: Failure): Failure => ({
  ...at,
  refusal: andNewContract(refusal),
});

function judgeAgain(again: Judgement, redemption: Redemption): Failure | undefined {
  const { contract, chain, intent, identity } = redemption;
  const held = again.judge(HANDLE, redemption);
  if (isFailure(held)) return held;
  const limited = again.judge(LIMITS, redemption);
  if (isFailure(limited)) return ending(limited);
  const { identityId } = identity;
  const ended = again.judge(GRANT_STATE, { contract, chain, intent, identityId });
  return isFailure(ended) ? ended : undefined;
}

const lostRedemption = (): Failure =>
  brokenChain({
    refused: true,
    code: "EVIDENCE_CHAIN_BROKEN",
    detail: "State knows a redemption that the chain does not",
  });
