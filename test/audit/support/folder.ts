import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExportOptions, writeExport } from "../../../lib/audit/export.ts";
import type { EvidenceRow } from "../../../lib/evidence/row.ts";
import { PLANE, readerOf } from "./plane.ts";
import type { Story } from "./story.ts";

/** A new folder below the system's own for temporary files; `remove` takes it away again. */
export async function temporary(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "vai-audit-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Exports a story, or other rows of its plane, as `vai export` does. */
export async function exportTo(
  folder: string,
  story: Pick<Story, "anchor" | "rows">,
  more: Partial<ExportOptions> & { rows?: readonly EvidenceRow[] } = {},
): Promise<string> {
  const { rows = story.rows, ...options } = more;
  const result = await writeExport(folder, readerOf(rows), {
    plane: PLANE,
    createdAt: "2026-05-05T05:00:00.000Z",
    anchors: [story.anchor.jwk],
    ...options,
  });
  if ("problem" in result) throw new TypeError(result.problem);
  return folder;
}

/** Edits one file of a folder line by line, the last line break left alone. */
export async function editLines(path: string, edit: (lines: string[]) => string[]): Promise<void> {
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  const edited = edit(lines);
  await writeFile(path, edited.map((line) => `${line}\n`).join(""));
}

// biome-ignore lint/suspicious/noExplicitAny: a manifest is edited into what it must not be
export async function editManifest(folder: string, edit: (manifest: any) => void): Promise<void> {
  const path = join(folder, "manifest.json");
  const manifest = JSON.parse(await readFile(path, "utf8"));
  edit(manifest);
  await writeFile(path, JSON.stringify(manifest));
}
