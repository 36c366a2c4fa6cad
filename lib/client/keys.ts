import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { type PublicJwk, readPublicJwk, type SignatureAlgorithm } from "../encoding/jwk.ts";
import type { SigningKey } from "../encoding/jws.ts";
import { keyMembers } from "./key-members.ts";

/** A private key as its file holds it: the public members and `d` (RFC 7517, RFC 8037). */
export type PrivateJwk = PublicJwk & { readonly d: string };

/** A new private key; ES256 (P-256) unless another algorithm is asked for. */
export function newPrivateJwk(algorithm: SignatureAlgorithm = "ES256"): PrivateJwk {
  const { privateKey } =
    algorithm === "ES256"
      ? generateKeyPairSync("ec", { namedCurve: "P-256" })
      : generateKeyPairSync("ed25519");
  return exported(privateKey);
}

function exported(privateKey: KeyObject): PrivateJwk {
  const { kty, crv, x, y, d } = privateKey.export({ format: "jwk" });
  return (kty === "EC" ? { kty, crv, x, y, d } : { kty, crv, x, d }) as PrivateJwk;
}

/** A key of this process, which may also write itself into its file. */
export interface HeldKey extends SigningKey {
  readonly privateKey: KeyObject;
}

/**
 * A key to sign with, from a private JWK.
 * @throws {TypeError} when the value is not a private P-256 or Ed25519 JWK; the message holds nothing of the key.
 */
export function signingKey(value: unknown): HeldKey {
  const { d, ...publicPart } = keyMembers(value);
  const key = readPublicJwk(publicPart);
  if (typeof key === "string") throw new TypeError(`has a public part that ${key}`);
  if (typeof d !== "string") throw new TypeError("has no private part d");
  try {
    const privateKey = createPrivateKey({ key: { ...key.jwk, d }, format: "jwk" });
    requirePair(privateKey, key.jwk, key.algorithm);
    return {
      jwk: key.jwk,
      thumbprint: key.thumbprint,
      privateKey,
      sign: (input) => signedBy(privateKey, key.algorithm, input),
    };
  } catch {
    throw new TypeError("has a private part d that is not good");
  }
}

/** OpenSSL takes the two halves of a JWK as they are: of two keys they would sign what nobody can verify. */
function requirePair(key: KeyObject, jwk: PublicJwk, algorithm: SignatureAlgorithm): void {
  const probe = new Uint8Array(1);
  const publicKey = createPublicKey({ key: { ...jwk }, format: "jwk" });
  const dsaEncoding = "ieee-p1363";
  const digest = algorithm === "EdDSA" ? null : "sha256";
  if (!verify(digest, probe, { key: publicKey, dsaEncoding }, signedBy(key, algorithm, probe))) {
    throw new TypeError("the halves are of two keys");
  }
}

const signedBy = (key: KeyObject, algorithm: SignatureAlgorithm, input: Uint8Array): Uint8Array =>
  algorithm === "EdDSA"
    ? sign(null, input, key)
    : sign("sha256", input, { key, dsaEncoding: "ieee-p1363" });
