import type { SealedRow } from "../../../lib/audit/transaction.ts";
import { canonicalize } from "../../../lib/encoding/canonical-json.ts";
import { sha256Digest } from "../../../lib/encoding/digest.ts";
import { preAuthEncoding } from "../../../lib/encoding/dsse.ts";
import type { SigningKey } from "../../../lib/encoding/jws.ts";
import { PAYLOAD_TYPE, sealText } from "../../../lib/evidence/seal.ts";
import { derSignature } from "./plane.ts";

/** A record without its types, to be broken. */
export interface Editable {
  actor: object;
  chain: { id: string; seq: number; prev: string };
  contract?: object;
  decision: object;
  detail: object;
  event: { id: string; at: string };
  source?: object;
}

/** The Statement of a seal, to be broken. */
export interface EditableSeal {
  subject: { name: string; digest: { sha256: string } }[];
  predicate: {
    plane: string;
    chain: { id: string; first: number; last: number; prev: string };
    at: string;
  };
}

interface Edits {
  readonly record?: (record: Editable, index: number) => void;
  readonly statement?: (statement: EditableSeal) => void;
}

/**
 * What a holder of a key could make of a transaction: its records edited, their subjects brought up to date, the
 * Statement edited, and all of it sealed with `key`.
 */
export function reseal(
  rows: readonly SealedRow[],
  key: SigningKey,
  { record: editRecord, statement: edit }: Edits = {},
): SealedRow[] {
  const texts = rows.map(({ record }, index) =>
    edited(record, (each) => editRecord?.(each, index)),
  );
  const statement = statementOf(rows.at(-1)?.seal ?? "");
  for (const [index, text] of texts.entries()) {
    const subject = statement.subject[index];
    if (subject !== undefined) subject.digest.sha256 = sha256Digest(text).slice("sha256:".length);
  }
  edit?.(statement);
  const seal = sealed(canonicalize(statement), key);
  return texts.map((record, index) => (index === texts.length - 1 ? { record, seal } : { record }));
}

/** What a seal says. */
export const statementOf = (seal: string): EditableSeal =>
  JSON.parse(Buffer.from(JSON.parse(seal).payload, "base64").toString("utf8"));

/** A seal over any payload. */
export function sealed(payload: string, key: SigningKey): string {
  const bytes = Buffer.from(payload, "utf8");
  const signature = derSignature(key, preAuthEncoding(PAYLOAD_TYPE, bytes));
  return sealText(bytes, key.thumbprint, signature);
}

function edited(text: string, edit: (record: Editable) => void): string {
  const record = JSON.parse(text);
  edit(record);
  return canonicalize(record);
}
