import { CATALOGUE } from "../lib/actions/catalogue.ts";
import type { ActionDescriptor } from "../lib/actions/descriptor.ts";

/** The ceilings of a deployment: action → the only ARNs on which it can ever be run. */
export type Targets = Readonly<Record<string, readonly string[] | undefined>>;

/**
 * What one execution role may be used for: the actions of one service, each on its own targets.
 * Each service has its own pair of roles, so that an error in one reaches no other.
 */
export interface ActionFamily {
  /** The IAM service prefix, for example `lambda`. */
  readonly name: string;
  /** The family's actions with the ARNs that the cloud team allows for each. */
  readonly ceilings: readonly {
    readonly descriptor: ActionDescriptor;
    readonly targets: readonly string[];
  }[];
}

/** Names of all families that the catalogue knows. */
export const FAMILY_NAMES: readonly string[] = [...new Set(CATALOGUE.map(({ family }) => family))];

/** Groups ceilings by family; an action without a ceiling is not part of the deployment. */
export function actionFamilies(targets: Targets): ActionFamily[] {
  const families = new Map<string, ActionFamily["ceilings"]>();
  for (const descriptor of CATALOGUE) {
    const arns = targets[descriptor.action];
    if (arns === undefined) continue;
    const others = families.get(descriptor.family) ?? [];
    families.set(descriptor.family, [...others, { descriptor, targets: arns }]);
  }
  return [...families].map(([name, ceilings]) => ({ name, ceilings }));
}

/** All targets of a family, each once. */
export const familyTargets = (family: ActionFamily): string[] => [
  ...new Set(family.ceilings.flatMap(({ targets }) => targets)),
];
