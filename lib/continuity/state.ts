import { toInstant } from "../clock.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { placeOf } from "./block.ts";
import type { Chain } from "./chain.ts";
import { planeKey } from "./signatures.ts";

/**
 * Stage `state`: whether a key that signed a block is revoked now, whenever it signed; by the trust policy or by people
 * (POC-36).
 */
export function judgeSigningKeys(
  { blocks }: Chain,
  published: Pick<TrustPolicy, "planeKeys">,
  revoked: ReadonlySet<string>,
): Refusal | undefined {
  const ended = blocks.find(
    ({ jws: { header } }) =>
      revoked.has(header.kid) || planeKey(published, header.kid)?.revokedAt !== undefined,
  );
  return (
    ended &&
    refuse("CHAIN_ROOT_REVOKED", "the key that signed it is revoked", placeOf(ended.claims.depth))
  );
}

/** Stage `state`, after the contract's window: every block's. `now` in seconds (POC-A24). */
export function judgeBlockWindows({ blocks }: Chain, now: number): Refusal | undefined {
  const over = blocks.find(({ claims }) => now >= claims.exp);
  return (
    over &&
    refuse(
      "CHAIN_EXPIRED",
      `the block ended at ${toInstant(over.claims.exp * 1000)}`,
      `${placeOf(over.claims.depth)}/exp`,
    )
  );
}
