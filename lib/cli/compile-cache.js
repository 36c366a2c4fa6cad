// @ts-check

import { lstatSync, mkdirSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";

/** @typedef {Readonly<Record<string, string | undefined>>} Environment */

/**
 * Lets V8 keep what it made of our code, stripped of its types and compiled, so that a command does not begin with half a
 * second of compiling. Whoever can write there decides what `vai` runs, with keys and credentials in reach: the folder is
 * one that only its user can write, or none. Without it everything works, slower. Node's own `NODE_COMPILE_CACHE` and
 * `NODE_DISABLE_COMPILE_CACHE` come first.
 * @param {Environment} environment
 */
export function useCompileCache(environment) {
  if (environment["NODE_COMPILE_CACHE"] !== undefined) return;
  const folder = privateFolder(cacheFolder(environment, process.platform));
  if (folder !== undefined) enableCompileCache(folder);
}

/**
 * The user's own cache folder as the platform has it; `undefined` on Windows, whose modes say nothing.
 * @param {Environment} environment
 * @param {NodeJS.Platform} platform
 */
export function cacheFolder(environment, platform) {
  if (platform === "win32") return undefined;
  const home = environment["HOME"] ?? homedir();
  const named = environment["XDG_CACHE_HOME"];
  const own = platform === "darwin" ? join(home, "Library/Caches") : join(home, ".cache");
  // The XDG specification has relative paths ignored.
  const caches = named !== undefined && isAbsolute(named) ? named : own;
  return isAbsolute(caches) ? join(caches, "vai-aws", "compiled") : undefined;
}

/**
 * A folder, made if need be, that only this user can write and nobody else can put another in the place of.
 * @param {string | undefined} folder
 */
export function privateFolder(folder) {
  const user = process.getuid?.();
  if (folder === undefined || user === undefined) return undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return isPrivate(folder, user) && isOutOfReach(dirname(folder), user) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Owner and mode of the folder itself: a link is none, whatever it leads to.
 * @param {string} folder
 * @param {number} user
 */
function isPrivate(folder, user) {
  const status = lstatSync(folder);
  return status.isDirectory() && status.uid === user && (status.mode & 0o077) === 0;
}

/**
 * Every folder above belongs to this user or to root, and nobody else may write it: they could move what is in it.
 * @param {string} folder
 * @param {number} user
 * @returns {boolean}
 */
function isOutOfReach(folder, user) {
  const status = lstatSync(folder);
  const isOwn = status.isDirectory() && (status.uid === user || status.uid === 0);
  if (!isOwn || (status.mode & 0o022) !== 0) return false;
  return folder === dirname(folder) || isOutOfReach(dirname(folder), user);
}
