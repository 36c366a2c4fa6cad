import type { TakenKey } from "../../evidence/ports.ts";
import type { Intent } from "../read/intent.ts";
import { contractIdKey, contractIndexKey, executorKey, retryKeys } from "../read/state-keys.ts";
import type { Grant } from "../stages/authority.ts";
import type { VerifiedRequest } from "../verified.ts";

/** Seconds that a retry key outlives its grant. */
const RETRY_MEMORY = 24 * 60 * 60;

/** The retry keys that a grant takes. */
export function takenRetryKeys(
  { request, executor }: Pick<VerifiedRequest, "request" | "executor">,
  { identityId, expiresAt }: Pick<Grant, "identityId" | "expiresAt">,
): TakenKey[] {
  const ttl = Math.ceil(expiresAt / 1000) + RETRY_MEMORY;
  return retryKeys(request, executor).map((key) => ({ ...key, value: identityId, ttl }));
}

/** What a binding takes: where the contract is found by digest, its (`iss`, `jti`), and whose the executor's key is. */
export const bindingKeys = (
  { chainId }: Intent,
  { contract }: Pick<VerifiedRequest, "contract">,
): TakenKey[] => [
  { ...contractIndexKey(contract.digest), value: chainId },
  { ...contractIdKey(contract), value: contract.digest },
  { ...executorKey(contract.claims.cnf.jkt), value: contract.claims.actor.id },
];
