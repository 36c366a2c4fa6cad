import canonicalizeJson from "canonicalize";
import { type Digest, sha256Digest } from "./digest.ts";

/**
 * RFC 8785 (JCS) text of a JSON value.
 * @throws {TypeError} for what JSON cannot say: `undefined`, functions, NaN, infinities, lone surrogates.
 */
export function canonicalize(value: unknown): string {
  let text: string | undefined;
  try {
    text = canonicalizeJson(value);
  } catch (error) {
    throw new TypeError("not a JSON value", { cause: error });
  }
  if (text === undefined) throw new TypeError("not a JSON value");
  return text;
}

/** Digest of a JSON document: SHA-256 over its JCS bytes (PROTOCOL.md). */
export const documentDigest = (value: unknown): Digest => sha256Digest(canonicalize(value));
