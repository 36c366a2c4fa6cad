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
  const signature = fromBase64(parts.sig);
  const problem = payloadProblem(text, statement);
  if (problem !== undefined) return { problem, ...placeOf(statement) };
  if (signature === undefined) {
    return { problem: "has a signature that is not canonical base64", ...placeOf(statement) };
  }
  const signed = preAuthEncoding(PAYLOAD_TYPE, payload);
  const hash = sha256Digest(signed);
  return { statement: statement as Statement, keyid: parts.keyid, signature, signed, hash };
}

function payloadProblem(text: string, statement: unknown): string | undefined {
  const problem = statementProblem(statement);
  if (problem !== undefined) return `is not a statement of evidence: ${problem.trimStart()}`;
  return isCanonical(text, statement) ? undefined : "has a payload that is not in RFC 8785 form";
}

/** The form in which envelopes are written: around payload, keyid and signature there is nothing to choose. */
const BEFORE_PAYLOAD = '{"payload":"';
const BEFORE_KEYID = `","payloadType":"${PAYLOAD_TYPE}","signatures":[{"keyid":"`;
const BEFORE_SIG = '","sig":"';
const AFTER_SIG = '"}]}';

/**
 * Takes an envelope apart. Text in exactly the written form is cut, which spares parsing it; what is cut out is judged
 * by its own encoding, so nothing can hide in it.
 */
function readParts(record: unknown): Parts | string {
  if (typeof record !== "string") return partsOf(record);
  const end = record.indexOf('"', BEFORE_PAYLOAD.length);
  const keyid = end + BEFORE_KEYID.length;
  const sig = record.indexOf('"', keyid) + BEFORE_SIG.length;
  const isWrittenForm =
    record.startsWith(BEFORE_PAYLOAD) &&
    record.startsWith(BEFORE_KEYID, end) &&
    record.startsWith(BEFORE_SIG, sig - BEFORE_SIG.length) &&
    record.indexOf('"', sig) === record.length - AFTER_SIG.length &&
    record.endsWith(AFTER_SIG);
  if (!isWrittenForm) return partsOfText(record);
  const parts = {
    payload: record.slice(BEFORE_PAYLOAD.length, end),
    keyid: record.slice(keyid, sig - BEFORE_SIG.length),
    sig: record.slice(sig, -AFTER_SIG.length),
  };
  return THUMBPRINT.test(parts.keyid) ? parts : NO_THUMBPRINT;
}

const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;
const NO_THUMBPRINT = "has a keyid that is not a key thumbprint";

/** Members in another order are the same envelope; white space, escapes and repeated members are not. */
function partsOfText(text: string): Parts | string {
  const envelope = parse(text);
  const isPlain = envelope !== undefined && JSON.stringify(envelope) === text;
  return isPlain ? partsOf(envelope) : "is not compact JSON without repeated members";
}

function partsOf(envelope: unknown): Parts | string {
  if (typeof envelope !== "object" || envelope === null) return "is not a JSON object";
  const { payload, payloadType, signatures, ...others } = envelope as Record<string, unknown>;
  if (payloadType !== PAYLOAD_TYPE) return `does not have the payload type ${PAYLOAD_TYPE}`;
  if (typeof payload !== "string" || !Array.isArray(signatures) || signatures.length !== 1) {
    return "is not a DSSE envelope with one signature";
  }
  const { keyid, sig, ...more } = (signatures[0] ?? {}) as Record<string, unknown>;
  if (typeof keyid !== "string" || typeof sig !== "string") {
    return "has a signature without keyid and sig";
  }
  const [unknown] = Object.keys({ ...others, ...more });
  if (unknown !== undefined) return `has the unknown member ${JSON.stringify(unknown)}`;
  return THUMBPRINT.test(keyid) ? { payload, keyid, sig } : NO_THUMBPRINT;
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
