import { isSameKey, KEY_ARN, type TargetKeys } from "../../actions/target-keys.ts";
import { ENV, type PlaneId } from "../../config.ts";

/**
 * The keys of the targets, as the stack told them. A key that is the plane's own would let a session near what seals
 * evidence; one from elsewhere, near what this plane does not govern: neither is ever served.
 * @param own - ids or ARNs of the plane's own keys
 * @throws {TypeError} before the function serves anything.
 */
export function readTargetKeys(
  text: string,
  { account, region }: PlaneId,
  own: readonly string[],
): TargetKeys {
  const keys = JSON.parse(text) as TargetKeys;
  for (const [target, key] of Object.entries(keys)) {
    const wrong = (why: string) => new TypeError(`${ENV.targetKeys}: the key of ${target} ${why}`);
    if (!KEY_ARN.test(key)) throw wrong("is not the ARN of a KMS key");
    const [, partition] = target.split(":");
    if (!key.startsWith(`arn:${partition}:kms:${region}:${account}:`))
      throw wrong("is not of the plane's own place");
    if (own.some((each) => isSameKey(key, each))) throw wrong("is the trust plane's own");
  }
  return keys;
}
