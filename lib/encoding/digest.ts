import { sha256Hex } from "./platform.ts";

/** `sha256:` and 64 lower-case hex digits (PROTOCOL.md). */
export type Digest = `sha256:${string}`;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (value: unknown): value is Digest =>
  typeof value === "string" && DIGEST.test(value);

/** SHA-256 of bytes, or of the UTF-8 bytes of a string. */
export const sha256Digest = (bytes: Uint8Array | string): Digest => `sha256:${sha256Hex(bytes)}`;

/** The 32 bytes that a digest names. */
export function digestBytes(digest: Digest): Uint8Array {
  const start = "sha256:".length;
  return Uint8Array.from({ length: 32 }, (_, index) =>
    Number.parseInt(digest.slice(start + 2 * index, start + 2 * index + 2), 16),
  );
}
