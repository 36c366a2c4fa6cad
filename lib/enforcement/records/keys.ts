import type { ReadContract } from "../../contract/contract.ts";
import type { TakenKey } from "../../evidence/ports.ts";
import {
  contractIdKey,
  contractIndexKey,
  executorKey,
  type RetryNames,
  retryKeys,
} from "../read/state-keys.ts";
import type { Grant } from "../stages/authority.ts";
import type { VerifiedRequest } from "../verified.ts";

/** Seconds that a retry key outlives its grant. */
const RETRY_MEMORY = 24 * 60 * 60;

type Granted = Pick<Grant, "identityId" | "expiresAt">;

/** The retry keys that a grant takes. */
export const takenRetryKeys = (
  { request: { claims }, executor }: Pick<VerifiedRequest, "request" | "executor">,
  grant: Granted,
): TakenKey[] => grantedKeys({ ...claims, executor }, grant);

/** The same by the names that its record says. */
export function grantedKeys(names: RetryNames, { identityId, expiresAt }: Granted): TakenKey[] {
  const ttl = Math.ceil(expiresAt / 1000) + RETRY_MEMORY;
  return retryKeys(names).map((key) => ({ ...key, value: identityId, ttl }));
}

/**
 * What the first grant under a chain takes: whose the last block's key is. Not the delegation, or anybody could name it
 * (PROTOCOL.md §8); `recorded` as State has it: taken by the same name it is not taken again.
 */
export const holderKeys = ({
  chain,
  recordedActor,
}: Pick<VerifiedRequest, "chain" | "recordedActor">): TakenKey[] => {
  if (chain === undefined) return [];
  const { cnf, agent } = chain.last.claims;
  return agent === recordedActor ? [] : [{ ...executorKey(cnf.jkt), value: agent }];
};

/** What a binding takes: where the contract is found by digest, its (`iss`, `jti`), and whose the executor's key is. */
export const bindingKeys = (chainId: string, contract: ReadContract): TakenKey[] => [
  { ...contractIndexKey(contract.digest), value: chainId },
  { ...contractIdKey(contract), value: contract.digest },
  { ...executorKey(contract.claims.cnf.jkt), value: contract.claims.actor.id },
];
