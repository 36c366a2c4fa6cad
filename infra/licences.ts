import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";

/** File beside each bundle with the licences of the packages in it. */
export const LICENCES = "THIRD-PARTY-LICENSES.txt";

const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;
const LEGAL = /^(?:licen[cs]e|notice|copying)(?:[.-].*)?$/i;

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/**
 * Writes the licence and notice texts of all packages in a bundle beside it: MIT, BSD and Apache-2.0
 * demand that they go with every copy, and most packages do not repeat them in their code. A text
 * that several packages share stands once.
 * @param root folder that the paths of the metafile start from
 * @param folder of the bundle: its file lies there, whatever code is in it
 */
export function writeLicences({ outputs }: Metafile, root: string, folder: string): void {
  const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
  const folders = inputs.map((input) => PACKAGE.exec(input)?.[0]);
  const packages = [...new Set(folders.filter((each) => each !== undefined))].sort();
  writeFileSync(join(folder, LICENCES), licencesOf(packages, root));
}

function licencesOf(folders: readonly string[], root: string): string {
  const namesByText = new Map<string, string[]>();
  for (const folder of folders) {
    const text = legalText(join(root, folder)) || "The package has no licence file.";
    const { name, version, license = "no licence stated" } = packageOf(join(root, folder));
    namesByText.set(text, [...(namesByText.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const parts = [...namesByText].map(([text, names]) => `${names.join("\n")}\n\n${text.trim()}\n`);
  return `Packages in this bundle and their licences.\n\n${parts.join(`\n${"-".repeat(72)}\n\n`)}`;
}

const packageOf = (folder: string): Package =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** Every licence and notice file of a package, in the order of their names. */
const legalText = (folder: string): string =>
  readdirSync(folder)
    .filter((name) => LEGAL.test(name))
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");
