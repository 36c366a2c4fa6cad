import type { Contract } from "../../contract/contract.ts";
import { pointer, type Refusal, refuse } from "../../refusal.ts";
import type { IssueDeps } from "../deps.ts";

/**
 * Every target that an action of its step can work on is opened by the deployment, or the first that is not. Else the
 * use would be spent before IAM says no, and the refusal would not say whom to ask. A resource that no action of the step
 * can work on is judged where the session policy is derived.
 */
export function judgeOpened(
  { authorization_details }: Contract,
  { descriptorOf, isOpened }: Pick<IssueDeps, "descriptorOf" | "isOpened">,
): Refusal | undefined {
  for (const [index, { actions, resources }] of authorization_details.entries()) {
    for (const [position, resource] of resources.entries()) {
      const able = actions
        .map(descriptorOf)
        .filter((descriptor) => descriptor?.target.pattern.test(resource) === true);
      const [first] = able;
      if (first === undefined || able.some((each) => each && isOpened(each.family, resource))) {
        continue;
      }
      return refuse(
        "ACTION_UNREGISTERED",
        `this plane does not open ${first.action} on ${resource}: its cloud team can, by adding the ARN to targets of the deployment file`,
        pointer("/contract", ["authorization_details", index, "resources", position]),
      );
    }
  }
  return undefined;
}
