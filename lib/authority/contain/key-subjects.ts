import { descriptorOf } from "../../actions/catalogue.ts";
import { callKeys, type TargetKeys, viaService } from "../../actions/target-keys.ts";
import type { Contract } from "../../contract/contract.ts";
import type { Step } from "../../contract/step.ts";
import { exactly, type Subject } from "./probes.ts";

/**
 * The calls of KMS that the services of the step's targets make in the session's name, as AWS fills their condition
 * keys: the one exception from "nothing but the step". Each is a subject like the step's own calls, so other actions
 * of KMS, other keys, other services, another encryption context and none at all are probed as strangers.
 *
 * For targets of two services there is no exception: their conditions would have to hold for one action at once.
 */
export function keySubjects(step: Step, { region }: Contract, targetKeys: TargetKeys): Subject[] {
  const [needed, ...others] = callKeys(
    step.actions.flatMap((action) => {
      const descriptor = descriptorOf(action);
      const targets = step.resources.filter((each) => descriptor?.target.pattern.test(each));
      return descriptor === undefined ? [] : [{ descriptor, targets }];
    }),
    targetKeys,
  );
  if (needed === undefined || others.length > 0) return [];
  const { service, actions, context } = needed;
  const keys = [
    exactly("kms:ViaService", viaService(service, region)),
    ...(context === undefined ? [] : [exactly(context.key, ...context.values)]),
  ];
  return actions.flatMap((action) =>
    needed.keys.map((resource): Subject => ({ action, resource, keys })),
  );
}

/** The step with the exception beside it: what the Denies of all else may spare. */
export const withKeys = (step: Step, of: readonly Subject[]): Step => ({
  ...step,
  actions: [...step.actions, ...of.map(({ action }) => action)],
  resources: [...step.resources, ...of.map(({ resource }) => resource)],
});
