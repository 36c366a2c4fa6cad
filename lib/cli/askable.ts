import { descriptorOf } from "../actions/catalogue.ts";
import type { ActionDescriptor } from "../actions/descriptor.ts";
import type { Scalar } from "../contract/constraint.ts";
import type { Step } from "../contract/step.ts";
import { pointer, type Refusal, refuse } from "../refusal.ts";
import { type ParameterWitness, witnessOf } from "./witness.ts";

/**
 * Why nobody could ever ask for anything under a step, as far as its parameters decide that: a constraint that no value
 * meets, or an action that needs a parameter which the step does not let anybody send.
 */
export function askProblem(step: Step, index: number): Refusal | undefined {
  const { parameters } = step;
  if (parameters === "unbounded") return undefined;
  const at = (name?: string): string =>
    pointer("/contract", [
      ...["authorization_details", index, "parameters"],
      ...(name === undefined ? [] : [name]),
    ]);
  const witnesses = Object.entries(parameters).map(
    ([name, each]) => [name, witnessOf(each)] as const,
  );
  const impossible = witnesses.find(([, witness]) => witness === "none");
  if (impossible !== undefined) {
    const [name] = impossible;
    return refuse("PARAMETER_OUT_OF_BOUNDS", `no value of ${name} meets its constraint`, at(name));
  }
  const problems = step.actions.map((action) =>
    actionProblem(descriptorOf(action), step, witnesses),
  );
  const [first] = problems;
  return first === undefined || problems.includes(undefined)
    ? undefined
    : refuse("PARAMETER_OUT_OF_BOUNDS", `${step.actions[0]}: ${first}`, at());
}

/** What the action's own rules say of one operation that the step allows, where no other choice could help. */
function actionProblem(
  descriptor: ActionDescriptor | undefined,
  { parameters, resources: [resource = ""] }: Step,
  witnesses: readonly (readonly [string, ParameterWitness])[],
): string | undefined {
  const sent = Object.fromEntries(
    witnesses.flatMap(([name, witness]): [string, Scalar][] =>
      typeof witness === "object" ? [[name, witness.value]] : [],
    ),
  );
  const refusal = descriptor?.judgeParameters({
    ...{ action: descriptor.action, resource, parameters: sent },
  });
  if (refusal === undefined) return undefined;
  const [, name] = /^\/request\/operation\/parameters\/(.+)$/.exec(refusal.pointer ?? "") ?? [];
  const declared = name?.replaceAll("~1", "/").replaceAll("~0", "~");
  const constraint =
    declared === undefined || parameters === "unbounded" ? undefined : parameters[declared];
  const isOpen =
    constraint !== undefined && declared !== undefined && Object.hasOwn(sent, declared);
  // Of a value that could be chosen otherwise nothing is known.
  return isOpen && !("exact" in constraint) ? undefined : refusal.detail;
}
