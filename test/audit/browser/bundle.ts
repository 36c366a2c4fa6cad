import { join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";

const ROOT = join(import.meta.dirname, "../../..");
const ON_NODE = join(ROOT, "lib/encoding/platform.ts");
const IN_A_BROWSER = join(import.meta.dirname, "platform.ts");

/** `platform.ts` of `lib/encoding` is another one here; nothing else is exchanged. */
const exchanged: Plugin = {
  name: "platform of a browser",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/platform\.ts$/ }, ({ path, resolveDir }) =>
      resolve(resolveDir, path) === ON_NODE ? { path: IN_A_BROWSER } : undefined,
    ),
};

/**
 * The verifier as one ES module that any browser runs. Fails when anything in it still asks for a
 * module of Node.
 */
export async function browserBundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "judge.ts")],
    absWorkingDir: ROOT,
    bundle: true,
    platform: "browser",
    format: "esm",
    target: "es2024",
    write: false,
    logLevel: "silent",
    plugins: [exchanged],
  });
  return outputFiles[0]?.text ?? "";
}
