import { present } from "../../encoding/present.ts";
import type { ContractEnding, EndDetail, EndState, Reason } from "../../evidence/details.ts";
import type { RecordDraft, RecordVerdict } from "../../evidence/record.ts";
import { triggerOf } from "../../lifecycle/trigger-of.ts";
import { failureDomain, type Refusal } from "../../refusal.ts";
import { repeatable } from "../answer.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { watchedDetail } from "../observed.ts";

/** `ERROR` where a dependency failed or a bug showed; else somebody was told no. */
export const verdictOutcome = ({ code }: Pick<Refusal, "code">): "DENY" | "ERROR" =>
  failureDomain(code) === "platform" ? "ERROR" : "DENY";

/** A refusal as a record's verdict, without the checks that led to it. */
export const plainVerdict = ({
  stage,
  refusal: { code },
}: Omit<Failure, "check">): RecordVerdict => ({
  outcome: verdictOutcome({ code }),
  code,
  stage,
  failureDomain: failureDomain(code),
});

/** The same with them: those that held, the one that failed, those that were not run. */
export const fullVerdict = <Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
  failure: Failure,
): RecordVerdict => ({ ...plainVerdict(failure), checks: judgement.checks(failure) });

/** Prose and place, no longer than a record bears. */
export function reasonOf(refusal: Refusal): Reason {
  const { detail, pointer } = repeatable(refusal);
  return pointer === undefined ? { reason: detail } : { reason: detail, pointer };
}

/**
 * The last records of a refused request; stage `proof` and stage `scope` add their own before `IdentityDenied`.
 * @param ending whether the contract ends with a proof that does not hold any more.
 */
export function denialDrafts<Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
  failure: Failure,
  ending: ContractEnding = {},
): RecordDraft[] {
  const verdict = fullVerdict(judgement, failure);
  const detail = reasonOf(failure.refusal);
  const rejected: RecordDraft = { type: "ProofRejected", verdict, detail };
  const violation: RecordDraft = { type: "ViolationDetected", verdict, detail };
  const denied: RecordDraft = {
    type: "IdentityDenied",
    verdict,
    detail: { ...detail, ...watchedDetail(failure) },
  };
  if (failure.stage === "proof") {
    return [{ ...rejected, detail: { ...detail, ...ending } }, denied];
  }
  return failure.stage === "scope" ? [rejected, violation, denied] : [denied];
}

/**
 * How a refusal ended an identity that was never used, to be repeated to whoever asks again.
 * @param trigger what ended it, where the code does not say it.
 */
export function endOf(
  state: EndState,
  { stage, refusal }: Omit<Failure, "check">,
  trigger = triggerOf(refusal.code),
): EndDetail {
  const { code, detail, pointer } = refusal;
  return {
    ...{ state, trigger, used: false },
    refusal: { code, stage, detail, ...present({ pointer }) },
  };
}
