import { toInstant } from "../../clock.ts";
import { isTerminal } from "../../evidence/events.ts";
import { foldIntent } from "../../evidence/fold.ts";
import type { OpenRecord } from "../../evidence/open.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { CALL_TIMEOUT } from "../../execution/run.ts";
import { isRefusal, type Refusal, refusalOf, refuse } from "../../refusal.ts";
import { type Answer, answerAbout } from "../answer.ts";
import { refused } from "../barriers/append.ts";
import { conclude, concludedOn, type Open } from "../barriers/conclude.ts";
import { judgeTimeLeft } from "../barriers/start.ts";
import { type Failure, isFailure, type Judgement, momentOf } from "../judgement.ts";
import { observedAction } from "../observed.ts";
import type { Intent } from "../read/intent.ts";
import { readTrust } from "../read/registry.ts";
import { judgeExpiry, type TrustSnapshot } from "../read/trust-snapshot.ts";
import { endDrafts, type Ran, rejectedDrafts } from "../records/ending.ts";
import {
  lateRollbackDrafts,
  refusedRollbackDrafts,
  rollbackIssuedDrafts,
  triggeredDraft,
  type UndoGrant,
} from "../records/rollback.ts";
import { point } from "../stage.ts";
import { AUTHORITY, type LastingWish } from "../stages/authority.ts";
import { BARRIER_3, ROLLBACK_ORDER, TIME_LEFT, TRUST_AGAIN } from "../stages/order.ts";
import { PROOF } from "../stages/proof.ts";
import { SCOPE } from "../stages/scope.ts";
import { CONTRACT_STATE, ISSUED, LIMITS } from "../stages/state.ts";
import type { VerifiedRequest } from "../verified.ts";
import { bounded, CONCLUDING, executeGrant, type Runnable, type Unstarted } from "./execute.ts";

/**
 * The effect of a call was not seen: its identity ends, and the same transaction issues another one for the contract's own
 * `rollback`, which then runs once (PROTOCOL.md §2, "Rollback"; VAI-34, VAI-49). Judged as a request of now would be, under
 * a trust that is read anew: who was halted since takes nothing back in the plane's name. What is refused is told to people.
 * @param executed the identity whose call succeeded, behind its barrier 2.
 */
export async function rollBack(
  judgement: Judgement,
  executed: Runnable,
  ran: Ran,
): Promise<Answer> {
  const undoing = new Undoing(judgement, executed, await trustOfNow(judgement));
  const { identityId } = executed.grant;
  const ended = { identityId, intent: executed.intent };
  const intent = await concludedOn(judgement, BARRIER_3, ended, (latest) =>
    endDrafts(ran, [undoing.triggered(ran)]).concat(undoing.issued(latest)),
  );
  if ("ok" in intent) return intent;
  const granted = undoing.grantOn(intent);
  if (granted === undefined) return answerAbout(intent, identityId, momentOf(judgement));
  const runnable = undoing.runnable(intent, granted);
  const run = await executeGrant(granted.judgement, runnable);
  if (run.kind === "settled") throw new TypeError("nobody else can start a rollback");
  return run.kind === "answered" ? run.answer : reject(granted.judgement, runnable, run);
}

/** Whom to believe now, if that can be told: what is refused behind it is sealed under that trust. */
async function trustOfNow(judgement: Judgement): Promise<TrustSnapshot | Refusal> {
  const { deps } = judgement;
  const trust = await readTrust(deps).then(({ trust }) => trust, refusalOf);
  if (isRefusal(trust)) return trust;
  judgement.believe(trust);
  return judgeExpiry(trust, deps.clock()) ?? trust;
}

/** What was granted, by a judgement that then follows it to its end. */
interface Granted extends UndoGrant {
  readonly judgement: Judgement;
  readonly wish: LastingWish;
}

class Undoing {
  readonly #judgement: Judgement;
  readonly #executed: Runnable;
  readonly #request: VerifiedRequest;
  readonly #trust: TrustSnapshot | Refusal;
  readonly #rollback: NonNullable<Claims["rollback"]>;
  readonly #identityId: string;
  /** One for each try at barrier 3. */
  readonly #grants: Granted[] = [];

  constructor(judgement: Judgement, executed: Runnable, trust: TrustSnapshot | Refusal) {
    const { rollback, authorization_details: steps } = executed.request.contract.claims;
    if (rollback === undefined) throw new TypeError("the contract has no rollback");
    this.#judgement = judgement;
    this.#executed = executed;
    // Its step is in no block but as the contract has it, and nobody is asked for what it does.
    const step = steps.find(({ id }) => id === rollback.step);
    this.#request = { ...executed.request, step };
    this.#trust = trust;
    this.#rollback = rollback;
    this.#identityId = judgement.deps.newId();
  }

  triggered(ran: Ran): RecordDraft {
    return triggeredDraft(this.#rollback, ran);
  }

  /** Its issuance on the chain as it stands, or why there is none. */
  issued(latest: Intent): readonly RecordDraft[] {
    const { identityId } = this.#executed.grant;
    const { deps, invocation } = this.#judgement;
    const left = invocation.deadline - deps.clock();
    if (left < CALL_TIMEOUT + CONCLUDING) return lateRollbackDrafts(identityId);
    const judged = this.#judge(latest);
    if (isFailure(judged)) return refusedRollbackDrafts(identityId, judged);
    this.#grants.push(judged);
    return rollbackIssuedDrafts(this.#request, judged, identityId, latest.state.head.seq + 1);
  }

  /** What was granted, if its issuance is on the chain: of several tries the one that was recorded. */
  grantOn({ state }: Intent): Granted | undefined {
    const issuedAt = state.identities.get(this.#identityId)?.issuedAt;
    return this.#grants.find(({ grant }) => toInstant(grant.issuedAt) === issuedAt);
  }

  /** Stages `state` to `authority`. A bug in here must not keep the outcome of what was called from evidence. */
  #judge(latest: Intent): Granted | Failure {
    const again = this.#anew();
    try {
      return this.#judgeBy(again, latest);
    } catch (fault) {
      return again.faulted(fault);
    }
  }

  /** By an instant of now, about an identity of its own. */
  #anew(): Judgement {
    const again = this.#judgement.anew();
    again.follow(ROLLBACK_ORDER);
    again.believe(this.#judgement.requireTrust());
    again.learn({ ...this.#judgement.about, identity: { id: this.#identityId } });
    return again;
  }

  #judgeBy(again: Judgement, latest: Intent): Granted | Failure {
    again.reach(TRUST_AGAIN);
    const trust = this.#trust;
    if (isRefusal(trust)) return again.fail(trust);
    const { contract, chain } = this.#request;
    const { step: stepId, operation } = this.#rollback;
    const subject = { ...this.#request, trust, intent: latest };
    const limited = again.judge(LIMITS, subject);
    if (isFailure(limited)) return limited;
    if (observedAction(subject) !== undefined) return again.fail(watched());
    const over = again.judge(CONTRACT_STATE, subject);
    if (isFailure(over)) return over;
    const proved = again.judge(PROOF, subject);
    if (isFailure(proved)) return proved;
    const { proof, approvedUntil } = proved;
    const aimed = again.judge(SCOPE, { ...subject, chain: undefined, stepId, operation });
    if (isFailure(aimed)) return aimed;
    const { delivery } = this.#executed.grant;
    const identityId = this.#identityId;
    const wish = { identityId, contract, chain, step: aimed.step, delivery, operation };
    const by = { proof, trust, approvedUntil, gateUntil: undefined };
    const derived = again.judge(AUTHORITY, { ...wish, ...by });
    if (isFailure(derived)) return derived;
    // Run at once, whatever was handed out before: nobody gets a handle of it.
    const grant = bounded({ ...derived.grant, delivery: "execute" });
    again.reach(TIME_LEFT);
    const late = judgeTimeLeft(grant, again.now);
    if (late !== undefined) return again.fail(late);
    return { judgement: again, grant, wish, proof, checks: again.passes() };
  }

  /** The rollback behind its barrier 1, with what is judged again before its call. */
  runnable(intent: Intent, { grant, wish, judgement }: Granted): Runnable {
    const { contract, chain } = this.#request;
    const { identityId: rollsBack } = this.#executed.grant;
    const identityId = this.#identityId;
    const stateNow = (again: Judgement, latest: Intent): Failure | undefined => {
      const revoked = again.judge(ISSUED, { contract, chain, intent: latest, identityId });
      if (isFailure(revoked)) return revoked;
      const standing = { contract, chain, intent: besides(latest, rollsBack) };
      const over = again.judge(CONTRACT_STATE, standing);
      return isFailure(over) ? over : undefined;
    };
    return {
      // Under the trust of the first request: whatever moved since is judged by at barrier 2, from stage `contract` on.
      request: { ...this.#request, intent },
      ...{ intent, grant, wish, rollsBack, context: [] },
      settle: (latest) => {
        const ended = stateNow(judgement.anew(), latest);
        if (ended !== undefined) return refused(ended);
        judgement.passed(ISSUED);
        return undefined;
      },
      others: (again, trust) => {
        const limited = again.judge(LIMITS, { ...this.#request, trust });
        return isFailure(limited) ? limited : stateNow(again, intent);
      },
    };
  }
}

type Claims = VerifiedRequest["contract"]["claims"];

/** The plane would only look on: what it promised it cannot do any more. */
const watched = (): Refusal =>
  refuse("REGISTRY_STALE", "the action is only observed since the contract was bound");

/**
 * The intent without what an execution itself came to: that its effect was not seen ends its contract, and must not keep
 * the rollback of that very effect from running. Whatever else ended the contract stays.
 */
function besides(intent: Intent, identityId: string): Intent {
  const isOwn = ({ record: { event, identity } }: OpenRecord): boolean =>
    identity?.id === identityId && (isTerminal(event.type) || event.type === "ExecutionCompleted");
  const records = intent.records.filter((record) => !isOwn(record));
  return { ...intent, state: foldIntent(records, intent.state.head) };
}

/** Refused between its issuance and its call: whatever session there was is recorded, and people have to look. */
async function reject(
  judgement: Judgement,
  { request: { contract }, grant, rollsBack = "", intent: start }: Runnable,
  { failure, session }: Unstarted,
): Promise<Answer> {
  if (session === undefined) throw new TypeError("only a redemption is refused before STS");
  const at = point(failure.stage, failure.check);
  const open: Open = { identityId: grant.identityId, intent: start, answersFor: rollsBack };
  return conclude(judgement, at, open, (latest) => [
    ...rejectedDrafts(judgement, grant, session, failure, contract, latest),
    ...refusedRollbackDrafts(rollsBack, failure),
  ]);
}
