import { linesOf } from "../../../lib/audit/lines.ts";
import { FILES } from "../../../lib/audit/manifest.ts";
import { readExport } from "../../../lib/audit/read-export.ts";
import type { SealedRow } from "../../../lib/audit/transaction.ts";
import { verifyRecords } from "../../../lib/audit/verify.ts";
import { verifyEvidence } from "../../../lib/audit/verify-evidence.ts";
import type { PublicJwk } from "../../../lib/encoding/jwk.ts";
import { fromBase64, utf8Text } from "../../../lib/encoding/platform.ts";

/** An export as JSON can carry it: each file's bytes in base64. */
export interface GivenExport {
  readonly name: string;
  readonly files: Readonly<Record<keyof typeof FILES, string>>;
  readonly anchors: readonly string[];
  /** The same evidence as a table holds it. */
  readonly rows: readonly SealedRow[];
  readonly keys: readonly PublicJwk[];
}

/**
 * What the verifier says of an export, as JSON. The same code says it on Node and in a browser; it knows neither
 * files nor Node.
 */
export async function judge({ name, files, anchors, rows, keys }: GivenExport): Promise<string> {
  const bytes = (file: keyof typeof FILES): Uint8Array => fromBase64(files[file]) ?? nothing(file);
  const text = (file: keyof typeof FILES): string => utf8Text(bytes(file)) ?? nothing(file);
  const opened = readExport({
    manifest: text("manifest"),
    trustPolicies: text("trustPolicies"),
    records: linesOf(() => piecesOf(bytes("records"))),
    seals: linesOf(() => piecesOf(bytes("seals"))),
  });
  const report = opened.ok ? await verifyEvidence(opened.value, anchors) : opened;
  return JSON.stringify({ name, report, table: verifyRecords(rows, keys) });
}

function nothing(file: keyof typeof FILES): never {
  throw new TypeError(`${FILES[file]} is not what the test wrote`);
}

/** As a file is read: in pieces that end anywhere. */
async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}
