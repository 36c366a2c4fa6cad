import { isIamLiteral } from "../../actions/iam-text.ts";
import type { Step } from "../../contract/step.ts";
import { type ContractPlace, disagreement, parseArn } from "../evaluate/arn.ts";
import {
  listOf,
  type PolicyDocument,
  type Statement,
  statementsOf,
} from "../evaluate/iam-document.ts";
import { namedOperator } from "../evaluate/operator-name.ts";

/**
 * What a policy's own text already gives away, with the action and resource that it lets through.
 */
export interface Excess {
  readonly reason: string;
  readonly action?: string;
  readonly resource?: string;
}

/**
 * What needs no probing: every Allow names listed actions and resources, literally; nothing in the
 * policy is a variable or an operator that the evaluator does not know; no condition looks at a key
 * that probes would not vary.
 * @param keys - condition keys, in lower case, that probes vary
 */
export function structuralExcess(
  policy: PolicyDocument,
  step: Step,
  place: ContractPlace,
  keys: ReadonlySet<string>,
): Excess | undefined {
  if (policy.Version !== "2012-10-17") return { reason: "the policy is not of version 2012-10-17" };
  if (JSON.stringify(policy).includes("${")) return { reason: "the policy has a variable" };
  for (const statement of statementsOf(policy)) {
    const excess =
      conditionExcess(statement, keys) ??
      (statement.Effect === "Allow" ? allowExcess(statement, step, place) : undefined);
    if (excess !== undefined) return excess;
  }
  return undefined;
}

function conditionExcess(statement: Statement, keys: ReadonlySet<string>): Excess | undefined {
  if (statement.Principal !== undefined || statement.NotPrincipal !== undefined) {
    return { reason: "a session policy has no principal" };
  }
  for (const [operator, block] of Object.entries(statement.Condition ?? {})) {
    if (namedOperator(operator) === undefined)
      return { reason: `unknown condition operator ${operator}` };
    const foreign = Object.keys(block).find((key) => !keys.has(key.toLowerCase()));
    if (foreign !== undefined)
      return { reason: `a condition on ${foreign}, which no constraint of the step needs` };
  }
  return undefined;
}

function allowExcess(statement: Statement, step: Step, place: ContractPlace): Excess | undefined {
  if (statement.Action === undefined || statement.Resource === undefined) {
    return { reason: "an Allow names what it does not allow, or everything" };
  }
  const action = listOf(statement.Action).find((each) => !step.actions.includes(each));
  if (action !== undefined) return { reason: `allows the action ${action}`, action };
  const resource = listOf(statement.Resource).find((each) => !isOfStep(each, step, place));
  if (resource !== undefined) return { reason: `allows the resource ${resource}`, resource };
  return unguarded(statement);
}

/** Listed, without wildcard, and where the contract lives. */
function isOfStep(resource: string, step: Step, place: ContractPlace): boolean {
  const arn = parseArn(resource);
  const agrees = arn !== undefined && disagreement(arn, place) === undefined;
  return agrees && isIamLiteral(resource) && step.resources.includes(resource);
}

/**
 * `ForAllValues` is true without the key: each needs a `Null` guard in its own statement (VAI-149).
 */
function unguarded({ Condition: condition = {} }: Statement): Excess | undefined {
  const guarded = new Set(
    Object.entries(condition["Null"] ?? {}).flatMap(([key, value]) =>
      listOf(value).every((each) => String(each) === "false") ? [key.toLowerCase()] : [],
    ),
  );
  const open = Object.entries(condition)
    .filter(([operator]) => namedOperator(operator)?.mode === "all")
    .flatMap(([, block]) => Object.keys(block))
    .find((key) => !guarded.has(key.toLowerCase()));
  return open === undefined
    ? undefined
    : { reason: `${open} may be absent: ForAllValues without a Null guard` };
}
