import { descriptorOf } from "../../actions/catalogue.ts";
import type { Contract } from "../../contract/contract.ts";
import { type Refusal, refuse } from "../../refusal.ts";
import { judgeOperation } from "./judge-operation.ts";

/**
 * A contract's own rollback by everything that a request for it would be judged by: also by the rules of its action and of
 * its class, which reading alone does not know. What could never be done is not promised (PROTOCOL.md §2, "Rollback").
 * @returns `CONTRACT_MALFORMED` with the place in the contract.
 */
export function judgeRollback(contract: Contract): Refusal | undefined {
  const { authorization_details: steps, rollback } = contract;
  const step = steps.find(({ id }) => id === rollback?.step);
  if (rollback === undefined || step === undefined) return undefined;
  const refusal =
    judgeOperation(step, rollback.operation, contract) ?? unseen(rollback.operation.action);
  return (
    refusal &&
    refuse(
      "CONTRACT_MALFORMED",
      `the rollback could not be done: ${refusal.detail}`,
      refusal.pointer?.replace(/^\/request/, "/contract/rollback"),
    )
  );
}

/** A rollback counts only if its effect was seen: by an action without read-back none ever would (PROTOCOL.md §2). */
const unseen = (action: string): Refusal | undefined =>
  descriptorOf(action)?.readBack === undefined
    ? refuse("CONTRACT_MALFORMED", `nobody can see what ${action} did`, "/request/operation/action")
    : undefined;
