import { isCanonicalText } from "../encoding/canonical-text.ts";
import { preAuthEncoding } from "../encoding/dsse.ts";
import { fromBase64, utf8Text } from "../encoding/platform.ts";
import { PAYLOAD_TYPE, type SealStatement } from "../evidence/seal.ts";
import { parseJson } from "./parse-json.ts";
import { plain } from "./plain-text.ts";
import { sealProblem } from "./seal-shape.ts";

/** A seal that was read strictly and whose signature nobody has judged yet. */
export interface ReadSeal {
  readonly statement: SealStatement;
  readonly keyid: string;
  /** DER. */
  readonly signature: Uint8Array;
  /** DSSE pre-authentication encoding: what was signed. */
  readonly signed: Uint8Array;
}

/** Why a text is no seal, as a predicate whose subject is the record under it. */
export interface UnreadSeal {
  readonly problem: string;
}

interface Parts {
  readonly payload: string;
  readonly keyid: string;
  readonly sig: string;
}

/**
 * Reads a seal in its one text form, the JCS of a DSSE envelope with one signature (wire.md §5). JSON and base64 would
 * let other texts pass as the same envelope: two auditors could be shown two seals, or one of them a second payload.
 */
export function readSeal(text: unknown): ReadSeal | UnreadSeal {
  const parts = typeof text === "string" ? partsOf(text) : undefined;
  if (parts === undefined) return { problem: "has a seal that is not in its one text form" };
  const payload = fromBase64(parts.payload);
  const signature = fromBase64(parts.sig);
  if (payload === undefined || signature === undefined) {
    return { problem: "has a seal that is not in canonical base64" };
  }
  const said = utf8Text(payload) ?? "";
  const statement = parseJson(said);
  if (statement === undefined) return { problem: "has a seal whose payload is not UTF-8 JSON" };
  const problem = sealProblem(statement);
  if (problem !== undefined) {
    return { problem: `has a seal that is not one of evidence: ${plain(problem.trimStart())}` };
  }
  if (!isCanonicalText(said)) {
    return { problem: "has a seal whose payload is not in RFC 8785 form" };
  }
  const signed = preAuthEncoding(PAYLOAD_TYPE, payload);
  return { statement: statement as SealStatement, keyid: parts.keyid, signature, signed };
}

/** The form in which seals are written: around payload, keyid and signature there is nothing to choose. */
const BEFORE_PAYLOAD = '{"payload":"';
const BEFORE_KEYID = `","payloadType":"${PAYLOAD_TYPE}","signatures":[{"keyid":"`;
const BEFORE_SIG = '","sig":"';
const AFTER_SIG = '"}]}';
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

/** Cuts a seal apart. What is cut out is judged by its own encoding, so nothing can hide in it. */
function partsOf(text: string): Parts | undefined {
  const end = text.indexOf('"', BEFORE_PAYLOAD.length);
  const keyid = end + BEFORE_KEYID.length;
  const endOfKeyid = text.indexOf('"', keyid);
  const sig = endOfKeyid + BEFORE_SIG.length;
  const isInForm =
    text.startsWith(BEFORE_PAYLOAD) &&
    text.startsWith(BEFORE_KEYID, end) &&
    text.startsWith(BEFORE_SIG, endOfKeyid) &&
    text.indexOf('"', sig) === text.length - AFTER_SIG.length &&
    text.endsWith(AFTER_SIG) &&
    THUMBPRINT.test(text.slice(keyid, endOfKeyid));
  if (!isInForm) return undefined;
  return {
    payload: text.slice(BEFORE_PAYLOAD.length, end),
    keyid: text.slice(keyid, endOfKeyid),
    sig: text.slice(sig, -AFTER_SIG.length),
  };
}
