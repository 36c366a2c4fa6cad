import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { STARTING } from "../support/starting.ts";

/** Imports and exports that stand at the begin of a line, and those that are loaded when they are needed. */
const IMPORT = /(?:(?:^|\n)\s*(?:import|export)\b[^"';]*?(?:from\s*)?|\bimport\()"(\.[^"]+)"/g;

/**
 * Which unit tests can see a source: those that reach it by their imports, the nearest first. Tests that start
 * processes, and those that look at what was built from the sources, are left out.
 */
export class Visibility {
  readonly #root: string;
  readonly #imports = new Map<string, readonly string[]>();
  readonly #tests: readonly string[];

  constructor(root: string) {
    this.#root = root;
    const left = new Set(globSync([...STARTING, "test/{infra,docs}/**"], { cwd: root }));
    this.#tests = globSync("test/**/*.test.ts", { cwd: root })
      .filter((file) => !left.has(file))
      .sort();
  }

  testsOf(source: string): string[] {
    const far = this.#tests
      .map((file) => ({ file, distance: this.#distance(file, source) }))
      .filter(({ distance }) => distance !== undefined);
    return far
      .sort((left, right) => Number(left.distance) - Number(right.distance))
      .map(({ file }) => file);
  }

  /** Imports between a test and a source; `undefined` when it does not reach it. */
  #distance(from: string, to: string): number | undefined {
    const seen = new Set([from]);
    let [edge, distance] = [[from], 0];
    while (edge.length > 0) {
      if (edge.includes(to)) return distance;
      edge = edge.flatMap((file) => this.#importsOf(file)).filter((file) => !seen.has(file));
      for (const file of edge) seen.add(file);
      distance += 1;
    }
    return undefined;
  }

  #importsOf(file: string): readonly string[] {
    const known = this.#imports.get(file);
    if (known !== undefined) return known;
    const path = join(this.#root, file);
    const text = file.endsWith(".ts") && existsSync(path) ? readFileSync(path, "utf8") : "";
    const found = [...text.matchAll(IMPORT)].map(([, specifier = ""]) =>
      relative(this.#root, resolve(dirname(path), specifier)),
    );
    this.#imports.set(file, found);
    return found;
  }
}
