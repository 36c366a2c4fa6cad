import { builtinModules } from "node:module";
import type { Plugin } from "esbuild";

const BUILTINS: ReadonlySet<string> = new Set(builtinModules);
const NAMESPACE = "node-builtin";

/**
 * Loads Node's own modules by `require` instead of `import`. An ES import of `node:http` evaluates all its
 * exports, `WebSocket` among them, and with that the whole HTTP client behind `fetch`: 30 ms of a cold start
 * for something that nobody here uses.
 */
export const requireBuiltins: Plugin = {
  name: "require-builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?[a-z0-9_/]+$/ }, ({ path, namespace }) => {
      const name = path.replace(/^node:/, "");
      if (!BUILTINS.has(name)) return undefined;
      return namespace === NAMESPACE
        ? { path: `node:${name}`, external: true }
        : { path: name, namespace: NAMESPACE };
    });
    onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({
      contents: `module.exports = require("node:${path}")`,
      loader: "js",
    }));
  },
};
