import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

const MODULES = /zod\/v4\/core\/(?:to-json-schema|json-schema-processors)\.js$/;
const EXPORTED = /^export (?:async )?(?:function|const|class) ([A-Za-z0-9_]+)/gm;

/**
 * Leaves out of a bundle what zod writes JSON Schemas with: every zod schema refers to it, no function of the plane
 * calls it. 18 KB. Called nevertheless, it says what is missing.
 */
export const noJsonSchemas: Plugin = {
  name: "no-json-schemas",
  setup({ onLoad }) {
    onLoad({ filter: MODULES }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const names = [...source.matchAll(EXPORTED)].map(([, name = ""]) => name);
      const contents = [
        'const missing = () => { throw new TypeError("JSON Schemas are not in this bundle"); };',
        ...names.map((name) => `export const ${name} = missing;`),
      ].join("\n");
      return { contents, loader: "js" };
    });
  },
};
