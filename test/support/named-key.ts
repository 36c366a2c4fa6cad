import { createECDH, createHash, createPrivateKey } from "node:crypto";
import type { PrivateJwk } from "../../lib/client/keys.ts";
import type { SignatureAlgorithm } from "../../lib/encoding/jwk.ts";

/** PKCS #8 of an Ed25519 key, up to its 32 secret bytes (RFC 8410). */
const ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * A private key that follows from its name: the same in every run, so that digests of what names it can stand in a
 * file. Worth nothing outside tests: whoever reads this can make it.
 */
export function namedPrivateJwk(name: string, algorithm: SignatureAlgorithm): PrivateJwk {
  const secret = createHash("sha256").update(`vai test key ${name}`).digest();
  if (algorithm === "EdDSA") {
    const der = Buffer.concat([ED25519, secret]);
    const { kty, crv, x, d } = createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({
      format: "jwk",
    });
    return { kty, crv, x, d } as PrivateJwk;
  }
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(secret);
  const point = ecdh.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) =>
    part.toString("base64url"),
  );
  return { kty: "EC", crv: "P-256", x, y, d: secret.toString("base64url") } as PrivateJwk;
}
