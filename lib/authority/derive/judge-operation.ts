import { descriptorOf, isSensitive } from "../../actions/catalogue.ts";
import type { Operation } from "../../actions/descriptor.ts";
import { satisfies } from "../../contract/constraint.ts";
import type { Contract } from "../../contract/contract.ts";
import type { Step } from "../../contract/step.ts";
import { isAtLeast } from "../../encoding/members.ts";
import { pointer, type Refusal, refuse } from "../../refusal.ts";
import { type ContractPlace, disagreement, parseArn } from "../evaluate/arn.ts";
import { describeBreach } from "./breach.ts";

const OPERATION = "/request/operation";

/**
 * Stage `scope` for one operation under the effective step (PROTOCOL.md §4), in its order: action,
 * place, target, undeclared parameters, declared parameters, then the action's own rules and what its
 * class forbids. Totals are judged by the caller. `whose` step it is, as a refusal names it.
 */
export function judgeOperation(
  step: Step,
  operation: Operation,
  contract: ContractPlace & Pick<Contract, "risk">,
  whose = "the contract",
): Refusal | undefined {
  return (
    judgeAction(step, operation) ??
    judgeTarget(step, operation, contract) ??
    judgeDeclared(step, operation, whose) ??
    descriptorOf(operation.action)?.judgeParameters(operation) ??
    judgeAtomic(operation, contract)
  );
}

/**
 * Exactly as IAM writes it: neither another letter case nor a batch form of the same write passes
 * (ADV-06, ADV-26).
 */
function judgeAction(step: Step, { action }: Operation): Refusal | undefined {
  if (step.actions.includes(action)) return undefined;
  return refuse(
    "ACTION_MISMATCH",
    `${quote(action)} is not an action of step ${step.id}`,
    `${OPERATION}/action`,
  );
}

function judgeTarget(
  step: Step,
  { action, resource }: Operation,
  contract: ContractPlace,
): Refusal | undefined {
  const place = `${OPERATION}/resource`;
  const arn = parseArn(resource);
  const differs = arn && disagreement(arn, contract);
  if (differs === "region") {
    return refuse(
      "REGION_MISMATCH",
      `the resource lies in ${quote(arn?.region)}, the contract in ${contract.region}`,
      place,
    );
  }
  if (differs === "account") {
    return refuse(
      "ACCOUNT_MISMATCH",
      `the resource lies in ${quote(arn?.account)}, the contract in ${contract.account}`,
      place,
    );
  }
  if (!step.resources.includes(resource)) {
    return refuse(
      "TARGET_MISMATCH",
      `${quote(resource)} is not a resource of step ${step.id}`,
      place,
    );
  }
  if (descriptorOf(action)?.target.pattern.test(resource) === false) {
    return refuse("TARGET_MISMATCH", `${action} cannot work on ${quote(resource)}`, place);
  }
  return undefined;
}

/**
 * The list of parameters is closed: what the contract does not name could mean anything (ADV-24).
 */
function judgeDeclared(
  { parameters: declared }: Step,
  { action, parameters }: Operation,
  whose: string,
): Refusal | undefined {
  if (declared === "unbounded") return undefined;
  const undeclared = Object.keys(parameters).find((name) => !Object.hasOwn(declared, name));
  if (undeclared !== undefined) {
    const detail = `${quote(undeclared)} is not a parameter of ${whose}`;
    return refuse("PARAMETER_UNDECLARED", detail, parameterPlace(undeclared));
  }
  for (const [name, constraint] of Object.entries(declared)) {
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (satisfies(constraint, value)) continue;
    const detail =
      isSensitive(action, name) && value !== undefined
        ? // A refusal goes into answer, logs and evidence: it says neither value nor constraint.
          `${name} is not one that ${whose} allows`
        : describeBreach(name, value, constraint, whose);
    return refuse("PARAMETER_OUT_OF_BOUNDS", detail, parameterPlace(name));
  }
  return undefined;
}

/**
 * From class HIGH on a check of the target must hold at the call itself: one that is only read before
 * would let a change in between be overwritten (PROTOCOL.md §9, `expect` of `ssm:PutParameter`).
 */
function judgeAtomic(
  { action, parameters }: Operation,
  { risk }: Pick<Contract, "risk">,
): Refusal | undefined {
  const name = descriptorOf(action)?.notAtomic?.(parameters);
  if (name === undefined || !isAtLeast(risk, "HIGH")) return undefined;
  const detail = `${name} of ${action} is compared before the call, not with it; class ${risk} takes no such check`;
  return refuse("PARAMETER_OUT_OF_BOUNDS", detail, parameterPlace(name));
}

const parameterPlace = (name: string): string => pointer(`${OPERATION}/parameters`, [name]);

/** Text of the request in a detail: cut, and in quotes. */
const quote = (text = ""): string =>
  JSON.stringify(text.length > 160 ? `${text.slice(0, 160)}…` : text);
