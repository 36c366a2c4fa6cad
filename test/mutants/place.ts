import { globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { type Mutant, titleOf } from "./mutant.ts";

/** Where a mutant's edit goes, with the file's text before and after it. */
export interface Placed {
  readonly mutant: Mutant;
  /** From the root; another one than the mutant says when its code has moved. */
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** Why a mutant has no place any more: somebody moved or changed what it is anchored to. */
export interface Unplaced {
  readonly mutant: Mutant;
  readonly problem: string;
}

export const isPlaced = (found: Placed | Unplaced): found is Placed => "after" in found;

/** Sources of a tree, each read once: later work moves code, so an anchor is looked for by its text. */
export class Sources {
  readonly #root: string;
  readonly #texts = new Map<string, string>();
  #all: readonly string[] | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  place(mutant: Mutant): Placed | Unplaced {
    const own = this.#read(mutant.file);
    const here = own === undefined ? 0 : occurrences(own, mutant.anchor);
    if (own !== undefined && here === 1) return this.#edit(mutant, mutant.file, own);
    if (here > 1) return { mutant, problem: `its anchor stands ${here} times in ${mutant.file}` };
    const [file, ...others] = this.#files().filter(
      (each) => occurrences(this.#read(each) ?? "", mutant.anchor) === 1,
    );
    const moved = file === undefined ? undefined : this.#read(file);
    if (file === undefined || moved === undefined || others.length > 0) {
      const where = others.length > 0 ? "stands in several files" : "is in no file of lib/";
      return { mutant, problem: `its anchor is gone from ${mutant.file} and ${where}` };
    }
    return this.#edit(mutant, file, moved);
  }

  #edit(mutant: Mutant, file: string, before: string): Placed | Unplaced {
    const after = before.replace(mutant.anchor, () => mutant.replacement);
    if (after === before) return { mutant, problem: "it changes nothing" };
    try {
      stripTypeScriptTypes(after);
    } catch {
      // A file that cannot be read is noticed by any test, and shows nothing.
      return { mutant, problem: "its replacement is no TypeScript" };
    }
    return { mutant, file, before, after };
  }

  #files(): readonly string[] {
    this.#all ??= globSync("lib/**/*.ts", { cwd: this.#root }).sort();
    return this.#all;
  }

  #read(file: string): string | undefined {
    const known = this.#texts.get(file);
    if (known !== undefined) return known;
    try {
      const text = readFileSync(join(this.#root, file), "utf8");
      this.#texts.set(file, text);
      return text;
    } catch {
      return undefined;
    }
  }
}

const occurrences = (text: string, part: string): number => text.split(part).length - 1;

/** One line for people about a mutant without a place. */
export const unplacedText = ({ mutant, problem }: Unplaced): string =>
  `${titleOf(mutant)}: ${problem}. Anchor it anew in test/mutants/data, or say why it is gone.`;
