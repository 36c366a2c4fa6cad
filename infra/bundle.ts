import { join } from "node:path";
import { build } from "esbuild";
import { requireBuiltins } from "./builtins.ts";
import { BUNDLED } from "./functions.ts";

const ROOT = join(import.meta.dirname, "..");

/** Folder of the bundles; `<BUNDLES>/<function>/index.mjs` is what Lambda runs. */
export const BUNDLES: string = join(ROOT, "dist");

/**
 * Bundles the handlers of all functions into `dist/<function>/index.mjs` with one esbuild call.
 *
 * Everything is included, the AWS SDK too: the versions that ran are then the ones in the lockfile,
 * not whatever the Lambda runtime brings that day. ESM needs a `require` for the CommonJS packages
 * among them, hence the banner.
 */
export async function bundle(outdir: string = BUNDLES): Promise<void> {
  await build({
    entryPoints: BUNDLED.map((name) => ({
      in: join(ROOT, "lambdas", `${name}.ts`),
      out: `${name}/index`,
    })),
    absWorkingDir: ROOT,
    outdir,
    bundle: true,
    minify: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    alias: { "@aws-sdk/credential-provider-node": join(ROOT, "lib/aws/function-credentials.ts") },
    plugins: [requireBuiltins],
    outExtension: { ".js": ".mjs" },
    legalComments: "none",
    logLevel: "warning",
    banner: {
      js: "import{createRequire as _cr}from'node:module';const require=_cr(import.meta.url);",
    },
  });
}

if (import.meta.main) {
  await bundle();
  if (process.stdout.isTTY) console.log(`bundled ${BUNDLED.join(", ")} into dist/`);
}
