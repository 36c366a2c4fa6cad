import type { SignatureAlgorithm } from "../encoding/jwk.ts";

/** Names of the one algorithm of each key type (RFC 7518, RFC 8037, RFC 9864). */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  EC: ["ES256" satisfies SignatureAlgorithm],
  OKP: ["EdDSA" satisfies SignatureAlgorithm, "Ed25519"],
};

/** What a key's file may say besides the key (RFC 7517 §4, and `ext` of Web Cryptography), and whether it may say that. */
const SAYINGS: Readonly<
  Record<string, (value: unknown, jwk: Readonly<Record<string, unknown>>) => boolean>
> = {
  // Nothing here goes by it: a key is named by its thumbprint.
  kid: (value) => typeof value === "string",
  use: (value) => value === "sig",
  alg: (value, { kty }) => ALGORITHMS[String(kty)]?.includes(String(value)) === true,
  key_ops: (value, { d }) =>
    Array.isArray(value) && value.includes(d === undefined ? "verify" : "sign"),
  ext: (value) => typeof value === "boolean",
};

/**
 * A JWK as other tools write it, without what they say about it: a signed object holds the key's own members alone. What
 * it says must fit: a key for encryption is no signing key here.
 * @throws {TypeError} that names the member; it holds nothing of the key.
 */
export function keyMembers(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError("is not a JWK object");
  }
  const jwk = value as Readonly<Record<string, unknown>>;
  for (const [name, fits] of Object.entries(SAYINGS)) {
    if (Object.hasOwn(jwk, name) && !fits(jwk[name], jwk)) {
      throw new TypeError(
        `says ${name} ${JSON.stringify(jwk[name])}, which is not a signing key's`,
      );
    }
  }
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => !Object.hasOwn(SAYINGS, name)));
}
