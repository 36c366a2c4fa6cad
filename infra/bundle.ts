import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { requireBuiltins } from "./builtins.ts";
import { BUNDLED } from "./functions.ts";
import { noJsonSchemas } from "./json-schemas.ts";
import { writeLicences } from "./licences.ts";
import { usedSchemasOnly } from "./schemas.ts";

const ROOT = join(import.meta.dirname, "..");

/** Folder of the bundles; `<BUNDLES>/<function>/index.mjs` is what Lambda runs. */
export const BUNDLES: string = join(ROOT, "dist");

/**
 * How a function's code is bundled.
 *
 * Everything is included, the AWS SDK too: the versions that ran are then the ones in the lockfile,
 * not whatever the Lambda runtime brings that day. ESM needs a `require` for the CommonJS packages
 * among them, hence the banner.
 */
export const BUNDLE_OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  platform: "node",
  target: "node24",
  format: "esm",
  mainFields: ["module", "main"],
  alias: {
    "@aws-sdk/credential-provider-node": join(ROOT, "lib/aws/function/function-credentials.ts"),
  },
  plugins: [requireBuiltins, usedSchemasOnly, noJsonSchemas],
  outExtension: { ".js": ".mjs" },
  legalComments: "none",
  logLevel: "warning",
  banner: {
    js: "import{createRequire as _cr}from'node:module';const require=_cr(import.meta.url);",
  },
} as const satisfies BuildOptions;

/**
 * Bundles the handlers of all functions into `dist/<function>/index.mjs` with one esbuild call, and
 * lays beside each the licences of what is in it.
 */
export async function bundle(outdir: string = BUNDLES): Promise<void> {
  const { metafile } = await build({
    ...BUNDLE_OPTIONS,
    entryPoints: BUNDLED.map((name) => ({
      in: join(ROOT, "lambdas", `${name}.ts`),
      out: `${name}/index`,
    })),
    outdir,
    metafile: true,
  });
  writeLicences(metafile, ROOT);
}

if (import.meta.main) {
  await bundle();
  if (process.stdout.isTTY) console.log(`bundled ${BUNDLED.join(", ")} into dist/`);
}
