import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes } from "@noble/hashes/utils.js";
import { derToRaw } from "../../../lib/encoding/ecdsa.ts";
import type * as node from "../../../lib/encoding/platform.ts";

/**
 * What lib/encoding/platform.ts says on Node, said in a browser: a bundle puts this file in the place of that one.
 * Nothing but the web's own base64 and UTF-8, and the pure curves and hashes of noble.
 */

type PlatformKey = node.PlatformKey;
type EdwardsPoint = ReturnType<typeof ed25519.Point.fromBytes>;
type Inside =
  | { readonly p256: Uint8Array }
  | { readonly ed25519: EdwardsPoint; readonly encoded: Uint8Array };

const inside = (key: PlatformKey): Inside => key as unknown as Inside;

export const sha256Hex: typeof node.sha256Hex = (input) =>
  bytesToHex(sha256(typeof input === "string" ? utf8Bytes(input) : input));

export const importKey: typeof node.importKey = ({ kty, x, y = "" }) => {
  try {
    return judged(kty, known(x), known(y)) as unknown as PlatformKey;
  } catch {
    return undefined;
  }
};

function judged(kty: "EC" | "OKP", x: Uint8Array, y: Uint8Array): Inside {
  if (kty === "OKP") return { ed25519: ed25519.Point.fromBytes(x), encoded: x };
  const point = concatBytes(Uint8Array.of(4), x, y);
  p256.Point.fromBytes(point).assertValidity();
  return { p256: point };
}

const known = (text: string): Uint8Array => fromBase64url(text) ?? new Uint8Array();

export const verifyP256: typeof node.verifyP256 = (key, message, der) => {
  const own = inside(key);
  // The project's own reading of DER: it refuses all but the shortest, as OpenSSL does.
  const raw = derToRaw(der);
  return "p256" in own && raw !== undefined && p256.verify(raw, message, own.p256, HIGH_S_TOO);
};

const HIGH_S_TOO = { lowS: false, prehash: true, format: "compact" } as const;

export const verifyP256Meanwhile: typeof node.verifyP256Meanwhile = async (key, message, der) =>
  verifyP256(key, message, der);

/** By hand: noble multiplies by the cofactor, which OpenSSL does not, so it would accept what Node refuses. */
export const verifyEd25519: typeof node.verifyEd25519 = (key, message, signature) => {
  const own = inside(key);
  if (!("ed25519" in own) || signature.length !== 64) return false;
  const [r, s] = [signature.subarray(0, 32), littleEndian(signature.subarray(32))];
  const { Point } = ed25519;
  const order = Point.Fn.ORDER;
  if (s >= order) return false;
  const hashed = sha512(concatBytes(r, own.encoded, message));
  const k = littleEndian(hashed) % order;
  const expected = Point.BASE.multiplyUnsafe(s).subtract(own.ed25519.multiplyUnsafe(k));
  return expected.toBytes().every((byte, index) => byte === r[index]);
};

const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

export const utf8Bytes: typeof node.utf8Bytes = (text) => new TextEncoder().encode(text);

export const utf8Text: typeof node.utf8Text = (bytes) => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

export const toBase64: typeof node.toBase64 = (bytes) => {
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
};

export const toBase64url: typeof node.toBase64url = (bytes) =>
  toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export const fromBase64: typeof node.fromBase64 = (text) => decoded(text, toBase64);

export const fromBase64url: typeof node.fromBase64url = (text) => decoded(text, toBase64url);

/** The web reads base64 leniently as well: what is not written so again was another text. */
function decoded(text: string, encode: (bytes: Uint8Array) => string): Uint8Array | undefined {
  try {
    const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    return encode(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}
