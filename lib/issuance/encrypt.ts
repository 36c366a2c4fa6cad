import { jwkThumbprint, type PublicJwk } from "../encoding/jwk.ts";

/** Loads what encrypts, when credentials are delivered. */
const loadEncryption = (): Promise<typeof import("./jwe.ts")> => import("./jwe.ts");

/** Direct key agreement, so that nothing but the recipient's key opens it; no key of the plane takes part. */
const ALGORITHMS = { alg: "ECDH-ES", enc: "A256GCM" } as const;

/** What delivery `credentials` hands out (PROTOCOL.md §4); `expiration` in RFC 3339: when STS or the contract ends it, whichever is earlier. */
export interface PlainCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: string;
}

/**
 * Encrypts a session to the ephemeral key of the signed request: a compact JWE (RFC 7516) with `alg` ECDH-ES
 * (RFC 7518 §4.6, a new ephemeral key each time), `enc` A256GCM, and as `kid` the thumbprint of `deliverTo`, so that
 * a caller with several requests under way knows which key opens it. Only this text leaves the trust plane (VAI-44).
 * @param deliverTo a key that `lib/encoding/jwk.ts` has judged: on its curve, canonical.
 * @throws {TypeError} when the key is not on P-256; ECDH-ES over an Ed25519 key does not exist.
 */
export async function encryptCredentials(
  deliverTo: PublicJwk,
  { accessKeyId, secretAccessKey, sessionToken, expiration }: PlainCredentials,
): Promise<string> {
  if (deliverTo.kty !== "EC") throw new TypeError("deliverTo is not a P-256 key");
  const plaintext = JSON.stringify({ accessKeyId, secretAccessKey, sessionToken, expiration });
  const { CompactEncrypt } = await loadEncryption();
  return new CompactEncrypt(Buffer.from(plaintext))
    .setProtectedHeader({ ...ALGORITHMS, kid: jwkThumbprint(deliverTo) })
    .encrypt({ ...deliverTo });
}
