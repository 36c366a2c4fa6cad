import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

const CONSTANT = /^const (_[A-Za-z0-9_]+) = ("(?:[^"\\]|\\.)*");$/gm;
const COMPUTED_KEY = /\[(_[A-Za-z0-9_]+)\]:/g;

/**
 * Lets esbuild drop the SDK's schemas of operations that nobody calls. A client keeps all of them in one file,
 * in objects whose keys are written `[_name]:`; a computed key may run code, so a bundler must keep every one:
 * 550 KB for four EC2 operations. The names are string constants of the same file, so they are put in literally.
 */
export const literalSchemaKeys: Plugin = {
  name: "literal-schema-keys",
  setup({ onLoad }) {
    onLoad({ filter: /client-[a-z0-9-]+\/dist-es\/schemas\/schemas_0\.js$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const constants = new Map(
        [...source.matchAll(CONSTANT)].map(([, name = "", value = ""]) => [name, value] as const),
      );
      const contents = source.replace(COMPUTED_KEY, (computed, name: string) => {
        const value = constants.get(name);
        return value === undefined ? computed : `${value}:`;
      });
      return { contents, loader: "js" };
    });
  },
};
