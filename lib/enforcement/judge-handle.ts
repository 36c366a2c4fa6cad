import type { PlaneId } from "../config.ts";
import type { ReadContract } from "../contract/contract.ts";
import { jwkThumbprint, readPublicJwk } from "../encoding/jwk.ts";
import { verifyJws } from "../encoding/jws.ts";
import type { IdentityView } from "../evidence/fold.ts";
import { isHandleOf, type ReadHandle } from "../issuance/handle.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import type { NamedCheck } from "./course.ts";
import type { ExecuteEvent } from "./event.ts";
import type { Intent } from "./intent.ts";

/** Names of the checks of a handle in stage `executor`, in order. */
export const HANDLE_CHECK_NAMES = ["handleHolder", "handleSignature", "handleGrant"];

/** The handle is whole, ours, its key's, and the very one of a grant on the intent's chain (wire.md §8). */
export function handleChecks(
  { handle, request }: ExecuteEvent,
  contract: ReadContract,
  executor: string,
  intent: Intent,
  policy: TrustPolicy,
  plane: PlaneId,
): NamedCheck[] {
  return [
    ["handleHolder", () => judgeHolder(handle, executor)],
    ["handleSignature", () => judgeHandleSignature(handle, policy)],
    [
      "handleGrant",
      () => judgeGrant(handle, request.claims.handleDigest, contract, intent, plane.id),
    ],
  ];
}

/** A stolen handle is worth nothing without the key that it was issued to. */
const judgeHolder = ({ claims }: ReadHandle, executor: string): Refusal | undefined =>
  claims.cnf.jkt === executor
    ? undefined
    : refuse("EXECUTOR_MISMATCH", "the handle was issued to another key", "/handle/cnf/jkt");

/**
 * Signed by a plane key that had not ended when the grant was made and is not revoked now. When the key began does
 * not matter: a handle that is made again after a rotation keeps its claims, and the chain vouches for those.
 */
export function judgeHandleSignature(
  { claims, jws }: ReadHandle,
  policy: TrustPolicy,
): Refusal | undefined {
  const listed = policy.planeKeys.find(
    ({ use, key, notAfter, revokedAt }) =>
      use === "plane" &&
      revokedAt === undefined &&
      claims.iat < (notAfter ?? Number.POSITIVE_INFINITY) &&
      jwkThumbprint(key) === jws.header.kid,
  );
  const key = listed && readPublicJwk(listed.key);
  return key !== undefined && typeof key !== "string" && verifyJws(jws, key)
    ? undefined
    : refuse(
        "IDENTITY_SIGNATURE_INVALID",
        "the handle is not signed by a plane key of the trust policy",
        "/handle",
      );
}

/**
 * The grant of a handle on the intent's chain. The chain is the truth: a handle that says anything else than its
 * grant, or has none, was never issued, whoever signed it (ADV-67, OKG-14).
 */
function judgeGrant(
  handle: ReadHandle,
  named: string,
  contract: ReadContract,
  intent: Intent,
  plane: string,
): Refusal | undefined {
  const unknown = (why: string, where: string): Refusal => refuse("IDENTITY_UNKNOWN", why, where);
  if (named !== handle.digest) {
    return unknown("the request was signed for another handle", "/request/handleDigest");
  }
  const identity = intent.state.identities.get(handle.claims.jti);
  const isIssued =
    identity?.delivery === "handle" &&
    identity.contractDigest === contract.digest &&
    isHandleOf(handle, plane, { ...identity, intentId: contract.claims.intent.id });
  return isIssued ? undefined : unknown("the intent's chain has no such grant", "/handle");
}

/** The grant that a judged handle is of. */
export function grantOf({ state }: Intent, { claims }: ReadHandle): IdentityView {
  const identity = state.identities.get(claims.jti);
  if (identity === undefined) throw new TypeError("the handle was judged, so its grant is known");
  return identity;
}
