import { canonicalize } from "../encoding/canonical-json.ts";
import { type Digest, digestBytes, sha256Digest } from "../encoding/digest.ts";
import { preAuthEncoding } from "../encoding/dsse.ts";
import { toBase64, utf8Bytes } from "../encoding/platform.ts";
import { present } from "../encoding/present.ts";
import type { PlacedRecord } from "./chain.ts";
import { isNegative } from "./events.ts";
import type { EvidenceSigner } from "./ports.ts";
import type { EvidenceRow } from "./row.ts";

export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
export const SEAL_TYPE = "urn:vai:seal:v1";
export const PAYLOAD_TYPE = "application/vnd.in-toto+json";

/**
 * What one signature says (PROTOCOL.md §5): these records, in this order, were written in one transaction of this chain at
 * this time. An in-toto Statement v1 whose subjects are the records, so that any in-toto verifier takes a record as
 * the artifact and the seal as its attestation.
 */
export interface SealStatement {
  readonly _type: typeof STATEMENT_TYPE;
  readonly subject: readonly {
    readonly name: string;
    readonly digest: { readonly sha256: string };
  }[];
  readonly predicateType: typeof SEAL_TYPE;
  readonly predicate: {
    readonly plane: string;
    /** `prev`: the hash before the first of the records. */
    readonly chain: {
      readonly id: string;
      readonly first: number;
      readonly last: number;
      readonly prev: Digest;
    };
    /** `event.at` of every one of the records. */
    readonly at: string;
  };
}

/** Name of a record as the subject of its seal. */
export const subjectName = (chainId: string, seq: number): string => `${chainId}#${seq}`;

/**
 * Seals the records of one transaction by one signature over the SHA-256 of the PAE, and lays them out as rows.
 * @throws {Fault} `EVIDENCE_SIGNER_UNAVAILABLE`.
 */
export async function sealRecords(
  records: readonly PlacedRecord[],
  signer: EvidenceSigner,
): Promise<EvidenceRow[]> {
  const [first, last] = [records[0], records.at(-1)];
  if (first === undefined || last === undefined) return [];
  const payload = utf8Bytes(canonicalize(sealStatement(records, first, last)));
  const digest = digestBytes(sha256Digest(preAuthEncoding(PAYLOAD_TYPE, payload)));
  const [keyid, signature] = await Promise.all([signer.keyid(), signer.sign(digest)]);
  const seal = sealText(payload, keyid, signature);
  const sealSeq = last.record.chain.seq;
  return records.map((placed) => rowOf(placed, sealSeq, placed === last ? seal : undefined));
}

function sealStatement(
  records: readonly PlacedRecord[],
  { record: { plane, chain, event } }: PlacedRecord,
  last: PlacedRecord,
): SealStatement {
  return {
    _type: STATEMENT_TYPE,
    subject: records.map(({ record, hash }) => ({
      name: subjectName(record.chain.id, record.chain.seq),
      digest: { sha256: hash.slice("sha256:".length) },
    })),
    predicateType: SEAL_TYPE,
    predicate: {
      plane,
      chain: { id: chain.id, first: chain.seq, last: last.record.chain.seq, prev: chain.prev },
      at: event.at,
    },
  };
}

/** A record as a row; the conveniences follow from it. */
export function rowOf(
  { record, text, hash }: PlacedRecord,
  sealSeq: number,
  seal?: string,
): EvidenceRow {
  const { chain, event, decision, contract, identity, actor, intentId } = record;
  const isIndexedAsNegative = isNegative(event.type) && decision.outcome !== "ALLOW";
  return {
    chainId: chain.id,
    seq: chain.seq,
    recordHash: hash,
    prev: chain.prev,
    eventId: event.id,
    eventType: event.type,
    at: event.at,
    outcome: decision.outcome,
    ...present({
      code: decision.code,
      intentId,
      contractId: contract?.id,
      identityId: identity?.id,
      actorId: actor?.id,
    }),
    ...(isIndexedAsNegative && { negativeDay: event.at.slice(0, 10) }),
    record: text,
    sealSeq,
    ...present({ seal }),
  };
}

/** The one text of a seal: the JCS form of its DSSE v1.0.2 envelope. Only it is stored, and only it is read again. */
export const sealText = (payload: Uint8Array, keyid: string, signature: Uint8Array): string =>
  canonicalize({
    payload: toBase64(payload),
    payloadType: PAYLOAD_TYPE,
    signatures: [{ keyid, sig: toBase64(signature) }],
  });
