import { digestBytes, sha256Digest } from "./digest.ts";
import { isGoodEd25519Point } from "./ed25519.ts";
import { fromBase64url, importKey, type PlatformKey, toBase64url } from "./platform.ts";

/** A public key as it may appear in a signed object: exactly these members (PROTOCOL.md §1). */
export type PublicJwk =
  | { readonly kty: "EC"; readonly crv: "P-256"; readonly x: string; readonly y: string }
  | { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string };

export type SignatureAlgorithm = "ES256" | "EdDSA";

/** The one algorithm that a key implies; a header's `alg` decides nothing (POC-12). */
const algorithmOf = (jwk: PublicJwk): SignatureAlgorithm => (jwk.kty === "EC" ? "ES256" : "EdDSA");

/** RFC 7638 SHA-256 thumbprint, base64url. */
export function jwkThumbprint(jwk: PublicJwk): string {
  const members =
    jwk.kty === "EC"
      ? `{"crv":"${jwk.crv}","kty":"EC","x":"${jwk.x}","y":"${jwk.y}"}`
      : `{"crv":"${jwk.crv}","kty":"OKP","x":"${jwk.x}"}`;
  return toBase64url(digestBytes(sha256Digest(members)));
}

/** A public key that was judged good, ready to verify with. */
export interface VerificationKey {
  readonly jwk: PublicJwk;
  readonly thumbprint: string;
  readonly algorithm: SignatureAlgorithm;
  readonly handle: PlatformKey;
}

const CACHED_KEYS = 512;
const cache = new Map<string, VerificationKey>();

/**
 * Judges a value as a public JWK: exact members, 32-byte canonical coordinates, on the curve, not of small
 * order. Anything else would give one key two thumbprints, or make any signature good.
 * @returns the key, or what is wrong with it.
 */
export function readPublicJwk(value: unknown): VerificationKey | string {
  if (typeof value !== "object" || value === null) return "is not a JWK object";
  const { kty, crv, x, y } = value as Record<string, unknown>;
  // Before anything is looked up: a list of one text would read like that text.
  if (![kty, crv, x, y ?? ""].every((each) => typeof each === "string")) {
    return "has a member that is missing or no text";
  }
  const name = `${kty}.${crv}.${x}.${y}`;
  const known = cache.get(name);
  if (known !== undefined && Object.keys(value).length === Object.keys(known.jwk).length)
    return known;
  const members = Object.keys(value).sort().join(" ");
  const expected = kty === "EC" ? "crv kty x y" : "crv kty x";
  if (members !== expected) {
    return `has members "${members}"; a public JWK has exactly "${expected}"`;
  }
  const abscissa = coordinate(x);
  if (abscissa === undefined || (kty === "EC" && coordinate(y) === undefined)) {
    return "has a coordinate that is not 32 bytes in canonical base64url";
  }
  const key = buildKey(value as PublicJwk, abscissa);
  if (typeof key !== "string") remember(name, key);
  return key;
}

const coordinate = (value: unknown): Uint8Array | undefined => {
  const bytes = typeof value === "string" ? fromBase64url(value) : undefined;
  return bytes?.length === 32 ? bytes : undefined;
};

function buildKey(jwk: PublicJwk, x: Uint8Array): VerificationKey | string {
  const curve = `${jwk.kty}/${jwk.crv}`;
  if (curve !== "EC/P-256" && curve !== "OKP/Ed25519")
    return `has curve ${curve}; use P-256 or Ed25519`;
  if (jwk.kty === "OKP" && !isGoodEd25519Point(x)) {
    return "is not a point of the curve, or one of small order";
  }
  const plain: PublicJwk =
    jwk.kty === "EC"
      ? { kty: "EC", crv: "P-256", x: jwk.x, y: jwk.y }
      : { kty: "OKP", crv: "Ed25519", x: jwk.x };
  const handle = importKey(plain);
  if (handle === undefined) return "is not a point of the curve";
  const thumbprint = jwkThumbprint(plain);
  return { jwk: plain, thumbprint, algorithm: algorithmOf(plain), handle };
}

function remember(name: string, key: VerificationKey): void {
  const oldest = cache.keys().next();
  if (cache.size >= CACHED_KEYS && oldest.done !== true) cache.delete(oldest.value);
  cache.set(name, key);
}
