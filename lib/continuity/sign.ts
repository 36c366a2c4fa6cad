import type { Digest } from "../encoding/digest.ts";
import type { PublicJwk } from "../encoding/jwk.ts";
import { type DigestSigner, jwsDigestBy, signJwsBy } from "../encoding/jws.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import type { BlockClaims } from "./block.ts";
import { planeKey } from "./signatures.ts";

/**
 * A block as compact JWS, signed by the plane's key, which it carries.
 * @param policy - as published; it has the public half of whatever key signs.
 * @throws {TypeError} when it does not: nobody would believe the block. And what the signer throws.
 */
export async function signBlock(
  claims: BlockClaims,
  signer: DigestSigner,
  policy: Pick<TrustPolicy, "planeKeys">,
): Promise<string> {
  return signJwsBy("vai-block+jwt", claims, signer, await ownKey(signer, policy));
}

async function ownKey(
  signer: DigestSigner,
  policy: Pick<TrustPolicy, "planeKeys">,
): Promise<PublicJwk> {
  const key = planeKey(policy, await signer.keyid());
  if (key === undefined) throw new TypeError("the trust policy does not have the key that signs");
  return key.verify.jwk;
}

/** The digest that a block will have which {@link signBlock} signs: what continues it can be signed beside it. */
export async function blockDigest(
  claims: BlockClaims,
  signer: DigestSigner,
  policy: Pick<TrustPolicy, "planeKeys">,
): Promise<Digest> {
  return jwsDigestBy("vai-block+jwt", claims, signer, await ownKey(signer, policy));
}
