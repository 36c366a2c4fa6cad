import type { Digest } from "../encoding/digest.ts";
import type { DelegateRequest } from "../request/request.ts";
import type { LaterClaims, ReadBlock } from "./block.ts";
import type { Executor } from "./statement.ts";

/** What the plane adds to what was asked for; `iat` in seconds. */
export interface LaterSeal {
  readonly jti: string;
  readonly iat: number;
  /** Whom the designation has come to. */
  readonly to: Executor;
  /** Compact JWS of people; none where the class asks for none. */
  readonly approvals: readonly string[];
}

/** The block that a delegate request asks for (PROTOCOL.md §8), continuing the one that it was asked from. */
export const laterClaims = (
  request: { readonly claims: DelegateRequest; readonly jws: { readonly compact: string } },
  parent: { readonly digest: Digest; readonly claims: Pick<ReadBlock["claims"], "depth" | "nbf"> },
  { jti, iat, to, approvals }: LaterSeal,
): LaterClaims => {
  const { claims } = request;
  return {
    ...{ iss: claims.aud, aud: claims.audience, jti, iat, nbf: parent.claims.nbf },
    contractDigest: claims.contractDigest,
    parent: parent.digest,
    depth: parent.claims.depth + 1,
    cnf: { jkt: to.jkt },
    agent: to.agent,
    authorization_details: claims.authorization_details,
    deliveries: claims.deliveries,
    exp: claims.exp,
    delegation: claims.delegation,
    retain: claims.retain,
    ...(approvals.length > 0 && { approvals: [...approvals] }),
    request: request.jws.compact,
  };
};
