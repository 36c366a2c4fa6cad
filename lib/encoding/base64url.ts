import { toBase64url as bytesToBase64url, fromBase64url, utf8Bytes } from "./platform.ts";

export { fromBase64url };

/** Unpadded base64url (RFC 4648 §5) of bytes, or of the UTF-8 bytes of a string. */
export const toBase64url = (bytes: Uint8Array | string): string =>
  bytesToBase64url(typeof bytes === "string" ? utf8Bytes(bytes) : bytes);
