import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { type BuildOptions, build, type Metafile } from "esbuild";
import { requireBuiltins } from "./builtins.ts";
import { directImports } from "./direct-imports.ts";
import { BUNDLED, type BundleName } from "./functions.ts";
import { noJsonSchemas } from "./json-schemas.ts";
import { writeLicences } from "./licences.ts";
import { packageVersions } from "./package-versions.ts";

const ROOT = join(import.meta.dirname, "..");

/** Folder of the bundles; `<BUNDLES>/<function>/index.mjs` is what Lambda starts. */
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
  plugins: [requireBuiltins, noJsonSchemas, packageVersions, directImports],
  outExtension: { ".js": ".mjs" },
  legalComments: "none",
  logOverride: { "import-is-undefined": "error" },
  logLevel: "warning",
  banner: {
    js: "import{createRequire as _cr}from'node:module';const require=_cr(import.meta.url);",
  },
} as const satisfies BuildOptions;

/**
 * Bundles the handlers of all functions, each into a folder of its own, and lays beside it the licences of what is in it.
 * `dist/<function>/index.mjs` and what it imports is loaded at a cold start; the clients of the actions' services, and what
 * encrypts, are files beside it that are loaded when a request needs one. Nothing else is left of an earlier bundle.
 */
export async function bundle(outdir: string = BUNDLES): Promise<void> {
  await Promise.all(BUNDLED.map((name) => bundleFunction(name, join(outdir, name))));
}

async function bundleFunction(name: BundleName, outdir: string): Promise<void> {
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    ...BUNDLE_OPTIONS,
    entryPoints: [{ in: join(ROOT, "lambdas", `${name}.ts`), out: "index" }],
    outdir,
    splitting: true,
    chunkNames: "[name]-[hash]",
    metafile: true,
  });
  const outputs = reachable(metafile.outputs);
  // esbuild writes a file for every import() that it has read, also where it then dropped the code around it.
  for (const file of Object.keys(metafile.outputs)) {
    if (outputs[file] === undefined) rmSync(join(ROOT, file));
  }
  writeLicences({ ...metafile, outputs }, ROOT, outdir);
}

type Outputs = Metafile["outputs"];

/** The files that the handler can ever load. */
function reachable(outputs: Outputs): Outputs {
  const handler = Object.keys(outputs).find((file) => basename(file) === "index.mjs");
  const found: Outputs = {};
  const waiting = [handler];
  for (const file of waiting) {
    const output = file === undefined ? undefined : outputs[file];
    if (file === undefined || output === undefined || found[file] !== undefined) continue;
    found[file] = output;
    waiting.push(...output.imports.map(({ path }) => path));
  }
  return found;
}

if (import.meta.main) {
  await bundle();
  if (process.stdout.isTTY) console.log(`bundled ${BUNDLED.join(", ")} into dist/`);
}
