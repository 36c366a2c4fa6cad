import type { Operation } from "../actions/descriptor.ts";
import { judgeOperation } from "../authority/judge-operation.ts";
import type { ReadContract } from "../contract/contract.ts";
import type { Step } from "../contract/step.ts";
import { documentDigest } from "../encoding/canonical-json.ts";
import type { Digest } from "../encoding/digest.ts";
import { contractView, type IntentState, totalKey } from "../evidence/fold.ts";
import { pointer, type Refusal, refuse } from "../refusal.ts";
import type { NamedCheck } from "./course.ts";

/** Names of the checks of stage `scope`, in order. */
export const SCOPE_CHECK_NAMES = ["step", "operation", "totals"];
export const REDEMPTION_SCOPE_CHECK_NAMES = ["step", "operation", "grantedOperation"];

/** The step of a contract by id, or `undefined`. */
export const stepOf = ({ claims }: ReadContract, id: string): Step | undefined =>
  claims.authorization_details.find((step) => step.id === id);

/** Stage `scope` of `issue` (wire.md §4): step, operation, then the sums over all grants of the step. */
export function scopeChecks(
  contract: ReadContract,
  stepId: string,
  operation: Operation | undefined,
  state: IntentState,
): NamedCheck[] {
  const step = stepOf(contract, stepId);
  if (step === undefined) return [unknownStep(stepId)];
  return [
    ["step", () => undefined],
    ["operation", () => operation && judgeOperation(step, operation, contract.claims)],
    // Credentials name no operation; that nobody would total theirs is judged as `authority`.
    ["totals", () => operation && judgeTotals(contract, operation, step, state)],
  ];
}

/**
 * Stage `scope` of `execute`: the operation under the step that was granted, and the very one that was granted if
 * the grant names one. Totals were reserved then.
 */
export function redemptionScopeChecks(
  contract: ReadContract,
  grant: { readonly step: string; readonly operationDigest?: Digest },
  operation: Operation,
): NamedCheck[] {
  const step = stepOf(contract, grant.step);
  if (step === undefined) return [unknownStep(grant.step)];
  return [
    ["step", () => undefined],
    ["operation", () => judgeOperation(step, operation, contract.claims)],
    ["grantedOperation", () => judgeGranted(grant.operationDigest, operation)],
  ];
}

const unknownStep = (id: string): NamedCheck => [
  "step",
  () => refuse("STEP_MISMATCH", `the contract has no step "${id}"`, "/request/step"),
];

const judgeGranted = (granted: Digest | undefined, operation: Operation): Refusal | undefined =>
  granted === undefined || granted === documentDigest(operation)
    ? undefined
    : refuse(
        "CONTRACT_MISMATCH",
        "the handle was issued for another operation of the same step",
        "/request/operation",
      );

function judgeTotals(
  contract: ReadContract,
  operation: Operation,
  step: Step,
  state: IntentState,
): Refusal | undefined {
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
