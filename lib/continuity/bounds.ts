import type { Contract } from "../contract/contract.ts";
import { gateOf, type Step } from "../contract/step.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { placeOf, type ReadBlock } from "./block.ts";
import type { Chain } from "./chain.ts";

/** A step that bounds an operation; `block`: whose it is, `undefined` the contract's. `at`: where that stands. */
export interface Bound {
  readonly step: Step;
  readonly block: ReadBlock | undefined;
  readonly at: string;
}

interface Bounded {
  readonly claims: Pick<Contract, "authorization_details">;
}

/** The steps of one id that bound an operation: the contract's, then every block's, root first. */
function* boundsOf(
  id: string,
  contract: Bounded,
  chain: Chain | undefined,
): Generator<Omit<Bound, "step"> & { readonly step: Step | undefined }> {
  const stepOf = ({ claims }: Bounded) =>
    claims.authorization_details.find((step) => step.id === id);
  yield { step: stepOf(contract), block: undefined, at: "/contract" };
  for (const block of chain?.blocks ?? []) {
    yield { step: stepOf(block), block, at: placeOf(block.claims.depth) };
  }
}

/**
 * The step that session policy, map and handle are derived from: the last block's, without a chain the contract's;
 * `undefined` when one of them does not have it, or nobody may ask for it: whoever could ask for the step of a rollback
 * would undo what worked (PROTOCOL.md §2, "Rollback"; §8).
 */
export function effectiveStep(
  id: string,
  contract: Bounded,
  chain: Chain | undefined,
): Step | undefined {
  let last: Step | undefined;
  for (const { step } of boundsOf(id, contract, chain)) {
    if (step === undefined || gateOf(step) === "rollback") return undefined;
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
  judge: (step: Step, bound: Bound) => Refusal | undefined,
): Refusal | undefined {
  for (const { step, ...whose } of boundsOf(id, contract, chain)) {
    if (step === undefined) {
      const detail = `${whose.at} has no step "${id}" that can be asked for`;
      return refuse("STEP_MISMATCH", detail, "/request/step");
    }
    const refusal = judge(step, { ...whose, step });
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
