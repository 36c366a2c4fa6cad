import { sha256Digest } from "../encoding/digest.ts";

/**
 * What evidence may hold of a sensitive value: its digest and its length in UTF-8 bytes, enough to
 * compare (PROTOCOL.md §5).
 */
export const fingerprint = (text: string) => ({
  digest: sha256Digest(text),
  bytes: Buffer.byteLength(text),
});

/** Why a text is not one that a service stores unchanged within its limit, or nothing. */
export function textProblem(text: string, maxBytes: number): string | undefined {
  // A lone surrogate would be replaced on the wire: what is stored would not be what was asked.
  if (!text.isWellFormed()) return "is not well-formed Unicode text";
  const bytes = Buffer.byteLength(text);
  return bytes > maxBytes
    ? `has ${bytes} bytes in UTF-8; at most ${maxBytes} are taken`
    : undefined;
}
