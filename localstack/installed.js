// @ts-check
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

// JavaScript that needs no package and runs on the machine's own Node: it is what looks whether there are any.

/** @typedef {{ version?: string, optional?: boolean, link?: boolean, bin?: Record<string, string> }} Package */

/**
 * What is wrong with `node_modules`, or `undefined`: a package that the lockfile names and that is missing, emptied, or of
 * another version, as an older lockfile, an install that broke off, a full disk or a careless `rm` leave it.
 * @param {string} root
 * @returns {string | undefined}
 */
export function installProblem(root) {
  try {
    const locked = packagesOf(join(root, "package-lock.json"));
    const installed = packagesOf(join(root, "node_modules", ".package-lock.json"));
    for (const [path, wanted] of Object.entries(locked)) {
      const found = installed[path];
      // What is optional is there on the platforms that it is for.
      if (path === "" || (found === undefined && wanted.optional === true)) continue;
      if (found?.version !== wanted.version) return `${path} is not ${wanted.version}`;
      if (wanted.link !== true && !isWhole(join(root, path), wanted)) return `${path} is damaged`;
    }
    return undefined;
  } catch {
    return "nothing is installed";
  }
}

/**
 * @param {string} file
 * @returns {Record<string, Package>}
 */
const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages;

/**
 * @param {string} folder
 * @param {Package} wanted
 */
function isWhole(folder, { version, bin = {} }) {
  try {
    const { version: found } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    for (const file of Object.values(bin)) statSync(join(folder, file));
    return found === version;
  } catch {
    return false;
  }
}

if (process.argv[1] === import.meta.filename) {
  const problem = installProblem(join(import.meta.dirname, ".."));
  if (problem !== undefined) {
    process.stderr.write(`node_modules: ${problem}; installing what the lockfile names\n`);
    process.exitCode = 1;
  }
}
