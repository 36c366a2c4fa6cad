import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");

/** The one way to the machine, and who reads and writes folders. */
const ON_NODE: ReadonlySet<string> = new Set([
  "lib/encoding/platform.ts",
  "lib/audit/export.ts",
  "lib/audit/line-file.ts",
  "lib/audit/folder.ts",
]);

/** What only Node has. */
const OF_NODE = /from "node:|import\("node:|\b(?:Buffer|process|require|__dirname)\b(?![:'])/;

suite("what a browser can run too", () => {
  for (const file of globSync("lib/{encoding,audit}/**/*.ts", { cwd: ROOT }).sort()) {
    test(`VAI-24 ${file} ${ON_NODE.has(file) ? "alone may ask Node" : "asks nothing of Node"}`, () => {
      const text = readFileSync(join(ROOT, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
      assert.equal(OF_NODE.test(text), ON_NODE.has(file));
    });
  }

  test("VAI-24 node:crypto and Buffer stand in the platform alone", () => {
    const files = [...ON_NODE].filter((file) =>
      /"node:(?:crypto|buffer)"|\bBuffer\b/.test(readFileSync(join(ROOT, file), "utf8")),
    );
    assert.deepEqual(files, ["lib/encoding/platform.ts"]);
  });
});
