import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

/** Keeps of a client's package.json what the client reads of it, for its user agent: the version. 2 KB a client. */
export const packageVersions: Plugin = {
  name: "package-versions",
  setup({ onLoad }) {
    onLoad({ filter: /@aws-sdk\/[a-z0-9-]+\/package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, "utf8"));
      return { contents: JSON.stringify({ version }), loader: "json" };
    });
  },
};
