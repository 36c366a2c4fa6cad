import type { ReadRequest } from "../continuity/request.ts";
import { requestContentDigest } from "../continuity/request.ts";
import type { Digest } from "../encoding/digest.ts";
import type { IdentityView, IntentState } from "../evidence/fold.ts";
import { type Refusal, refuse } from "../refusal.ts";

/**
 * Stage `retry` (wire.md §4): keys are taken by grants alone, scoped to executor, contract and use, and what
 * the verified chain says settles them. The same content is the same grant (VAI-64); other content under a
 * taken key is an attack or a bug (VAI-65, VAI-67).
 */
export function judgeRetry(
  state: IntentState,
  request: ReadRequest,
  executor: string,
  contract: Digest,
): IdentityView | Refusal | undefined {
  const { jti, idempotencyKey, use } = request.claims;
  const taken = [...state.identities.values()]
    .filter((each) => each.executor === executor && each.contractDigest === contract)
    .map((identity) => ({ identity, names: use === "issue" ? identity : identity.redemption }));
  const content = requestContentDigest(request.claims);
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
  return (sameNonce ?? sameKey)?.identity;
}
