import { judgeOperation } from "../authority/judge-operation.ts";
import type { ReadRequest } from "../continuity/request.ts";
import type { Contract, ReadContract } from "../contract/contract.ts";
import type { Step } from "../contract/step.ts";
import { contractView, type IntentState, totalKey } from "../evidence/fold.ts";
import { pointer, type Refusal, refuse } from "../refusal.ts";
import type { NamedCheck } from "./course.ts";

export const SCOPE_CHECK_NAMES = ["step", "operation", "totals"];

/** The step that a request names, or `undefined`. */
export const stepOf = (contract: Contract, request: ReadRequest): Step | undefined =>
  contract.authorization_details.find(({ id }) => id === request.claims.step);

/** Stage `scope` (wire.md §4): step, operation, then the sums over all grants of the step. */
export function scopeChecks(
  contract: ReadContract,
  request: ReadRequest,
  state: IntentState,
): NamedCheck[] {
  const step = stepOf(contract.claims, request);
  const { operation } = request.claims;
  if (step === undefined || operation === undefined) {
    return [
      [
        "step",
        () =>
          refuse(
            "STEP_MISMATCH",
            `the contract has no step "${request.claims.step}"`,
            "/request/step",
          ),
      ],
    ];
  }
  return [
    ["step", () => undefined],
    ["operation", () => judgeOperation(step, operation, contract.claims)],
    ["totals", () => judgeTotals(contract, request, step, state)],
  ];
}

function judgeTotals(
  contract: ReadContract,
  request: ReadRequest,
  step: Step,
  state: IntentState,
): Refusal | undefined {
  const reserved = contractView(state, contract.digest).totals;
  for (const [parameter, ceiling] of Object.entries(step.limits?.totals ?? {})) {
    const where = pointer("/request/operation/parameters", [parameter]);
    const value = request.claims.operation?.parameters[parameter];
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
export const reservedTotals = (request: ReadRequest, step: Step): Record<string, number> =>
  Object.fromEntries(
    Object.keys(step.limits?.totals ?? {}).map((name) => [
      name,
      Number(request.claims.operation?.parameters[name]),
    ]),
  );
