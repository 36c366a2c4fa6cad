export const toBase64url = (bytes: Uint8Array | string): string =>
  Buffer.from(bytes as Uint8Array).toString("base64url");

/**
 * Bytes of an unpadded base64url text (RFC 4648 §5), or `undefined` when the text is not the one canonical
 * encoding of them: encoding again and comparing refuses padding, foreign characters and altered unused bits, so
 * that no two strings are one token.
 */
export function fromBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}
