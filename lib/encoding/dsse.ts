import { utf8Bytes } from "./platform.ts";

/**
 * DSSE v1.0.2 pre-authentication encoding: what is hashed and signed. The payload type is inside, so a
 * signature over one kind of document is none over another.
 */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8Bytes(payloadType);
  const head = utf8Bytes(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `);
  const encoded = new Uint8Array(head.length + payload.length);
  encoded.set(head);
  encoded.set(payload, head.length);
  return encoded;
}
