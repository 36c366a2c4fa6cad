import type { Operation } from "../../actions/descriptor.ts";
import { judgeOperation } from "../../authority/derive/judge-operation.ts";
import type { ReadContract } from "../../contract/contract.ts";
import type { Step } from "../../contract/step.ts";
import { documentDigest } from "../../encoding/canonical-json.ts";
import type { Digest } from "../../encoding/digest.ts";
import { contractView } from "../../evidence/intent-state.ts";
import { totalKey } from "../../evidence/spent.ts";
import { pointer, type Refusal, refuse } from "../../refusal.ts";
import type { Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import { stage } from "../stage.ts";

interface Aimed {
  readonly contract: ReadContract;
  readonly stepId: string;
  /** The step of that name, if the contract has one. */
  readonly step: Step | undefined;
  readonly operation: Operation | undefined;
}

const STEP = stage<Aimed, Judgement>("scope")
  .take("step", ({ step, stepId }) =>
    step === undefined
      ? refuse(
          "STEP_MISMATCH",
          `the contract has no step "${stepId}" that can be asked for`,
          "/request/step",
        )
      : { step },
  )
  .check(
    "operation",
    ({ contract, step, operation }) =>
      // Credentials name no operation; that nobody would total theirs is judged as `authority`.
      operation && judgeOperation(step, operation, contract.claims),
  );

/** Stage `scope` of `issue` (PROTOCOL.md §4): step, operation, then the sums over all grants of the step. */
export const SCOPE = stage<Aimed & { readonly intent: Intent }, Judgement>("scope")
  .include(STEP)
  .check("totals", judgeTotals);

/**
 * Stage `scope` of `execute`: the operation under the step that was granted, and the very one that was granted if
 * the grant names one. Totals were reserved then.
 */
export const REDEMPTION_SCOPE = stage<
  Aimed & { readonly operation: Operation; readonly grantedOperation: Digest | undefined },
  Judgement
>("scope")
  .include(STEP)
  .check("grantedOperation", ({ grantedOperation, operation }) =>
    grantedOperation === undefined || grantedOperation === documentDigest(operation)
      ? undefined
      : refuse(
          "CONTRACT_MISMATCH",
          "the handle was issued for another operation of the same step",
          "/request/operation",
        ),
  );

function judgeTotals({
  contract,
  operation,
  step,
  intent: { state },
}: Aimed & { readonly step: Step; readonly intent: Intent }): Refusal | undefined {
  if (operation === undefined) return undefined;
  const reserved = contractView(state, contract.digest).totals;
  for (const [parameter, ceiling] of Object.entries(step.limits?.totals ?? {})) {
    const where = pointer("/request/operation/parameters", [parameter]);
    const value = operation.parameters[parameter];
    if (typeof value !== "number" || value < 0) {
      return refuse(
        "PARAMETER_OUT_OF_BOUNDS",
        `${parameter} must be an integer of at least 0, it is totalled`,
        where,
      );
    }
    const sum = (reserved.get(totalKey(step.id, parameter)) ?? 0) + value;
    if (sum > ceiling) {
      return refuse(
        "SCOPE_EXCEEDED",
        `${parameter} would sum to ${sum}; the step's total is ${ceiling}`,
        where,
      );
    }
  }
  return undefined;
}

/** What a grant reserves of the step's totals; judged before, so every value is an integer. */
export const reservedTotals = (
  operation: Operation | undefined,
  step: Step,
): Record<string, number> =>
  Object.fromEntries(
    Object.keys(step.limits?.totals ?? {}).map((name) => [
      name,
      Number(operation?.parameters[name]),
    ]),
  );
