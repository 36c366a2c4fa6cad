import { CATALOGUE } from "./catalogue.ts";
import { READS } from "./reads.ts";
import { type NeededKeys, readKeys, type TargetKeys } from "./target-keys.ts";

/** What the reader role of one family may do: IAM actions, each once, in a stable order. */
export interface ReaderActions {
  /** On the configured targets of the family only. */
  readonly onTargets: readonly string[];
  /** On what holds those targets only. */
  readonly onHolders: readonly string[];
  /** Those that IAM cannot bound to a resource. */
  readonly anywhere: readonly string[];
}

/**
 * The reads of a family, for its reader role and that role's sessions alike: what its actions need
 * before and after their call, and what assumptions may name.
 */
export function readerActions(family: string): ReaderActions {
  const actions = CATALOGUE.filter((each) => each.family === family);
  const reads = READS.filter((each) => each.family === family);
  return {
    onTargets: sorted([
      ...actions.flatMap((each) => each.reads),
      ...reads.flatMap(({ iamActions }) => iamActions),
    ]),
    onHolders: sorted(actions.flatMap(({ readsHolder }) => readsHolder?.actions ?? [])),
    anywhere: sorted([
      ...actions.flatMap(({ readsAnywhere = [] }) => readsAnywhere),
      ...reads.flatMap(({ iamActionsAnywhere = [] }) => iamActionsAnywhere),
    ]),
  };
}

/**
 * Of a family's targets those of which something can be read: a function with its qualifier is one that an action works
 * on and no read knows, so to a reader it would be a bound that means nothing.
 */
export function readableTargets(family: string, targets: readonly string[]): string[] {
  const forms = [
    ...CATALOGUE.filter((each) => each.family === family)
      .filter(({ reads, readsAnywhere = [] }) => reads.length + readsAnywhere.length > 0)
      .map(({ ceiling }) => ceiling.pattern),
    ...READS.filter((each) => each.family === family).map(({ target }) => target.pattern),
  ];
  return targets.filter((target) => forms.some((form) => form.test(target)));
}

/** What holds a family's targets, exact or as they were opened: each ARN once; nothing where IAM knows the targets alone. */
export const readerHolders = (family: string, targets: readonly string[]): string[] => [
  ...new Set(
    CATALOGUE.filter((each) => each.family === family).flatMap(({ readsHolder }) =>
      targets.flatMap((target) => readsHolder?.holderOf(target) ?? []),
    ),
  ),
];

/** The uses of keys that reads of a family's targets need, through the family's own service. */
export const readerKeys = (
  family: string,
  targets: readonly string[],
  targetKeys: TargetKeys,
): NeededKeys[] =>
  readKeys(
    CATALOGUE.filter((each) => each.family === family).map((descriptor) => ({
      descriptor,
      targets: targets.filter((target) => descriptor.ceiling.pattern.test(target)),
    })),
    targetKeys,
  );

/** Loads what the actions and reads of a family call by. */
export async function loadFamily(family: string): Promise<void> {
  const all = [...CATALOGUE, ...READS].filter((each) => each.family === family);
  await Promise.all(all.map((each) => each.load?.()));
}

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();
