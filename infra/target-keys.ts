import { CATALOGUE } from "../lib/actions/catalogue.ts";
import { isSameKey, KEY_ARN, type TargetKeys } from "../lib/actions/target-keys.ts";
import type { Targets } from "./action-families.ts";

/** A key that may not be one, by its target. */
export interface BadTargetKey {
  readonly path: readonly [string];
  readonly message: string;
}

export interface KeyPlace {
  readonly targets: Targets;
  /** Where the plane is, as far as its deployment tells. */
  readonly account: string | undefined;
  readonly region: string | undefined;
  /** Keys that the plane itself signs with. */
  readonly own: readonly (string | undefined)[];
}

const EXAMPLE = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/** What is wrong with keys of targets: each defect by its target, with what would be right. */
export const badTargetKeys = (keys: TargetKeys, place: KeyPlace): BadTargetKey[] =>
  Object.entries(keys).flatMap(([target, key]) => {
    const message = targetProblem(target, place.targets) ?? keyProblem(key, target, place);
    return message === undefined ? [] : [{ path: [target] as const, message }];
  });

function targetProblem(target: string, targets: Targets): string | undefined {
  const actions = CATALOGUE.filter(({ action }) => targets[action]?.includes(target));
  if (actions.length === 0)
    return "is none of the ARNs in targets; write it exactly as it is there";
  if (actions.some(({ keyUse }) => keyUse !== undefined)) return undefined;
  return `has no use: ${actions.map(({ action }) => action).join(", ")} asks KMS nothing`;
}

function keyProblem(
  key: string,
  target: string,
  { account, region, own }: KeyPlace,
): string | undefined {
  if (!KEY_ARN.test(key))
    return `must be the ARN of one KMS key such as ${EXAMPLE}: no alias, in the partitions aws and aws-us-gov`;
  const [, inPartition, , inRegion, inAccount] = key.split(":");
  const [, partition] = target.split(":");
  if (own.some((each) => each !== undefined && isSameKey(each, key)))
    return "is a key of the trust plane itself, which no session may ever use";
  if (inPartition !== partition) return `must be in partition ${partition} like its target`;
  if (region !== undefined && inRegion !== region) return `must be in region ${region}`;
  return account !== undefined && inAccount !== account
    ? `must be in account ${account}: a session reaches nothing in another`
    : undefined;
}
