import { present } from "../../encoding/present.ts";
import type { ChainProjection } from "../../enforcement/rebuild.ts";
import { headKey } from "./transaction.ts";

/** One item of State, as {@link appendItems} would have left it. */
type StateItem = Readonly<Record<string, unknown>> & { readonly pk: string; readonly sk: string };

/**
 * The items of State that a chain's projection stands in. To rebuild a lost table: stop every function (reserved
 * concurrency 0), project every chain of Evidence, put each item only if it is absent, and start the functions again.
 * Denials whose records were owed are gone with the table: order them again.
 */
export const projectedItems = ({ chainId, head, seen, keys }: ChainProjection): StateItem[] => [
  { ...headKey(chainId), ...head, ...seen },
  ...keys.map(({ pk, sk, value, ttl }) => ({ pk, sk, value, ...present({ ttl }) })),
];
