import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Plugin } from "esbuild";
import { usedSchemasOnly } from "./schemas.ts";

const SDK = /node_modules\/@(?:smithy|aws-sdk)\/[a-z0-9-]+\/dist-es\/.*\.js$/;
const FROM = /^(import|export) \{([^}]*)\} from "([^"]+)";$/gm;
/** Indices of what all clients share; those of a client itself are for us. */
const INDEX = /node_modules\/@(?:smithy|aws-sdk)\/core\/dist-es\/.*index\.js$/;

/** Where a name that an index passes on is made, and under which name there. */
interface Origin {
  readonly file: string;
  readonly name: string;
}

/**
 * Lets the SDK's modules import what they need from the file that makes it, instead of from an index that passes a whole
 * folder on. A bundler that splits code puts a file where it can be reached from, needed or not: through an index, every
 * function would load at its start what only S3's client needs.
 */
export const directImports: Plugin = {
  name: "direct-imports",
  setup({ onLoad, resolve }) {
    const indices = new Map<string, Promise<ReadonlyMap<string, Origin>>>();

    async function fileOf(specifier: string, from: string): Promise<string | undefined> {
      if (specifier.startsWith(".")) {
        const path = join(dirname(from), specifier);
        return [`${path}.js`, join(path, "index.js"), path].find(
          (each) => each.endsWith(".js") && existsSync(each),
        );
      }
      if (!/^@(?:smithy|aws-sdk)\//.test(specifier)) return undefined;
      const options = { kind: "import-statement", resolveDir: dirname(from) } as const;
      const { path, errors } = await resolve(specifier, options);
      return errors.length === 0 && SDK.test(path) ? path : undefined;
    }

    /** What an index passes on, followed to its end. */
    function originsIn(index: string): Promise<ReadonlyMap<string, Origin>> {
      const known = indices.get(index) ?? readOrigins(index);
      indices.set(index, known);
      return known;
    }

    async function readOrigins(index: string): Promise<ReadonlyMap<string, Origin>> {
      const origins = new Map<string, Origin>();
      const source = await readFile(index, "utf8");
      for (const [, keyword, names = "", specifier = ""] of source.matchAll(FROM)) {
        if (keyword !== "export") continue;
        const file = await fileOf(specifier, index);
        if (file === undefined) continue;
        for (const [name, alias] of namesIn(names)) {
          origins.set(alias, await originOf(file, name));
        }
      }
      return origins;
    }

    async function originOf(file: string, name: string): Promise<Origin> {
      if (!INDEX.test(file)) return { file, name };
      return (await originsIn(file)).get(name) ?? { file, name };
    }

    onLoad({ filter: SDK }, async ({ path }) => {
      const source = usedSchemasOnly(path, await readFile(path, "utf8"));
      let contents = "";
      let end = 0;
      for (const match of source.matchAll(FROM)) {
        const [statement, keyword = "", names = "", specifier = ""] = match;
        contents += source.slice(end, match.index);
        end = match.index + statement.length;
        const file = await fileOf(specifier, path);
        // What an index passes on, others now take from where it is made.
        if (file !== undefined && keyword === "export" && INDEX.test(path)) continue;
        contents += file === undefined ? statement : await direct(keyword, names, file);
      }
      return { contents: contents + source.slice(end), loader: "js" };
    });

    async function direct(keyword: string, names: string, file: string): Promise<string> {
      const statements = namesIn(names).map(async ([name, alias]) => {
        const origin = await originOf(file, name);
        const named = origin.name === alias ? alias : `${origin.name} as ${alias}`;
        return `${keyword} { ${named} } from ${JSON.stringify(origin.file)};`;
      });
      return (await Promise.all(statements)).join("");
    }
  },
};

/** `a, b as c` as pairs of the name there and the name here. */
const namesIn = (names: string): [name: string, alias: string][] =>
  names
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "")
    .map((each) => {
      const [name = "", alias = name] = each.split(" as ");
      return [name, alias];
    });
