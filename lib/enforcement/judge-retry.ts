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
  const { jti, idempotencyKey } = request.claims;
  const grants = [...state.identities.values()].filter(
    (each) => each.executor === executor && each.contractDigest === contract,
  );
  const content = requestContentDigest(request.claims);
  const sameNonce = grants.find(({ requestJti }) => requestJti === jti);
  if (sameNonce !== undefined && sameNonce.contentDigest !== content) {
    return refuse("NONCE_REPLAYED", "this jti was used for another request", "/request/jti");
  }
  const sameKey = grants.find((each) => each.idempotencyKey === idempotencyKey);
  if (sameKey !== undefined && sameKey.contentDigest !== content) {
    return refuse(
      "IDEMPOTENCY_CONFLICT",
      "this key was used for another request",
      "/request/idempotencyKey",
    );
  }
  return sameNonce ?? sameKey;
}
