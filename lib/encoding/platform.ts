import { isUtf8 } from "node:buffer";
import { createPublicKey, hash, type KeyObject, verify } from "node:crypto";

/**
 * All that `lib/encoding` and `lib/audit` ask of the machine that they run on: SHA-256, verification, base64 and UTF-8.
 * This file asks Node. A bundle for a browser puts one other file in its place that says the same of every input
 * (test/audit/browser/platform.ts), so each of these is strict here, where it can be compared, and not where it is
 * used. Nothing here signs: whoever holds a private key signs with it (`SigningKey`), and a verifier holds none.
 */

declare const INSIDE: unique symbol;

/** A public key, ready to verify with. Only the platform looks inside. */
export interface PlatformKey {
  readonly [INSIDE]: "a key of this platform";
}

/** Members of a public JWK on P-256 (`EC`) or Ed25519 (`OKP`), each coordinate 32 bytes in canonical base64url. */
export interface KeyMembers {
  readonly kty: "EC" | "OKP";
  readonly crv: "P-256" | "Ed25519";
  readonly x: string;
  readonly y?: string;
}

/** SHA-256 of bytes, or of the UTF-8 bytes of a string ({@link utf8Bytes}), in lower-case hex. */
export const sha256Hex = (input: Uint8Array | string): string => hash("sha256", input, "hex");

/** `undefined` for a P-256 point that is off the curve; of Ed25519, `ed25519.ts` judges the point. */
export function importKey(members: KeyMembers): PlatformKey | undefined {
  try {
    return createPublicKey({ key: { ...members }, format: "jwk" }) as unknown as PlatformKey;
  } catch {
    return undefined;
  }
}

const inside = (key: PlatformKey): KeyObject => key as unknown as KeyObject;

/**
 * ECDSA over SHA-256 (FIPS 186-5) on P-256. The signature is DER and nothing but the shortest DER of r and s, both in
 * 1 to n − 1; a high s is as good as a low one.
 */
export const verifyP256 = (key: PlatformKey, message: Uint8Array, der: Uint8Array): boolean =>
  verify("sha256", message, inside(key), der);

/** The same beside other work, on a thread of libuv. Never throws. */
export const verifyP256Meanwhile = (
  key: PlatformKey,
  message: Uint8Array,
  der: Uint8Array,
): Promise<boolean> =>
  new Promise((resolve) => {
    verify("sha256", message, inside(key), der, (error, isGood) =>
      resolve(error === null && isGood),
    );
  });

/**
 * Ed25519 (RFC 8032 §5.1.7) as OpenSSL judges it, without the cofactor: 64 bytes, S below the order of the group, and
 * R the very encoding of [S]B − [k]A.
 */
export const verifyEd25519 = (
  key: PlatformKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean => signature.length === 64 && verify(null, message, inside(key), signature);

/** UTF-8 of a text; of a lone surrogate, that of U+FFFD. */
export const utf8Bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");

/** The text of well-formed UTF-8, a byte order mark included; `undefined` for any other bytes. */
export const utf8Text = (bytes: Uint8Array): string | undefined =>
  isUtf8(bytes) ? bufferOf(bytes).toString("utf8") : undefined;

/** Padded base64 (RFC 4648 §4). */
export const toBase64 = (bytes: Uint8Array): string => bufferOf(bytes).toString("base64");

/** Unpadded base64url (RFC 4648 §5). */
export const toBase64url = (bytes: Uint8Array): string => bufferOf(bytes).toString("base64url");

/**
 * Bytes of a text in {@link toBase64}'s form; `undefined` when it is not the one canonical encoding of them: encoding
 * again and comparing refuses white space, lost or added padding and altered unused bits, so that no two texts are one
 * token.
 */
export const fromBase64 = (text: string): Uint8Array | undefined => decoded(text, "base64");

/** The same of {@link toBase64url}'s form. */
export const fromBase64url = (text: string): Uint8Array | undefined => decoded(text, "base64url");

function decoded(text: string, form: "base64" | "base64url"): Uint8Array | undefined {
  const bytes = Buffer.from(text, form);
  return bytes.toString(form) === text ? bytes : undefined;
}

/** The same bytes, not a copy. */
const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
