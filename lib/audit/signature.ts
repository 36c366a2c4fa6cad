import { verify } from "node:crypto";
import { toInstant } from "../clock.ts";
import type { EvidenceKeys } from "./evidence-keys.ts";
import type { ReadRecord } from "./read-envelope.ts";

/** What is wrong with the signature of a record: the key, its time, or the signature itself; `undefined` if nothing. */
export function signatureProblem(record: ReadRecord, keys: EvidenceKeys): string | undefined {
  const { keyid, signed, signature, statement } = record;
  const signer = keys.get(keyid);
  // ADV-68: some other good key, even one of the same account, proves nothing.
  if (signer === undefined)
    return `is signed by ${JSON.stringify(keyid)}, which is not an evidence key of the plane`;
  if (!verify("sha256", signed, signer.key.keyObject, signature))
    return "has a signature that does not verify";
  const at = Date.parse(statement.predicate.event.at) / 1000;
  if (at < signer.notBefore || at >= signer.notAfter) {
    return `is dated ${statement.predicate.event.at}, when its key ${keyid} was not in use`;
  }
  // Whoever stole the key can date a record as he likes: only a checkpoint from before could tell (wire.md §5).
  return signer.revokedAt === Infinity
    ? undefined
    : `is signed by ${keyid}, revoked at ${toInstant(signer.revokedAt * 1000)}; no checkpoint shows that it was there before`;
}
