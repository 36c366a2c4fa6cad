import { createReadStream } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Read } from "../encoding/strict-json.ts";
import { linesOf } from "./lines.ts";
import { FILES } from "./manifest.ts";
import { type Export, readExport } from "./read-export.ts";

/** Opens an export folder. The problem says which file cannot be read. */
export async function openFolder(folder: string): Promise<Read<Export>> {
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
  const [manifest = "", trustPolicies = ""] = texts;
  const lines = (name: string) => linesOf(() => createReadStream(join(folder, name)));
  return readExport({
    manifest,
    trustPolicies,
    records: lines(FILES.records),
    seals: lines(FILES.seals),
  });
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
