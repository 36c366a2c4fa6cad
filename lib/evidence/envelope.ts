import { type Digest, digestBytes } from "../encoding/digest.ts";
import type { UnsignedRecord } from "./chain.ts";
import type { EvidenceSigner } from "./ports.ts";
import { isNegative, PAYLOAD_TYPE } from "./statement.ts";

/** A record as the Evidence table keeps it (wire.md §5). Attributes are conveniences; `envelope` is the evidence. */
export interface EvidenceRow {
  readonly chainId: string;
  readonly seq: number;
  readonly recordHash: Digest;
  readonly prev: Digest;
  readonly eventId: string;
  readonly eventType: string;
  readonly at: string;
  readonly outcome: string;
  readonly code?: string;
  readonly intentId?: string;
  readonly contractId?: string;
  readonly identityId?: string;
  readonly actorId?: string;
  readonly negativeDay?: string;
  readonly envelope: string;
}

/** Signs records in parallel, one signature each over the SHA-256 of the PAE, and lays them out as rows. */
export async function signRecords(
  records: readonly UnsignedRecord[],
  signer: EvidenceSigner,
): Promise<EvidenceRow[]> {
  const [keyid, ...signatures] = await Promise.all([
    signer.keyid(),
    ...records.map(({ hash }) => signer.sign(digestBytes(hash))),
  ]);
  return records.map((record, index) =>
    rowOf(record, signatures[index] ?? new Uint8Array(), keyid),
  );
}

function rowOf(record: UnsignedRecord, signature: Uint8Array, keyid: string): EvidenceRow {
  const { predicate } = record.statement;
  const { chain, event, decision, contract, identity, actor } = predicate;
  return {
    chainId: chain.id,
    seq: chain.seq,
    recordHash: record.hash,
    prev: chain.prev,
    eventId: event.id,
    eventType: event.type,
    at: event.at,
    outcome: decision.outcome,
    ...(decision.code !== undefined && { code: decision.code }),
    ...(predicate.intentId !== undefined && { intentId: predicate.intentId }),
    ...(contract !== undefined && { contractId: contract.id }),
    ...(identity !== undefined && { identityId: identity.id }),
    ...(actor?.id !== undefined && { actorId: actor.id }),
    ...(isNegative(event.type) &&
      decision.outcome !== "ALLOW" && { negativeDay: event.at.slice(0, 10) }),
    envelope: envelopeText(record.payload, keyid, signature),
  };
}

/** The one text of a DSSE envelope: what is stored, and the only form that is read again. */
export const envelopeText = (payload: Uint8Array, keyid: string, signature: Uint8Array): string =>
  JSON.stringify({
    payload: Buffer.from(payload).toString("base64"),
    payloadType: PAYLOAD_TYPE,
    signatures: [{ keyid, sig: Buffer.from(signature).toString("base64") }],
  });
