import type { ActionDescriptor } from "../../actions/descriptor.ts";
import { keyOf } from "../../actions/target-keys.ts";
import { Fault } from "../../refusal.ts";
import { type IssueDeps, type KeyLook, type Memory, targetPlace } from "../deps.ts";

/** Milliseconds: how long what was seen is believed. */
const BELIEVED = 600_000;
/** Looks that a process remembers. */
const REMEMBERED = 256;

/** A target of one action, with the role that looks at it. */
export interface Lookable {
  readonly descriptor: ActionDescriptor;
  readonly target: string;
  readonly readerRoleArn: string;
}

/**
 * Whether a target lies under a KMS key that `targetKeys` do not name, so that AWS would deny the call that a session is
 * made for. Whatever holds many targets is looked at once for all of them.
 *
 * What cannot be read does not refuse: not knowing widens nothing here, for the session has no use of any key that is not
 * named, whatever this says. It is remembered like an answer, or a reader that may not look would cost every action a call.
 * @param patience milliseconds
 */
export async function isUnderUnnamedKey(
  deps: IssueDeps,
  { descriptor, target, readerRoleArn }: Lookable,
  patience: number,
): Promise<boolean> {
  const { action, family, keyUse, readsHolder } = descriptor;
  if (keyUse === undefined || keyOf(target, deps.targetKeys) !== undefined) return false;
  const name = `${action} ${readsHolder?.holderOf(target) ?? target}`;
  const known = deps.memory.keyLooks.get(name);
  if (known !== undefined && deps.clock() < known.until) return known.isUnderKey;
  const isUnderKey = await seen(async () => {
    const credentials = await deps.readerCredentials(readerRoleArn, family);
    const settings = { ...targetPlace(deps), credentials, timeoutMilliseconds: patience };
    return keyUse.lookAt(target, settings);
  });
  remember(deps.memory, name, { isUnderKey, until: deps.clock() + BELIEVED });
  return isUnderKey;
}

async function seen(look: () => Promise<boolean>): Promise<boolean> {
  try {
    return await look();
  } catch (fault) {
    if (fault instanceof Fault) return false;
    throw fault;
  }
}

/** Keeps what was seen, and forgets the oldest when there is too much. */
function remember({ keyLooks }: Memory, name: string, look: KeyLook): void {
  keyLooks.delete(name);
  keyLooks.set(name, look);
  const [oldest] = keyLooks.keys();
  if (keyLooks.size > REMEMBERED && oldest !== undefined) keyLooks.delete(oldest);
}
