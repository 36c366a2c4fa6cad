import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { signingKey } from "../client/keys.ts";
import type { SigningKey } from "../encoding/jws.ts";
import { CommandError, EXIT } from "./io.ts";

/** Text of a file. @throws {CommandError} that names the file and what to do. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new CommandError(
      EXIT.unreadable,
      `cannot read ${path}: check the path and its permissions`,
    );
  }
}

export function readJson(path: string): unknown {
  const text = readText(path);
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandError(EXIT.unreadable, `${path} is not JSON`);
  }
}

/** A private key file. @throws {CommandError}; its message holds nothing of the key. */
export function readKey(path: string): SigningKey {
  try {
    return signingKey(readJson(path));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const why = error instanceof TypeError ? error.message : "cannot be read";
    throw new CommandError(EXIT.unreadable, `${path}: ${why}; make one with: vai keys new ${path}`);
  }
}

/** Writes a file of secrets, readable by its owner alone; never over an existing one. */
export function writeSecret(path: string, text: string): void {
  writeNew(path, text, 0o600);
}

const EXISTS = "exists already; choose another name or remove it first";

/** Before something is done that cannot be repeated: that there is room for its result. @throws {CommandError}. */
export function requireNew(path: string, or = ""): void {
  if (existsSync(path)) throw new CommandError(EXIT.unreadable, `${path} ${EXISTS}${or}`);
}

/** Writes a file, never over an existing one. @throws {CommandError}. */
export function writeNew(path: string, text: string, mode = 0o644): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode, flag: "wx" });
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    const why = exists ? EXISTS : "cannot be written";
    throw new CommandError(EXIT.unreadable, `${path} ${why}`);
  }
}

/** Writes over what is there: for results, which are made again at will. */
export function writeResult(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch {
    throw new CommandError(EXIT.unreadable, `${path} cannot be written`);
  }
}
