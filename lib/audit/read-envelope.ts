import { isUtf8 } from "node:buffer";
import { type Digest, sha256Digest } from "../encoding/digest.ts";
import { preAuthEncoding } from "../encoding/dsse.ts";
import { PAYLOAD_TYPE, type Statement } from "../evidence/statement.ts";
import { isCanonical } from "./canonical-form.ts";
import { statementProblem } from "./statement-shape.ts";

/** A record that was read strictly and whose signature nobody has judged yet. */
export interface ReadRecord {
  readonly statement: Statement;
  readonly keyid: string;
  /** DER. */
  readonly signature: Buffer;
  /** DSSE pre-authentication encoding: what was signed. */
  readonly signed: Uint8Array;
  /** Digest of the PAE: `recordHash`, and `prev` of the record after it. */
  readonly hash: Digest;
}

/** Why an envelope is no record. With `place` when at least the payload can still be read. */
export interface UnreadRecord {
  readonly problem: string;
  readonly place?: { readonly chainId: string; readonly seq: number };
}

interface Parts {
  readonly payload: string;
  readonly keyid: string;
  readonly sig: string;
}

/**
 * Reads one DSSE envelope as strictly as wire.md §5 writes it: closed members, one signature, canonical base64,
 * canonical JSON, the closed Statement. Any other spelling of the same record is none: two spellings could be shown to
 * two auditors as two records, or hide a second payload from one of them.
 */
export function readEnvelope(record: unknown): ReadRecord | UnreadRecord {
  const parts = readParts(record);
  if (typeof parts === "string") return { problem: parts };
  const payload = fromBase64(parts.payload);
  if (payload === undefined || !isUtf8(payload)) {
    return { problem: "has a payload that is not UTF-8 in canonical base64" };
  }
  const text = payload.toString("utf8");
  const statement = parse(text);
  if (statement === undefined) return { problem: "has a payload that is not JSON" };
  const problem = statementProblem(statement);
  const place = placeOf(statement);
  if (problem !== undefined)
    return { problem: `is not a statement of evidence: ${problem.trimStart()}`, ...place };
  if (!isCanonical(text, statement))
    return { problem: "has a payload that is not in RFC 8785 form", ...place };
  const signature = fromBase64(parts.sig);
  if (signature === undefined)
    return { problem: "has a signature that is not canonical base64", ...place };
  const signed = preAuthEncoding(PAYLOAD_TYPE, payload);
  const hash = sha256Digest(signed);
  return { statement: statement as Statement, keyid: parts.keyid, signature, signed, hash };
}

/** Text of an envelope in the one form that has no white space and no member twice. */
const compactForm = ({ payload, keyid, sig }: Parts): string =>
  `{"payload":"${payload}","payloadType":"${PAYLOAD_TYPE}","signatures":[{"keyid":"${keyid}","sig":"${sig}"}]}`;

function readParts(record: unknown): Parts | string {
  const envelope = typeof record === "string" ? parse(record) : record;
  if (typeof envelope !== "object" || envelope === null) return "is not a JSON object";
  const { payload, payloadType, signatures, ...others } = envelope as Record<string, unknown>;
  if (payloadType !== PAYLOAD_TYPE) return `does not have the payload type ${PAYLOAD_TYPE}`;
  if (typeof payload !== "string" || !Array.isArray(signatures) || signatures.length !== 1) {
    return "is not a DSSE envelope with one signature";
  }
  const { keyid, sig, ...more } = (signatures[0] ?? {}) as Record<string, unknown>;
  if (typeof keyid !== "string" || typeof sig !== "string")
    return "has a signature without keyid and sig";
  for (const name in { ...others, ...more })
    return `has the unknown member ${JSON.stringify(name)}`;
  const parts = { payload, keyid, sig };
  const isPlain =
    typeof record !== "string" ||
    record === compactForm(parts) ||
    record === JSON.stringify(envelope);
  return isPlain ? parts : "is not compact JSON without repeated members";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Bytes of padded standard base64 (RFC 4648 §4); `undefined` for any other spelling of them. */
function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

function placeOf(statement: unknown): Pick<UnreadRecord, "place"> {
  const { chain } =
    (statement as { predicate?: { chain?: { id?: unknown; seq?: unknown } } })?.predicate ?? {};
  return typeof chain?.id === "string" && Number.isSafeInteger(chain.seq)
    ? { place: { chainId: chain.id, seq: chain.seq as number } }
    : {};
}
