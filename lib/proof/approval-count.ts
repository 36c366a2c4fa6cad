import { toSeconds } from "../clock.ts";
import { breakGlassPolicyOf } from "../contract/break-glass.ts";
import type { Contract, ReadContract } from "../contract/contract.ts";
import { isRefusal, type Refusal, refuse, refuseUntil } from "../refusal.ts";
import type { BreakGlassPolicy, TrustPolicy } from "../trust/policy.ts";
import { approvalOf, approvals } from "../unlock.ts";
import { approvalsByName, type ReadApproval, rolesCovered } from "./approval.ts";
import { approvalsOf } from "./heard.ts";
import type { ReadProof } from "./proof.ts";

/** What people's approvals come to. */
export interface ApprovalCount {
  /** Seconds: when the ones that count end; absent where nobody was asked. */
  readonly until?: number;
  /** In an emergency: who fills the roles. */
  readonly by?: readonly { readonly name: string; readonly role: string }[];
}

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
 * of more than are needed the ones that end last.
 */
export function judgeApprovals({
  contract,
  proof,
  policy,
  recorded,
  isBound,
  mayWait,
  now,
}: ApprovalInput): ApprovalCount | Refusal {
  const held = approvalsOf(
    { presented: proof.approvals, recorded },
    { contract, decider: proof.decision.claims.iss, policy, isBound, now: toSeconds(now) },
  );
  if (isRefusal(held)) return held;
  const whole = held.filter(({ claims: { step } }) => step === undefined);
  if (contract.claims.breakGlass !== undefined) {
    const emergency = breakGlassPolicyOf(contract.claims, policy);
    // Of what runs already: a request would have ended in stage `contract`.
    if (emergency === undefined) {
      const named = "names an emergency policy that the trust policy has no more";
      return refuse("BREAK_GLASS_UNAUTHORIZED", named, "/contract/breakGlass/policy");
    }
    return judgeRoles(whole, emergency, mayWait);
  }
  const needed = approvalsNeeded(contract.claims, policy);
  const names = approvalsByName(whole);
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

/**
 * In an emergency one of each role that its policy asks for, of different names (PROTOCOL.md §10, "Break-glass"). Of all ways
 * to fill the roles the one that lasts longest counts: the fewest approvals, from the last end on, that fill them.
 */
function judgeRoles(
  held: readonly ReadApproval[],
  { approverRoles: roles, id }: BreakGlassPolicy,
  mayWait: true | undefined,
): ApprovalCount | Refusal {
  const byEnd = [...held].sort((one, other) => other.claims.exp - one.claims.exp);
  const fewest = byEnd.findIndex(
    (_, index) => rolesCovered(roles, byEnd.slice(0, index + 1)).missing.length === 0,
  );
  const last = byEnd[fewest];
  if (last !== undefined) {
    const counted = byEnd
      .slice(0, fewest + 1)
      .map(({ claims: { iss: name, role } }) => ({ name, role }));
    return { until: last.claims.exp, by: counted };
  }
  if (mayWait) return {};
  const { missing } = rolesCovered(roles, byEnd);
  return refuseUntil(
    missing.map(approvalOf),
    "APPROVAL_REQUIRED",
    `emergency policy "${id}" needs an approval of each of ${roles.join(", ")}, of different names; nobody approves as ${missing.join(", ")}`,
    "/proof/approvals",
  );
}

/** How many people must approve a contract of this class and of this kind of actor (VAI-16). */
export function approvalsNeeded({ risk, actor }: Contract, { governance }: TrustPolicy): number {
  const { approvals: needed, approvalFor } = governance[risk];
  return approvalFor === undefined || approvalFor.includes(actor.kind) ? needed : 0;
}
