import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { unmetNeeds } from "./unenforced.ts";

// Loaded before the tests when a person named an endpoint (test/run.ts): the test files whose needs
// it cannot meet get a `test` that skips, so that Node counts and lists what was not shown.
const unmet = unmetNeeds(process.env);
const skipping = new URL("./skipping-test.ts", import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const { parentURL = "" } = context;
    const isAsked = specifier === "node:test" && parentURL.startsWith("file:");
    const file = isAsked ? fileURLToPath(parentURL) : "";
    if (!unmet.has(file)) return next(specifier, context);
    return { url: `${skipping}?file=${encodeURIComponent(file)}`, shortCircuit: true };
  },
});
