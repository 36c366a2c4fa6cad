import type { Operation } from "../../actions/descriptor.ts";
import type { Constraint } from "../../contract/constraint.ts";
import type { Step } from "../../contract/step.ts";

/**
 * The step narrowed to one operation that {@link judgeOperation} has accepted: one action, one
 * resource, every parameter exactly as asked. The policy of an `execute` call is derived from it,
 * so that IAM holds the one value asked for even where the contract allows a range or an exclusion,
 * which IAM could not express.
 */
export function narrowToOperation(step: Step, operation: Operation): Step {
  return {
    ...step,
    actions: [operation.action],
    resources: [operation.resource],
    parameters: exactly(step.parameters, operation.parameters),
  };
}

function exactly(
  declared: Step["parameters"],
  asked: Operation["parameters"],
): Record<string, Constraint> {
  const names = declared === "unbounded" ? Object.keys(asked) : Object.keys(declared);
  return Object.fromEntries(
    names.map((name): [string, Constraint] => {
      const value = Object.hasOwn(asked, name) ? asked[name] : undefined;
      return [name, value === undefined ? { absent: true } : { exact: value }];
    }),
  );
}
