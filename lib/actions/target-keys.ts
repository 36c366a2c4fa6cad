import type { ClientSettings } from "./client-settings.ts";
import { isWithin } from "./opened.ts";

/**
 * Under which KMS key a target lies: ARN of the target as the cloud team opened it, exact or ending in `*`, → ARN of
 * the key. A target that is not here lies under a key that nobody is asked for, such as one that AWS owns.
 */
export type TargetKeys = Readonly<Record<string, string>>;

/** A plane whose targets need no keys. */
export const NO_KEYS: TargetKeys = {};

/** What a service asks of KMS in the name of whoever calls it, where the target lies under a key. */
export interface KeyUse {
  /** As the bounded call needs it. */
  readonly call: readonly string[];
  /** As the reads before and after it need it. */
  readonly reads: readonly string[];
  /** The encryption context that the service sends, as AWS documents it; absent where the target does not decide it. */
  readonly context?: {
    readonly name: string;
    /** The values that it can have for a target, or for all targets that begin so. */
    valuesOf(target: string): readonly string[];
  };
  /**
   * Whether a target lies under a key that is used in the caller's name, by the service's own word to the reader role.
   * @throws {Fault} `DEPENDENCY_UNAVAILABLE` when that is not known.
   */
  lookAt(target: string, settings: ClientSettings): Promise<boolean>;
}

/** All uses of keys that a session needs, through one service. */
export interface NeededKeys {
  /** IAM service prefix: who asks KMS. */
  readonly service: string;
  readonly actions: readonly string[];
  readonly keys: readonly string[];
  /** Condition key of the encryption context, with every value that the targets give it. */
  readonly context: { readonly key: string; readonly values: readonly string[] } | undefined;
}

/** An action with targets, exact or as the cloud team opened them. */
export interface Targeted {
  readonly descriptor: { readonly family: string; readonly keyUse?: KeyUse | undefined };
  readonly targets: readonly string[];
}

/** The uses of keys that calls of these actions on their targets need, by service; nothing for targets without key. */
export const callKeys = (of: readonly Targeted[], keys: TargetKeys): NeededKeys[] =>
  neededKeys(of, keys, ({ call }) => call);

/** The uses of keys that the reads of these actions on their targets need, by service. */
export const readKeys = (of: readonly Targeted[], keys: TargetKeys): NeededKeys[] =>
  neededKeys(of, keys, ({ reads }) => reads);

function neededKeys(
  of: readonly Targeted[],
  targetKeys: TargetKeys,
  actionsOf: (use: KeyUse) => readonly string[],
): NeededKeys[] {
  const found = of.flatMap(({ descriptor: { family, keyUse }, targets }) =>
    targets.flatMap((target) => {
      const key = keyOf(target, targetKeys);
      const actions = keyUse === undefined ? [] : actionsOf(keyUse);
      if (key === undefined || actions.length === 0) return [];
      const { name, valuesOf } = keyUse?.context ?? {};
      return [{ family, actions, key, name, values: valuesOf?.(target) ?? [] }];
    }),
  );
  return unique(found.map(({ family }) => family)).map((service) => {
    const own = found.filter(({ family }) => family === service);
    const name = own.find((each) => each.name !== undefined)?.name;
    return {
      service,
      actions: unique(own.flatMap(({ actions }) => actions)),
      keys: unique(own.map(({ key }) => key)),
      context:
        name === undefined
          ? undefined
          : {
              key: `kms:EncryptionContext:${name}`,
              values: unique(own.flatMap(({ values }) => values)),
            },
    };
  });
}

const unique = (values: readonly string[]): string[] => [...new Set(values)];

/** The key of a target: its own entry's, else that of the longest beginning that was opened. */
export function keyOf(target: string, keys: TargetKeys): string | undefined {
  if (Object.hasOwn(keys, target)) return keys[target];
  const [longest] = Object.keys(keys)
    .filter((opened) => isWithin(opened, target))
    .sort((left, right) => right.length - left.length);
  return longest === undefined ? undefined : keys[longest];
}

/**
 * What `kms:ViaService` holds for a service in a region (KMS developer guide, "kms:ViaService"). In the partitions `aws`
 * and `aws-us-gov`; of the others AWS's page says nothing, so keys there are refused ({@link KEY_ARN}).
 */
export const viaService = (service: string, region: string): string =>
  `${service}.${region}.amazonaws.com`;

/**
 * Whether two keys, by id or ARN, are one: replicas of a multi-Region key share their id, and what it can open or sign
 * (KMS developer guide, "Multi-Region keys").
 */
export const isSameKey = (one: string, other: string): boolean => idOf(one) === idOf(other);

const idOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1).toLowerCase();

/** A KMS key by its ARN, never by an alias, which somebody can point to another key. */
export const KEY_ARN =
  /^arn:(?:aws|aws-us-gov):kms:[a-z0-9-]+:\d{12}:key\/(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
