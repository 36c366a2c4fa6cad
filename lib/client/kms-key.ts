import type { ClientPlace } from "../aws/ports/clients.ts";
import { digestBytes, sha256Digest } from "../encoding/digest.ts";
import { derToRaw } from "../encoding/ecdsa.ts";
import type { PublicJwk } from "../encoding/jwk.ts";
import type { DigestSigner, KeyPort } from "../encoding/jws.ts";

/**
 * A key in KMS (`ECC_NIST_P256`, `SIGN_VERIFY`), which never leaves it: `kms:GetPublicKey` once, `kms:Sign` for each
 * request. The AWS SDK is loaded when it is asked for.
 * @throws {Fault} `EVIDENCE_SIGNER_UNAVAILABLE`, as its `sign` does.
 */
export async function kmsKey(place: ClientPlace, keyId: string): Promise<KeyPort> {
  const { kmsPublicJwk, kmsSigner } = await import("../aws/people/plane-access.ts");
  return keyOfSigner(await kmsPublicJwk(place, keyId), kmsSigner(place, keyId));
}

/** A key whose holder signs digests and answers with DER. */
export const keyOfSigner = (jwk: PublicJwk, signer: Pick<DigestSigner, "sign">): KeyPort => ({
  jwk,
  sign: async (input) => {
    const signature = derToRaw(await signer.sign(digestBytes(sha256Digest(input))));
    if (signature === undefined) throw new TypeError("the signer gave no DER signature");
    return signature;
  },
});
