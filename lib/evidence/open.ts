import { isCanonicalText } from "../encoding/canonical-text.ts";
import { type Digest, sha256Digest } from "../encoding/digest.ts";
import { preAuthEncoding } from "../encoding/dsse.ts";
import { readPublicJwk, type VerificationKey } from "../encoding/jwk.ts";
import { fromBase64, utf8Text, verifyP256 } from "../encoding/platform.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { type ChainHead, genesisHead } from "./chain.ts";
import type { StoredChain, StoredRow } from "./ports.ts";
import type { EvidenceRecord } from "./record.ts";
import { recordProblem } from "./record-shape.ts";
import { PAYLOAD_TYPE, type SealStatement, subjectName } from "./seal.ts";
import { LONGEST_SIGNATURE, sealParts } from "./seal-parts.ts";
import { sealProblem } from "./seal-shape.ts";

/** A record whose seal and place were verified. */
export interface OpenRecord {
  readonly record: EvidenceRecord;
  readonly hash: Digest;
}

/** Why a chain is not believed: at which record, and what. */
export interface ChainDefect {
  readonly seq: number;
  readonly defect: string;
}

/** Evidence keys with the time in which each was good; a revoked one is never good for enforcement. */
interface EvidenceKey {
  readonly key: VerificationKey;
  readonly notBefore: number;
  readonly notAfter: number;
}

export type EvidenceKeys = ReadonlyMap<string, EvidenceKey>;

/** Keys of use `evidence` of a trust policy, by thumbprint; those with `revokedAt` are left out. */
export function evidenceKeys(policy: TrustPolicy): EvidenceKeys {
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

/** Which chain of which plane, and the keys that may have sealed it. */
export interface ChainIdentity {
  readonly plane: string;
  readonly chainId: string;
  readonly keys: EvidenceKeys;
}

/**
 * Opens a chain: seals, links, numbers without gaps, and the head that State keeps. Whoever can write a table but
 * holds no key gains nothing: any difference is a defect. `before`: what this very invocation has
 * opened already; `stored` then holds what came behind it, from the beginning of a transaction.
 */
export function openChain(
  stored: Pick<StoredChain, "rows" | "head">,
  chain: ChainIdentity,
  before: OpenedChain = { records: [], head: genesisHead(chain.plane, chain.chainId) },
): OpenedChain | ChainDefect {
  let { head } = before;
  const records = [...before.records];
  for (const sealed of transactions(stored.rows)) {
    const opened = openTransaction(sealed, chain, head);
    if ("defect" in opened) return opened;
    records.push(...opened.records);
    head = opened.head;
  }
  const doubled = doubledEvent(records);
  if (doubled !== undefined) return { seq: doubled, defect: "has the event id of another record" };
  const known = stored.head ?? genesisHead(chain.plane, chain.chainId);
  return known.seq === head.seq && known.hash === head.hash
    ? { records, head }
    : { seq: head.seq, defect: "the last record is not the head" };
}

/** Number of the first record whose event has the id of an earlier one: two events would pass for one. */
function doubledEvent(records: readonly OpenRecord[]): number | undefined {
  const ids = new Set<string>();
  for (const { record } of records) {
    if (ids.size === ids.add(record.event.id).size) return record.chain.seq;
  }
  return undefined;
}

/** Rows by transaction: each ends with the row that carries its seal. */
function transactions(rows: readonly StoredRow[]): StoredRow[][] {
  const found: StoredRow[][] = [];
  let open = true;
  for (const row of rows) {
    if (open) found.push([]);
    found.at(-1)?.push(row);
    open = row.seal !== undefined;
  }
  return found;
}

/** One transaction behind a head: its one seal, and every record under it. */
function openTransaction(
  rows: readonly StoredRow[],
  chain: ChainIdentity,
  before: ChainHead,
): OpenedChain | ChainDefect {
  const first = before.seq + 1;
  const seal = readSeal(rows.at(-1)?.seal, chain);
  if (typeof seal === "string") return { seq: first, defect: seal };
  const { predicate, subject } = seal;
  const { first: from, last, prev } = predicate.chain;
  if (from !== first || last !== first + rows.length - 1 || subject.length !== rows.length) {
    return { seq: first, defect: "is not where its seal says that it is" };
  }
  if (prev !== before.hash) {
    return { seq: first, defect: "does not link to the record before it" };
  }
  let head = before;
  const records: OpenRecord[] = [];
  for (const [index, row] of rows.entries()) {
    const record = openRecord(row, seal, index);
    if (typeof record === "string") return { seq: first + index, defect: record };
    if (row.seq !== first + index || row.sealSeq !== last) {
      return { seq: first + index, defect: "is out of order" };
    }
    if (record.record.chain.prev !== head.hash) {
      return { seq: first + index, defect: "does not link to the record before it" };
    }
    records.push(record);
    head = { seq: row.seq, hash: record.hash };
  }
  return { records, head };
}

/**
 * The last record of a chain by itself: the newest row always carries the seal of its transaction. Says what is wrong
 * as text. Links before it are not looked at: this is for a chain whose end alone matters.
 */
export function openLast(row: StoredRow, chain: ChainIdentity): OpenRecord | string {
  const seal = readSeal(row.seal, chain);
  if (typeof seal === "string") return seal;
  const { first, last } = seal.predicate.chain;
  if (row.seq !== last || row.sealSeq !== last || seal.subject.length !== last - first + 1) {
    return "is not where its seal says that it is";
  }
  return openRecord(row, seal, last - first);
}

/**
 * A record under its verified seal: canonical, of that plane, chain and time, and the very one that was sealed. Its
 * shape is judged as the verifier judges it, though a good seal is on it: what enforcement acted on, an auditor must
 * be able to believe, and a key that leaked must not make it stumble over a shape that it does not expect.
 */
function openRecord(row: StoredRow, seal: SealStatement, index: number): OpenRecord | string {
  const { plane, chain, at } = seal.predicate;
  if (typeof row.record !== "string") return "is no text";
  const hash = sha256Digest(row.record);
  const subject = seal.subject[index];
  const seq = chain.first + index;
  if (subject?.name !== subjectName(chain.id, seq) || `sha256:${subject.digest.sha256}` !== hash) {
    return "is not the record that was sealed";
  }
  const parsed = parse(row.record);
  if (recordProblem(parsed) !== undefined || !isCanonicalText(row.record)) {
    return "is not a record in RFC 8785 form";
  }
  const record = parsed as EvidenceRecord;
  if (record.plane !== plane || record.chain.id !== chain.id) return "belongs to another chain";
  if (record.chain.seq !== seq) return "is out of order";
  if (index === 0 && record.chain.prev !== chain.prev)
    return "links to another record than its seal";
  return record.event.at === at ? { record, hash } : "is of another time than its seal";
}

/**
 * Reads a seal and verifies its one signature under a key that was good at its time. Only the one text that was
 * written is read: JSON and base64 would let others pass as the same envelope.
 */
function readSeal(
  text: string | undefined,
  { plane, chainId, keys }: ChainIdentity,
): SealStatement | string {
  if (typeof text !== "string") return "has no seal";
  const parsed = parseSeal(text);
  if (parsed === undefined) return "does not carry a seal of evidence";
  const { payload, keyid, signature, statement } = parsed;
  if (statement.predicate.plane !== plane || statement.predicate.chain.id !== chainId) {
    return "belongs to another chain";
  }
  const signer = keys.get(keyid);
  if (signer === undefined) return "is sealed by a key that the trust policy does not name";
  const at = Date.parse(statement.predicate.at) / 1000;
  if (!(signer.notBefore <= at && at < signer.notAfter)) {
    return "is sealed by a key outside its time";
  }
  return verifyP256(signer.key.handle, preAuthEncoding(PAYLOAD_TYPE, payload), signature)
    ? statement
    : "has a seal whose signature does not verify";
}

interface ParsedSeal {
  readonly payload: Uint8Array;
  readonly keyid: string;
  readonly signature: Uint8Array;
  readonly statement: SealStatement;
}

function parseSeal(text: string): ParsedSeal | undefined {
  const parts = sealParts(text);
  const payload = parts && fromBase64(parts.payload);
  const signature = parts && fromBase64(parts.sig);
  if (payload === undefined || signature === undefined) return undefined;
  if (signature.length > LONGEST_SIGNATURE) return undefined;
  const said = utf8Text(payload) ?? "";
  const statement = parse(said);
  return sealProblem(statement) === undefined && isCanonicalText(said)
    ? { payload, keyid: parts?.keyid ?? "", signature, statement: statement as SealStatement }
    : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
