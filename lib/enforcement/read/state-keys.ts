import type { ReadContract } from "../../contract/contract.ts";
import type { Digest } from "../../encoding/digest.ts";
import type { ReadRequest } from "../../request/request.ts";

/** Names of items in State: where to look, and a second witness, never the truth. */
export interface StateKey {
  readonly pk: string;
  readonly sk: string;
}

/** Retry keys, scoped to executor, contract and use (PROTOCOL.md §4 stage 5): of the idempotency key, then of the jti. */
export function retryKeys({
  executor,
  contractDigest,
  use,
  idempotencyKey,
  jti,
}: RetryNames): StateKey[] {
  const pk = `retry#${executor}#${contractDigest}#${use}`;
  return [
    { pk, sk: `key#${idempotencyKey}` },
    { pk, sk: `jti#${jti}` },
  ];
}

/** What a request is known again by. */
export interface RetryNames
  extends Pick<ReadRequest["claims"], "contractDigest" | "use" | "idempotencyKey" | "jti"> {
  /** Thumbprint of its key. */
  readonly executor: string;
}

/** Where a bound contract is found by digest. */
export const contractIndexKey = (digest: Digest): StateKey => ({
  pk: `contract#${digest}`,
  sk: "chain",
});

/** Who holds a contract's (`iss`, `jti`), whatever the intent. */
export const contractIdKey = ({ claims }: ReadContract): StateKey => ({
  pk: `contract-id#${claims.iss}#${claims.jti}`,
  sk: "contract",
});

/** Whose an executor's key is: one actor's for ever, so that a halted one has no second name (PROTOCOL.md §10). */
export const executorKey = (thumbprint: string): StateKey => ({
  pk: `executor#${thumbprint}`,
  sk: "actor",
});

export const isExecutorKey = ({ pk }: StateKey): boolean => pk.startsWith("executor#");

export const isContractIdKey = ({ pk }: StateKey): boolean => pk.startsWith("contract-id#");
