import { randomUUID } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CommandError, EXIT } from "./io.ts";
import { jsonProblem } from "./json-place.ts";
import { isTooDeep } from "./nesting.ts";

/** Text of a file. @throws {CommandError} that names the file and what to do. */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new CommandError(
      EXIT.unreadable,
      `cannot read ${path}: check the path and its permissions`,
    );
  }
}

export const readJson = (path: string): unknown => jsonOf(readText(path), path);

/** The JSON of a file's text. @throws {CommandError} that says where it is none. */
export function jsonOf(text: string, path: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CommandError(EXIT.unreadable, `${path} is not JSON: ${jsonProblem(text)}`);
  }
  if (isTooDeep(value)) throw new CommandError(EXIT.unreadable, `${path} is nested too deeply`);
  return value;
}

const EXISTS = "exists already; choose another name or remove it first";

/**
 * Before something is done that cannot be repeated: that its result can be written, and over nothing. Not even over a
 * link that leads nowhere, which would be found only when it is too late. @throws {CommandError}.
 */
export function requireNew(path: string, or = ""): void {
  writeNew(path, "", or);
  rmSync(path);
}

/**
 * Writes a file that only its owner can read, never over an existing one and never through a link: what `vai` writes
 * are keys, handles, contracts and events, and the latter spell out values that evidence keeps as digests.
 * @throws {CommandError}.
 */
export function writeNew(path: string, text: string, or = ""): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    // O_EXCL: a link that somebody laid there is not followed, whether it leads somewhere or not.
    writeFileSync(path, text, { mode: OWNER_ONLY, flag: "wx" });
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    const why = exists ? `${EXISTS}${or}` : "cannot be written";
    throw new CommandError(EXIT.unreadable, `${path} ${why}`);
  }
}

const OWNER_ONLY = 0o600;

/**
 * Writes a file that only its owner can read, in the place of an older one: another file under the same name, so that
 * neither the older one's readers nor whoever laid a link there get what is written.
 * @returns whether there was an older one. @throws {CommandError}.
 */
export function replaceFile(path: string, text: string): boolean {
  const cannot = (why: string): CommandError => new CommandError(EXIT.unreadable, `${path} ${why}`);
  const older = lstatSync(path, { throwIfNoEntry: false });
  if (older !== undefined && !older.isFile()) {
    throw cannot(`is ${older.isSymbolicLink() ? "a link" : "no file"}; choose another name`);
  }
  const whole = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(whole, text, { mode: OWNER_ONLY, flag: "wx", flush: true });
    renameSync(whole, path);
  } catch {
    rmSync(whole, { force: true });
    throw cannot("cannot be written");
  }
  return older !== undefined;
}

/** What became of a file, for the person who has to find it. */
export const writtenLine = (path: string, isReplaced: boolean): string =>
  `${path} (readable by its owner alone${isReplaced ? "; in the place of an older one" : ""})`;
