import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Read } from "../encoding/strict-json.ts";
import { linesOf } from "./lines.ts";
import { FILES, type Manifest, readManifest } from "./manifest.ts";
import { pairSeals } from "./pair-seals.ts";
import type { EvidenceSet } from "./verify-evidence.ts";

/** An export folder that was opened: what its manifest says, and its evidence, read as a stream. */
export interface ExportFolder extends EvidenceSet {
  readonly manifest: Manifest;
  /** Lines of the files, as {@link linesOf} reads them. Each is read again for each iteration. */
  readonly records: AsyncIterable<string | undefined>;
  readonly seals: AsyncIterable<string | undefined>;
}

/** Opens an export folder. The problem says which file cannot be read. */
export async function openFolder(folder: string): Promise<Read<ExportFolder>> {
  const texts: string[] = [];
  for (const name of [FILES.manifest, FILES.trustPolicies]) {
    const text = await readOr(join(folder, name));
    if (text === undefined)
      return unreadable(name, "cannot be read; is this the folder of vai export?");
    texts.push(text);
  }
  for (const name of [FILES.records, FILES.seals]) {
    if (!(await isReadable(join(folder, name)))) return unreadable(name, "cannot be read");
  }
  const records = linesOf(join(folder, FILES.records));
  const seals = linesOf(join(folder, FILES.seals));
  const [manifestText = "", policiesText = ""] = texts;
  const manifest = readManifest(manifestText);
  if (!manifest.ok)
    return unreadable(FILES.manifest, `${manifest.pointer} ${manifest.detail}`.trim());
  const { plane, chains, anchors } = manifest.value;
  return {
    ok: true,
    value: {
      manifest: manifest.value,
      plane,
      anchors,
      trustPolicies: policiesText
        .replace(/\n$/, "")
        .split("\n")
        .filter((line, index) => index > 0 || line !== ""),
      records,
      seals,
      transactions: pairSeals(records, seals),
      noted: {
        chains,
        records: manifest.value.records,
        seals: manifest.value.seals,
        trustPolicies: manifest.value.trustPolicies,
      },
    },
  };
}

async function readOr(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

const unreadable = (name: string, detail: string) =>
  ({ ok: false, pointer: "", detail: `${name} ${detail}` }) as const;
