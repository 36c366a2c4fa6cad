import { toSeconds } from "../clock.ts";
import type { Contract, ReadContract } from "../contract/contract.ts";
import { isRefusal, type Refusal, refuseUntil } from "../refusal.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { approvals } from "../unlock.ts";
import { approvalsByName } from "./approval.ts";
import { approvalsOf } from "./heard.ts";
import type { ReadProof } from "./proof.ts";

/** What approvals are counted by; `now` in milliseconds. */
export interface ApprovalInput {
  readonly contract: ReadContract;
  readonly proof: ReadProof;
  readonly policy: TrustPolicy;
  /** Approvals that are on the intent's chain, as compact JWS. */
  readonly recorded: readonly string[];
  readonly isBound: boolean;
  /** Whether more may approve later, so that too few refuse nothing; absent: it is used now. */
  readonly mayWait?: true;
  readonly now: number;
}

/**
 * Whether enough people approve the whole contract, and until when (PROTOCOL.md §3, "Approvals"): names are counted, and
 * of more than are needed the ones that end last. `until` in seconds; absent where nobody was asked.
 */
export function judgeApprovals({
  contract,
  proof,
  policy,
  recorded,
  isBound,
  mayWait,
  now,
}: ApprovalInput): { readonly until?: number } | Refusal {
  const held = approvalsOf(
    { presented: proof.approvals, recorded },
    { contract, decider: proof.decision.claims.iss, policy, isBound, now: toSeconds(now) },
  );
  if (isRefusal(held)) return held;
  const needed = approvalsNeeded(contract.claims, policy);
  const names = approvalsByName(held.filter(({ claims: { step } }) => step === undefined));
  if (mayWait === undefined && names.length < needed) {
    return refuseUntil(
      [approvals(needed, names.length)],
      "APPROVAL_REQUIRED",
      `a ${contract.claims.risk} contract of a ${contract.claims.actor.kind} needs ${needed} approvals, ${names.length} count`,
      "/proof/approvals",
    );
  }
  const last = names[needed - 1];
  return last === undefined ? {} : { until: last.claims.exp };
}

/** How many people must approve a contract of this class and of this kind of actor (VAI-16). */
export function approvalsNeeded({ risk, actor }: Contract, { governance }: TrustPolicy): number {
  const { approvals: needed, approvalFor } = governance[risk];
  return approvalFor === undefined || approvalFor.includes(actor.kind) ? needed : 0;
}
