import type { Read } from "../encoding/strict-json.ts";
import { FILES, type Manifest, readManifest } from "./manifest.ts";
import { pairSeals } from "./pair-seals.ts";
import type { EvidenceSet } from "./verify-evidence.ts";

/** Lines, one text each; `undefined` for one that is no text. Read again for each iteration. */
type Lines = AsyncIterable<string | undefined> | Iterable<string | undefined>;

/** What the files of an export hold (PROTOCOL.md §5), wherever they come from: a folder, or a page that was given them. */
export interface ExportTexts {
  readonly manifest: string;
  readonly trustPolicies: string;
  readonly records: Lines;
  readonly seals: Lines;
}

/** An export that was opened: what its manifest says, and its evidence, read as a stream. */
export interface Export extends EvidenceSet {
  readonly manifest: Manifest;
  readonly records: Lines;
  readonly seals: Lines;
}

/** Reads an export as far as its manifest; `verifyEvidence` judges the rest. Needs no file system. */
export function readExport({ records, seals, ...texts }: ExportTexts): Read<Export> {
  const manifest = readManifest(texts.manifest);
  if (!manifest.ok) {
    const detail = `${FILES.manifest} ${`${manifest.pointer} ${manifest.detail}`.trim()}`;
    return { ok: false, pointer: "", detail };
  }
  const { plane, chains, anchors, ...counts } = manifest.value;
  return {
    ok: true,
    value: {
      manifest: manifest.value,
      plane,
      anchors,
      trustPolicies: texts.trustPolicies
        .replace(/\n$/, "")
        .split("\n")
        .filter((line, index) => index > 0 || line !== ""),
      records,
      seals,
      transactions: pairSeals(records, seals),
      noted: {
        chains,
        records: counts.records,
        seals: counts.seals,
        trustPolicies: counts.trustPolicies,
      },
    },
  };
}
