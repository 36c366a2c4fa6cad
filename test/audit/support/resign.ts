import { sign } from "node:crypto";
import { canonicalize } from "../../../lib/encoding/canonical-json.ts";
import { preAuthEncoding } from "../../../lib/encoding/dsse.ts";
import type { SigningKey } from "../../../lib/encoding/jws.ts";
import type { EvidenceRow } from "../../../lib/evidence/envelope.ts";

/** A predicate without its types, to be broken. */
export interface Editable {
  actor: object;
  chain: { id: string };
  contract?: object;
  decision: object;
  detail: object;
  event: { id: string };
  source?: object;
}

/** What a thief of a key could make of a record: its payload edited, signed again with `key`. */
export function resign(
  row: EvidenceRow,
  key: SigningKey,
  edit: (predicate: Editable) => void = () => {},
): string {
  const { payload, payloadType } = JSON.parse(row.envelope);
  const statement = JSON.parse(Buffer.from(payload, "base64").toString("utf8"));
  edit(statement.predicate);
  const bytes = Buffer.from(canonicalize(statement), "utf8");
  const sig = sign("sha256", preAuthEncoding(payloadType, bytes), key.privateKey);
  return JSON.stringify({
    payload: bytes.toString("base64"),
    payloadType,
    signatures: [{ keyid: key.thumbprint, sig: sig.toString("base64") }],
  });
}
