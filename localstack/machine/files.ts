import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** Only the owner may read: the mode of every file that holds a key or a credential. */
const OWNER_ONLY = 0o600;

/**
 * Writes a file so that a reader sees the old content or the whole new one, never a part: under a
 * temporary name beside it, then renamed. Mode 600, because most of what is written here is secret.
 */
export function writeWhole(path: string, content: string): void {
  const temporary = `${path}.${randomBytes(4).toString("hex")}`;
  writeFileSync(temporary, content, { mode: OWNER_ONLY });
  renameSync(temporary, path);
}

/** `writeWhole` of a value as indented JSON. */
export function writeJson(path: string, value: unknown): void {
  writeWhole(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** The file's text, or undefined when there is no such file. Other errors are thrown. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The last `lines` lines of a log file, or a word that there is none: what a failed start shows. */
export function tailOf(path: string, lines = 15): string {
  const text = readIfThere(path)?.trimEnd();
  return text ? text.split("\n").slice(-lines).join("\n") : "(the log file is empty)";
}
