import { hash } from "node:crypto";

/** `sha256:` and 64 lower-case hex digits (wire.md). */
export type Digest = `sha256:${string}`;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (value: unknown): value is Digest =>
  typeof value === "string" && DIGEST.test(value);

/** SHA-256 of bytes, or of the UTF-8 bytes of a string. */
export const sha256Digest = (bytes: Uint8Array | string): Digest =>
  `sha256:${hash("sha256", bytes as Uint8Array, "hex")}`;

/** The 32 bytes that a digest names. */
export const digestBytes = (digest: Digest): Buffer => Buffer.from(digest.slice(7), "hex");
