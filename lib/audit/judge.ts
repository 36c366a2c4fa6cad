import { verify } from "node:crypto";
import { toInstant } from "../clock.ts";
import type { EvidenceKeys } from "./evidence-keys.ts";
import { type ReadRecord, readEnvelope, type UnreadRecord } from "./read-envelope.ts";

/** A record with the judgement of its form and, if that holds, of its signature. */
export interface JudgedRecord {
  readonly read: ReadRecord | UnreadRecord;
  /** What is wrong with the signature: the key, its time, or the signature itself; `undefined` if nothing. */
  readonly forged?: string | undefined;
}

/** Reads one record and verifies its signature. */
export function judgeRecord(record: unknown, keys: EvidenceKeys): JudgedRecord {
  const read = readEnvelope(record);
  if ("problem" in read) return { read };
  const problem = keyProblem(read, keys);
  return { read, forged: problem ?? (isSigned(read, keys) ? undefined : BAD_SIGNATURE) };
}

/** Records that are judged together. */
const BATCH = 256;

/**
 * The same for many records, in batches, in their order. Signatures of one batch are verified on the threads of libuv
 * while the next one is read, so that an export takes little longer than its signatures alone.
 */
export async function* judgeRecords(
  records: AsyncIterable<unknown> | Iterable<unknown>,
  keys: EvidenceKeys,
): AsyncGenerator<readonly JudgedRecord[]> {
  let running: Promise<JudgedRecord[]> = Promise.resolve([]);
  let batch: (JudgedRecord | Promise<JudgedRecord>)[] = [];
  for await (const record of records) {
    batch.push(judgeMeanwhile(record, keys));
    if (batch.length < BATCH) continue;
    const done = running;
    running = Promise.all(batch);
    batch = [];
    yield await done;
  }
  yield await running;
  yield await Promise.all(batch);
}

function judgeMeanwhile(record: unknown, keys: EvidenceKeys): JudgedRecord | Promise<JudgedRecord> {
  const read = readEnvelope(record);
  if ("problem" in read) return { read };
  const forged = keyProblem(read, keys);
  const key = keys.get(read.keyid)?.key.keyObject;
  if (forged !== undefined || key === undefined) return { read, forged };
  return new Promise((resolve) => {
    verify("sha256", read.signed, key, read.signature, (error, isGood) => {
      resolve({ read, forged: error === null && isGood ? undefined : BAD_SIGNATURE });
    });
  });
}

const BAD_SIGNATURE = "has a signature that does not verify";

function isSigned({ keyid, signed, signature }: ReadRecord, keys: EvidenceKeys): boolean {
  const key = keys.get(keyid)?.key.keyObject;
  return key !== undefined && verify("sha256", signed, key, signature);
}

function keyProblem({ keyid, statement }: ReadRecord, keys: EvidenceKeys): string | undefined {
  const signer = keys.get(keyid);
  // ADV-68: some other good key, even one of the same account, proves nothing.
  if (signer === undefined)
    return `is signed by ${keyid}, which is not an evidence key of the plane`;
  const { at } = statement.predicate.event;
  const second = Date.parse(at) / 1000;
  if (second < signer.notBefore || second >= signer.notAfter) {
    return `is dated ${at}, when its key ${keyid} was not in use`;
  }
  // Whoever stole the key can date a record as he likes: only a checkpoint from before could tell (wire.md §5).
  return signer.revokedAt === Infinity
    ? undefined
    : `is signed by ${keyid}, revoked at ${toInstant(signer.revokedAt * 1000)}; no checkpoint shows that it was there before`;
}
