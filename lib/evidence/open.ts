import { verify } from "node:crypto";
import { type Digest, sha256Digest } from "../encoding/digest.ts";
import { preAuthEncoding } from "../encoding/dsse.ts";
import { readPublicJwk, type VerificationKey } from "../encoding/jwk.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { type ChainHead, genesisHead } from "./chain.ts";
import { envelopeText } from "./envelope.ts";
import type { StoredChain } from "./ports.ts";
import { PAYLOAD_TYPE, type Predicate, type Statement } from "./statement.ts";

/** A record whose signature and place were verified. */
export interface OpenRecord {
  readonly predicate: Predicate;
  readonly hash: Digest;
}

/** Why a chain is not believed: at which record, and what. */
export interface ChainDefect {
  readonly seq: number;
  readonly defect: string;
}

/** Evidence keys with the time in which each was good; a revoked one is never good for enforcement. */
export interface EvidenceKey {
  readonly key: VerificationKey;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Keys of use `evidence` of a trust policy, by thumbprint; those with `revokedAt` are left out. */
export function evidenceKeys(policy: TrustPolicy): ReadonlyMap<string, EvidenceKey> {
  const found = new Map<string, EvidenceKey>();
  for (const { use, key, notBefore, notAfter, revokedAt } of policy.planeKeys) {
    const good = use === "evidence" && revokedAt === undefined ? readPublicJwk(key) : "";
    if (typeof good !== "string") {
      found.set(good.thumbprint, {
        key: good,
        notBefore,
        notAfter: notAfter ?? Number.POSITIVE_INFINITY,
      });
    }
  }
  return found;
}

/** A chain as far as it was opened. */
export interface OpenedChain {
  readonly records: readonly OpenRecord[];
  readonly head: ChainHead;
}

/**
 * Opens a chain: signatures, links, numbers without gaps, and the head that State keeps. Whoever can write a
 * table but holds no key gains nothing (design.md §2): any difference is a defect. `before`: what this very
 * invocation has opened already; `stored` then holds what came behind it.
 */
export function openChain(
  stored: StoredChain,
  plane: string,
  chainId: string,
  keys: ReadonlyMap<string, EvidenceKey>,
  before: OpenedChain = { records: [], head: genesisHead(plane, chainId) },
): OpenedChain | ChainDefect {
  let { head } = before;
  const records = [...before.records];
  for (const row of stored.rows) {
    const record = openRecord(row.envelope, keys);
    if (typeof record === "string") return { seq: head.seq + 1, defect: record };
    const misplaced = placeProblem(record.predicate, row.seq, plane, chainId, head);
    if (misplaced !== undefined) return { seq: head.seq + 1, defect: misplaced };
    records.push(record);
    head = { seq: head.seq + 1, hash: record.hash };
  }
  const known = stored.head ?? genesisHead(plane, chainId);
  return known.seq === head.seq && known.hash === head.hash
    ? { records, head }
    : { seq: head.seq, defect: "the last record is not the head" };
}

function placeProblem(
  predicate: Predicate,
  storedAs: number,
  plane: string,
  chainId: string,
  before: ChainHead,
): string | undefined {
  if (predicate.plane !== plane || predicate.chain.id !== chainId)
    return "belongs to another chain";
  if (predicate.chain.seq !== before.seq + 1 || storedAs !== predicate.chain.seq)
    return "is out of order";
  return predicate.chain.prev === before.hash ? undefined : "does not link to the record before it";
}

/** Opens one envelope: its signature under a key that was good at its time. Returns what is wrong as text. */
export function openRecord(
  envelope: string,
  keys: ReadonlyMap<string, EvidenceKey>,
): OpenRecord | string {
  const parsed = parseEnvelope(envelope);
  if (parsed === undefined) return "is not a DSSE envelope of an evidence record";
  const { payload, keyid, signature, statement } = parsed;
  const signer = keys.get(keyid);
  if (signer === undefined) return "is signed by a key that the trust policy does not name";
  const at = Date.parse(statement.predicate.event.at) / 1000;
  if (!(signer.notBefore <= at && at < signer.notAfter))
    return "is signed by a key outside its time";
  const encoded = preAuthEncoding(PAYLOAD_TYPE, payload);
  if (!verify("sha256", encoded, signer.key.keyObject, signature))
    return "has a signature that does not verify";
  return { predicate: statement.predicate, hash: sha256Digest(encoded) };
}

/** The hash of a record as its envelope stands, without judging its signature; `undefined` for no envelope. */
export function hashOfEnvelope(envelope: string): Digest | undefined {
  const parsed = parseEnvelope(envelope);
  return parsed && sha256Digest(preAuthEncoding(PAYLOAD_TYPE, parsed.payload));
}

interface ParsedEnvelope {
  readonly payload: Buffer;
  readonly keyid: string;
  readonly signature: Buffer;
  readonly statement: Statement;
}

/** Only the one text that was written is read: JSON and base64 would let others pass as the same envelope. */
function parseEnvelope(text: string): ParsedEnvelope | undefined {
  try {
    const { payload, signatures } = JSON.parse(text);
    const [{ keyid, sig }] = signatures;
    const [bytes, signature] = [Buffer.from(payload, "base64"), Buffer.from(sig, "base64")];
    if (envelopeText(bytes, keyid, signature) !== text) return undefined;
    const statement: Statement = JSON.parse(bytes.toString("utf8"));
    if (typeof statement.predicate.event.at !== "string") return undefined;
    return { payload: bytes, keyid, signature, statement };
  } catch {
    return undefined;
  }
}
