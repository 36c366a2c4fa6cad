import * as z from "zod";
import { toSeconds } from "../clock.ts";
import { canonicalize } from "../encoding/canonical-json.ts";
import type { Digest } from "../encoding/digest.ts";
import { jwkThumbprint, readPublicJwk } from "../encoding/jwk.ts";
import { type DigestSigner, type ReadJws, readJws, signJwsBy, verifyJws } from "../encoding/jws.ts";
import {
  action,
  arn,
  digest,
  label,
  numericDate,
  stepId,
  thumbprint,
  uuid,
} from "../encoding/members.ts";
import { present } from "../encoding/present.ts";
import { readBy } from "../encoding/schema.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { TrustPolicy } from "../trust/policy.ts";

const claims = z.strictObject({
  iss: label,
  aud: label,
  jti: uuid,
  iat: numericDate,
  nbf: numericDate,
  exp: numericDate,
  contractDigest: digest,
  chainDigest: digest.optional(),
  step: stepId,
  cnf: z.strictObject({ jkt: thumbprint }),
  adapter: z.string(),
  operationDigest: digest.optional(),
  intentId: uuid,
  scope: z.strictObject({ actions: z.array(action), resources: z.array(arn) }),
  constraints: z.record(z.string(), z.unknown()),
});

/** An identity handle (PROTOCOL.md §8): authority that stays with the trust plane, redeemed once by its key. */
export type HandleClaims = z.infer<typeof claims>;

/** A handle that was read strictly; its signature and its grant are not judged yet. */
export interface ReadHandle {
  readonly jws: ReadJws;
  readonly claims: HandleClaims;
  readonly digest: Digest;
}

/** What the records of a grant say, hence what its handle says. Times in RFC 3339. */
export interface HandleFacts {
  readonly identityId: string;
  readonly intentId: string;
  readonly contractDigest: Digest;
  /** Of the last block of the chain that it was granted under; absent: none. */
  readonly chainDigest?: Digest;
  readonly step: string;
  readonly executor: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly scope: { readonly actions: readonly string[]; readonly resources: readonly string[] };
  readonly constraints: Readonly<Record<string, unknown>>;
  readonly operationDigest?: Digest;
}

/** The name of the adapter for a step that leaves open which of several actions it will be. */
const ANY_ACTION = "aws";

/**
 * The claims of an identity's handle, from its grant alone: the same each time it is made, so that a handle that
 * says anything else is none of ours. `plane`: issuer and audience.
 */
export function handleClaims(plane: string, facts: HandleFacts): HandleClaims {
  const issuedAt = toSeconds(Date.parse(facts.issuedAt));
  const { actions, resources } = facts.scope;
  const [adapter = ANY_ACTION] = actions.length === 1 ? actions : [];
  return {
    iss: plane,
    aud: plane,
    jti: facts.identityId,
    iat: issuedAt,
    nbf: issuedAt,
    exp: toSeconds(Date.parse(facts.expiresAt)),
    contractDigest: facts.contractDigest,
    ...present({ chainDigest: facts.chainDigest }),
    step: facts.step,
    cnf: { jkt: facts.executor },
    adapter,
    ...present({ operationDigest: facts.operationDigest }),
    intentId: facts.intentId,
    scope: { actions: [...actions], resources: [...resources] },
    constraints: { ...facts.constraints },
  };
}

/** Signs a handle with the plane key. @throws {Fault} of the signer. */
export const signHandle = (handle: HandleClaims, planeSigner: DigestSigner): Promise<string> =>
  signJwsBy("vai-identity+jwt", handle, planeSigner);

/** Strict reading of a handle, stage `parse`. */
export function readHandle(compact: unknown): ReadHandle | Refusal {
  const jws = readJws(compact, "vai-identity+jwt");
  if (!jws.ok) {
    return refuse("REQUEST_MALFORMED", `the handle ${jws.detail}`, `/handle${jws.pointer}`);
  }
  const read = readBy(claims, jws.value.payload);
  if (!read.ok) {
    const where = `/handle${read.pointer}`;
    return refuse("REQUEST_MALFORMED", `${where} ${read.detail}`, where);
  }
  return { jws: jws.value, claims: read.value, digest: jws.value.digest };
}

/** Whether a handle is the one of this grant, member by member (OKG-14). */
export const isHandleOf = (handle: ReadHandle, plane: string, facts: HandleFacts): boolean =>
  canonicalize(handle.claims) === canonicalize(handleClaims(plane, facts));

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
