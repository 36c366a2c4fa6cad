import { type PublicJwk, readPublicJwk, type VerificationKey } from "../encoding/jwk.ts";

/** A key that signed evidence, and when it might; seconds since the epoch, as trust policies say it (PROTOCOL.md §6). */
export interface EvidenceKey {
  readonly key: PublicJwk;
  readonly notBefore: number;
  readonly notAfter?: number | undefined;
  readonly revokedAt?: number | undefined;
}

interface KnownKey {
  readonly key: VerificationKey;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly revokedAt: number;
}

export type VerifierKeys = ReadonlyMap<string, KnownKey>;

/**
 * Evidence keys by thumbprint. A key named several times, by one trust policy after another, is good only while all of
 * them say so: the latest beginning, the earliest end, and a revocation anywhere counts.
 * @throws {TypeError} when a value is no P-256 public JWK: the caller's mistake, not a defect of evidence.
 */
export function evidenceKeys(keys: Iterable<PublicJwk | EvidenceKey>): VerifierKeys {
  const known = new Map<string, KnownKey>();
  for (const each of keys) {
    const {
      key: jwk,
      notBefore,
      notAfter = Infinity,
      revokedAt = Infinity,
    } = "key" in each ? each : { key: each, notBefore: 0 };
    const key = readPublicJwk(jwk);
    if (typeof key === "string") throw new TypeError(`an evidence key ${key}`);
    if (key.algorithm !== "ES256") throw new TypeError("an evidence key is not a P-256 key");
    const before = known.get(key.thumbprint);
    known.set(key.thumbprint, {
      key,
      notBefore: Math.max(notBefore, before?.notBefore ?? 0),
      notAfter: Math.min(notAfter, before?.notAfter ?? Infinity),
      revokedAt: Math.min(revokedAt, before?.revokedAt ?? Infinity),
    });
  }
  return known;
}
