import type { Contract } from "../contract/contract.ts";
import { gateOf, type Step } from "../contract/step.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { Chain } from "./chain.ts";

/** The steps of one id that bound an operation: the contract's, then every block's, root first. */
function* boundsOf(id: string, { claims }: Bounded, chain: Chain | undefined) {
  for (const { authorization_details } of [
    claims,
    ...(chain?.blocks ?? []).map((each) => each.claims),
  ]) {
    yield authorization_details.find((step) => step.id === id && gateOf(step) !== "rollback");
  }
}

interface Bounded {
  readonly claims: Pick<Contract, "authorization_details">;
}

/**
 * The step that session policy, map and handle are derived from: the last block's, without a chain the contract's;
 * `undefined` when one of them does not have it, or nobody may ask for it (PROTOCOL.md §8).
 */
export function effectiveStep(
  id: string,
  contract: Bounded,
  chain: Chain | undefined,
): Step | undefined {
  let last: Step | undefined;
  for (const step of boundsOf(id, contract, chain)) {
    if (step === undefined) return undefined;
    last = step;
  }
  return last;
}

/**
 * Judges one operation by the contract's step and by every block's. The meet of all of them counts, not the last block
 * alone: one that was signed looser than its parent frees nobody (POC-16).
 */
export function judgeWithin(
  id: string,
  contract: Bounded,
  chain: Chain | undefined,
  judge: (step: Step) => Refusal | undefined,
): Refusal | undefined {
  for (const step of boundsOf(id, contract, chain)) {
    if (step === undefined) {
      const detail = `there is no step "${id}" that can be asked for`;
      return refuse("STEP_MISMATCH", detail, "/request/step");
    }
    const refusal = judge(step);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
