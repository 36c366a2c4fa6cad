import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { type HeldKey, signingKey } from "./keys.ts";

/** What others than its owner may do with a file. */
const OTHERS = 0o077;

/**
 * A key from the file of its private JWK, which only its owner may read: mode 0600, or less.
 * @throws {TypeError} that names the file and what is wrong with it; the message holds nothing of the key. And what
 * `node:fs` throws for a file that cannot be read.
 */
export function fileKey(path: string): HeldKey {
  const text = readPrivately(path);
  try {
    return signingKey(JSON.parse(text));
  } catch (error) {
    // What JSON.parse says quotes the text.
    const why = error instanceof TypeError ? error.message : "is no JSON";
    throw new TypeError(`${path} ${why}`);
  }
}

/** The very file that was looked at is read: another one may lie there a moment later. */
function readPrivately(path: string): string {
  const file = openSync(path, "r");
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw new TypeError(`${path} is no file`);
    if ((found.mode & OTHERS) !== 0) {
      const mode = (found.mode & 0o777).toString(8).padStart(4, "0");
      throw new TypeError(`${path} has mode ${mode}; whoever can read it is you: chmod 600`);
    }
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}
