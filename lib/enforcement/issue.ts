import { effectiveStep } from "../continuity/bounds.ts";
import { triggerOf } from "../lifecycle/trigger-of.ts";
import type { IssueRequest } from "../request/request.ts";
import { type Answer, answerAbout } from "./answer.ts";
import { refused } from "./barriers/append.ts";
import { conclude } from "./barriers/conclude.ts";
import { markEnding } from "./barriers/own-mark.ts";
import { reserve } from "./barriers/reserve.ts";
import type { Issued } from "./barriers/start.ts";
import { runCourse } from "./course.ts";
import { deliverCredentials } from "./deliveries/credentials.ts";
import { bounded, executeGrant, type Unstarted } from "./deliveries/execute.ts";
import { handleAgain, handleOf } from "./deliveries/handle.ts";
import { rollBack } from "./deliveries/rollback.ts";
import type { Invocation, IssueDeps } from "./deps.ts";
import { type Failure, isFailure, Judgement, momentOf } from "./judgement.ts";
import { askFor } from "./people-asked.ts";
import { aboutChain } from "./read/continuity.ts";
import type { Intent } from "./read/intent.ts";
import { isEndedBy, rejectedDrafts } from "./records/ending.ts";
import type { Justified } from "./records/issuance.ts";
import { refuseIssue, refuseUnverified } from "./refused/issue.ts";
import { answerRepeated } from "./refused/repeated.ts";
import { point } from "./stage.ts";
import { PARSE_ISSUE, REQUEST } from "./stages/admission.ts";
import { CONTRACT, READ_WORLD } from "./stages/contract.ts";
import { CONTINUITY, DESIGNATION, OPEN_CHAIN } from "./stages/executor.ts";
import { ISSUE_ORDER } from "./stages/order.ts";
import { CONTRACT_STATE, HEAD, ISSUED, LIMITS } from "./stages/state.ts";
import type { VerifiedRequest } from "./verified.ts";

type Asked = VerifiedRequest<IssueRequest>;

/**
 * The whole way of one request: prove that the authority is justified now, derive it, issue it, deliver it or run
 * the one bounded action, and leave evidence of every step. Never throws: a fault ends in a refusal.
 * @param event whatever the caller sent, of any shape.
 */
export function issue(event: unknown, deps: IssueDeps, invocation: Invocation): Promise<Answer> {
  const judgement = new Judgement(deps, invocation, ISSUE_ORDER, event);
  return runCourse(judgement, { verify, serve, refuse: refuseUnverified });
}

/** Stages `parse` to `executor`: who speaks, under which contract, on which intact chain. */
async function verify(judgement: Judgement): Promise<Asked | Failure> {
  const parsed = judgement.judge(PARSE_ISSUE, { raw: judgement.raw });
  if (isFailure(parsed)) return parsed;
  const { request, chain, hasStatus, proof: presented } = parsed.event;
  const spoken = judgement.judge(REQUEST, parsed);
  if (isFailure(spoken)) return spoken;
  const executor = spoken.key.thumbprint;
  const known = await judgement.ask(READ_WORLD, { ...parsed, key: spoken.key });
  if (isFailure(known)) return known;
  const { trust, contract } = known;
  const governed = judgement.judge(CONTRACT, { request, chain, hasStatus, contract, trust });
  if (isFailure(governed)) return governed;
  const opened = await judgement.ask(OPEN_CHAIN, known);
  if (isFailure(opened)) return opened;
  const { intent, world } = opened;
  const asked = { contract, request, chain, executor, trust, intent };
  const continued = judgement.judge(CONTINUITY, asked);
  if (isFailure(continued)) return continued;
  const designated = judgement.judge(DESIGNATION, asked);
  if (isFailure(designated)) return designated;
  judgement.learn(aboutChain(chain));
  const step = effectiveStep(request.claims.step, contract, chain);
  const { recordedActor } = world;
  return { ...asked, recordedActor, step, presented };
}

/** Stages `retry` to barrier 1, then the delivery; or the answer that was given before, or why not. */
async function serve(judgement: Judgement, request: Asked): Promise<Answer> {
  const { deps } = judgement;
  const reserved = await reserve(judgement, request, handleOf);
  switch (reserved.kind) {
    case "refused": {
      const answer = await refuseIssue(judgement, request, reserved);
      await askFor(deps, request.contract, answer);
      return answer;
    }
    case "settled":
      return answerRepeated(judgement, reserved.intent, reserved.value, "issue", (...found) =>
        handleAgain(deps, ...found),
      );
    case "appended":
      judgement.learn({ identity: { id: reserved.grant.identityId } });
      return deliver(judgement, request, reserved);
  }
}

/** After barrier 1: the handle leaves, or the credentials do, or the one action is run. */
async function deliver(
  judgement: Judgement,
  request: Asked,
  {
    intent,
    grant,
    context,
    handle,
  }: Justified &
    Pick<Issued, "intent"> & {
      readonly handle: string | undefined;
    },
): Promise<Answer> {
  if (grant.delivery === "handle") {
    return answerAbout(intent, grant.identityId, momentOf(judgement), { handle });
  }
  const issued = issuedTo(judgement, request, { intent, grant, context });
  const run =
    grant.delivery === "credentials"
      ? await deliverCredentials(judgement, issued, request.request.claims)
      : await executeGrant(judgement, { ...issued, grant: bounded(grant) }, rollBack);
  if (run.kind === "settled") throw new TypeError("nobody else can start an issued identity");
  return run.kind === "answered" ? run.answer : reject(judgement, issued, run);
}

/** The identity with what is judged again before it is used. Uses and room were taken by this very grant. */
function issuedTo(
  judgement: Judgement,
  request: Asked,
  { intent, grant, context }: Pick<Issued, "intent" | "grant" | "context">,
): Issued {
  const { contract, chain, step } = request;
  if (step === undefined) throw new TypeError("what was granted has a step");
  const { identityId, delivery, operation } = grant;
  const stateNow = (again: Judgement, latest: Intent): Failure | undefined => {
    const revoked = again.judge(ISSUED, { contract, chain, intent: latest, identityId });
    if (isFailure(revoked)) return revoked;
    const standing = { contract, chain, intent: latest };
    const ended = again.judge(CONTRACT_STATE, standing);
    if (isFailure(ended)) return ended;
    const passed = again.judge(HEAD, standing);
    return isFailure(passed) ? passed : undefined;
  };
  return {
    request,
    intent,
    grant,
    context,
    wish: { identityId, contract, chain, step, delivery, operation },
    settle: (latest) => {
      const ended = stateNow(judgement.anew(), latest);
      if (ended !== undefined) return refused(ended);
      judgement.passed(ISSUED);
      return undefined;
    },
    others: (again, trust) => {
      const limited = again.judge(LIMITS, { ...request, trust });
      return isFailure(limited) ? limited : stateNow(again, intent);
    },
  };
}

/** The identity was refused between issuance and its use: whatever authority existed is recorded, with its end. */
async function reject(
  judgement: Judgement,
  { request: { contract }, grant, intent: start }: Issued,
  { failure, session }: Unstarted,
): Promise<Answer> {
  if (session === undefined) throw new TypeError("only a redemption is refused before STS");
  const { identityId } = grant;
  const at = point(failure.stage, failure.check);
  const intent = isEndedBy(failure, contract.claims)
    ? await markEnding(judgement, start, contract.digest, triggerOf(failure.refusal.code))
    : start;
  return conclude(judgement, at, { identityId, intent }, (latest) =>
    rejectedDrafts(judgement, grant, session, failure, contract, latest),
  );
}
