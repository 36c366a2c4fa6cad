/**
 * DSSE v1.0.2 pre-authentication encoding: what is hashed and signed. The payload type is inside, so a
 * signature over one kind of document is none over another.
 */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType, "utf8");
  const head = `DSSEv1 ${type.length} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head, "utf8"), payload]);
}
