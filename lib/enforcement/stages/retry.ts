import type { ReadContract } from "../../contract/contract.ts";
import type { RequestNames } from "../../evidence/details.ts";
import type { IdentityView, IntentState } from "../../evidence/intent-state.ts";
import { isRefusal, type Refusal, refuse } from "../../refusal.ts";
import { type ReadRequest, requestContentDigest } from "../../request/request.ts";
import type { Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import { stage } from "../stage.ts";

interface Asked {
  readonly contract: ReadContract;
  readonly request: ReadRequest;
  readonly executor: string;
  readonly intent: Intent;
}

/**
 * Stage `retry` (PROTOCOL.md §4): keys are taken by grants alone, scoped to executor, contract and use, and what
 * the verified chain says settles them. The same content is the same grant (VAI-64); other content under a
 * taken key is an attack or a bug (VAI-65, VAI-67).
 */
export const RETRY = stage<Asked, Judgement>("retry").take("retry", (asked) => {
  const found = grantedBefore(asked, asked.intent.state);
  return isRefusal(found) ? found : { repeated: found };
});

function grantedBefore(
  { contract, request, executor }: Asked,
  state: IntentState,
): IdentityView | Refusal | undefined {
  const { use } = request.claims;
  const taken = [...state.identities.values()]
    .filter((each) => each.executor === executor && each.contractDigest === contract.digest)
    // A rollback has the request of what it undoes: no key was taken by it, under no use.
    .filter(({ rollbackOf }) => rollbackOf === undefined)
    .map((identity) => ({
      value: identity,
      names: use === "issue" ? identity : identity.redemption,
    }));
  return repeatedIn(taken, request);
}

/** What was granted to a request, by the names that its records say. */
export interface TakenNames<T> {
  readonly value: T;
  readonly names: Partial<RequestNames> | undefined;
}

/** What the same request was granted before, of what was granted to its key under its contract and use. */
export function repeatedIn<T>(
  taken: readonly TakenNames<T>[],
  { claims }: ReadRequest,
): T | Refusal | undefined {
  const { jti, idempotencyKey } = claims;
  const content = requestContentDigest(claims);
  const sameNonce = taken.find(({ names }) => names?.requestJti === jti);
  if (sameNonce !== undefined && sameNonce.names?.contentDigest !== content) {
    return refuse("NONCE_REPLAYED", "this jti was used for another request", "/request/jti");
  }
  const sameKey = taken.find(({ names }) => names?.idempotencyKey === idempotencyKey);
  if (sameKey !== undefined && sameKey.names?.contentDigest !== content) {
    return refuse(
      "IDEMPOTENCY_CONFLICT",
      "this key was used for another request",
      "/request/idempotencyKey",
    );
  }
  return (sameNonce ?? sameKey)?.value;
}
