import { toInstant } from "../clock.ts";
import { pointer, type Refusal, refuse } from "../refusal.ts";
import type { BreakGlassPolicy, TrustPolicy } from "../trust/policy.ts";
import type { Contract } from "./contract.ts";
import { callsOf } from "./step.ts";

const unauthorized = (why: string, ...path: (string | number)[]): Refusal =>
  refuse("BREAK_GLASS_UNAUTHORIZED", why, pointer("/contract", path));

/** The emergency policy that a contract names, as the trust policy has it now; nothing of a contract that names none. */
export const breakGlassPolicyOf = (
  { breakGlass }: Contract,
  policy: Pick<TrustPolicy, "breakGlass">,
): BreakGlassPolicy | undefined =>
  breakGlass && policy.breakGlass.find(({ id }) => id === breakGlass.policy);

/**
 * Whether a contract of an emergency stays within the policy that it names (PROTOCOL.md §2): one step, once, in the trust
 * plane's own hands, with that policy's actions alone. Without such a policy the member opens nothing (ADV-48). `now` in
 * seconds.
 */
export function judgeBreakGlass(
  contract: Contract,
  trust: Pick<TrustPolicy, "breakGlass">,
  now: number,
): Refusal | undefined {
  if (contract.breakGlass === undefined) return undefined;
  const policy = breakGlassPolicyOf(contract, trust);
  if (policy === undefined) {
    const named = contract.breakGlass.policy;
    return unauthorized(
      `"${named}" is no emergency policy of the trust policy`,
      "breakGlass",
      "policy",
    );
  }
  const beyond = judgeExtent(contract, policy);
  if (beyond !== undefined) return beyond;
  return now < policy.exp
    ? undefined
    : refuse(
        "BREAK_GLASS_EXPIRED",
        `emergency policy "${policy.id}" ended at ${toInstant(policy.exp * 1000)}`,
        "/contract/breakGlass/policy",
      );
}

/** Whoever is let in by fewer words does one thing: what undoes it is the only other step. */
function judgeExtent(contract: Contract, policy: BreakGlassPolicy): Refusal | undefined {
  const { authorization_details: steps, deliveries, rollback } = contract;
  if (deliveries.length !== 1 || deliveries[0] !== "execute") {
    return unauthorized("an emergency is delivered by execute alone", "deliveries");
  }
  const acting = steps.flatMap((step, index) => (step.id === rollback?.step ? [] : [index]));
  if (acting.length !== 1) {
    return unauthorized("an emergency has one step besides its rollback", "authorization_details");
  }
  for (const [index, step] of steps.entries()) {
    const place = ["authorization_details", index];
    if (callsOf(step) !== 1)
      return unauthorized("an emergency is one call", ...place, "limits", "calls");
    const foreign = step.actions.findIndex((action) => !policy.actions.includes(action));
    if (foreign >= 0) {
      const why = `emergency policy "${policy.id}" does not open ${step.actions[foreign]}`;
      return unauthorized(why, ...place, "actions", foreign);
    }
  }
  return undefined;
}
