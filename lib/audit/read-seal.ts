import { isCanonicalText } from "../encoding/canonical-text.ts";
import { preAuthEncoding } from "../encoding/dsse.ts";
import { fromBase64, utf8Text } from "../encoding/platform.ts";
import { PAYLOAD_TYPE, type SealStatement } from "../evidence/seal.ts";
import { LONGEST_SIGNATURE, sealParts } from "../evidence/seal-parts.ts";
import { sealProblem } from "../evidence/seal-shape.ts";
import { parseJson } from "./parse-json.ts";
import { plain } from "./plain-text.ts";

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

/**
 * Reads a seal in its one text form, the JCS of a DSSE envelope with one signature (PROTOCOL.md §5). JSON and base64 would
 * let other texts pass as the same envelope: two auditors could be shown two seals, or one of them a second payload.
 */
export function readSeal(text: unknown): ReadSeal | UnreadSeal {
  const parts = typeof text === "string" ? sealParts(text) : undefined;
  if (parts === undefined) return { problem: "has a seal that is not in its one text form" };
  const payload = fromBase64(parts.payload);
  const signature = fromBase64(parts.sig);
  if (payload === undefined || signature === undefined) {
    return { problem: "has a seal that is not in canonical base64" };
  }
  if (signature.length > LONGEST_SIGNATURE) {
    return { problem: "has a seal whose signature is longer than ECDSA on P-256 writes" };
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
