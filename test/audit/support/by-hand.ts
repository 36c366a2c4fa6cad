import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { README } from "./readme.ts";

/** The code blocks of the page in one language. */
export const blocksOf = (language: "sh" | "python"): string[] =>
  [...README.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, "g"))].map(
    ([, block = ""]) => block,
  );

/** The one code block that says something. */
export function blockOf(language: "sh" | "python", said: string): string {
  const found = blocksOf(language).filter((block) => block.includes(said));
  assert.equal(found.length, 1, said);
  return found[0] ?? "";
}

/** Cuts a record of an export, its seal and the key out into files, as the page says; `anchor` is a thumbprint. */
export function cutOut(folder: string, line: number, anchor: string): void {
  execFileSync("bash", ["-euo", "pipefail", "-c", blockOf("sh", "> signed.bin")], {
    cwd: folder,
    env: { ...process.env, N: String(line), ANCHOR: anchor },
    stdio: ["ignore", "ignore", "pipe"],
  });
}
