import { governedAction } from "../contract/judge.ts";
import { present } from "../encoding/present.ts";
import type { Watched, Would } from "../evidence/details.ts";
import type { RecordDraft } from "../evidence/record.ts";
import { refuse } from "../refusal.ts";
import { isObserved } from "../trust/policy.ts";
import { refusedAnswer } from "./answer.ts";
import type { Failure } from "./judgement.ts";
import type { VerifiedRequest } from "./verified.ts";

/**
 * The action for which a request is only watched: one of its step in mode `observe` (PROTOCOL.md §4, §6). A step that
 * the contract does not have could be any of those that it has, so it is watched where each of them is.
 */
export function observedAction({
  contract,
  step,
  trust: { policy },
}: Pick<VerifiedRequest, "contract" | "step" | "trust">): string | undefined {
  const steps = step === undefined ? contract.claims.authorization_details : [step];
  const found = steps.map(({ actions }) =>
    actions.find((action) => isObserved(governedAction(policy, action))),
  );
  return found.every((action) => action !== undefined) ? found[0] : undefined;
}

/**
 * The refusal of whatever is only watched, with what enforcing would have answered. It takes nothing, ends nothing and is
 * no violation, whatever that would have been: stage and code are always the same.
 */
export function observed(action: string, failure: Failure | undefined): Failure {
  const would = failure === undefined ? ({ ok: true } as const) : wouldBe(failure);
  const instead = would.ok
    ? "enforcing it would have granted this"
    : `enforcing it would have refused this: ${would.code} at ${would.stage}`;
  return {
    stage: "authority",
    // What was judged is told as it was; of a request that would pass nothing failed.
    check: failure?.check ?? "",
    refusal: refuse("ACTION_OBSERVED", `${action} is only observed, nothing was done; ${instead}`),
    would,
  };
}

function wouldBe(failure: Failure): Would {
  const { code, stage, detail, pointer, unlock } = refusedAnswer(failure);
  return { ok: false, code, stage, detail, ...present({ pointer, unlock }) };
}

/** What is said of a refusal beside its reason. */
export const watchedDetail = ({ would }: Failure): Watched =>
  would === undefined ? {} : { enforced: false, would };

/** Records of a request that was only watched say so, each of them (VAI-146). */
export const watchedDrafts = (
  { would }: Failure,
  drafts: readonly RecordDraft[],
): readonly RecordDraft[] =>
  would === undefined
    ? drafts
    : drafts.map(
        (draft) => ({ ...draft, detail: { ...draft.detail, enforced: false } }) as RecordDraft,
      );
