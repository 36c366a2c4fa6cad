import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import type { Mutant } from "./mutant.ts";
import { isPlaced, Sources } from "./place.ts";

const root = mkdtempSync(join(tmpdir(), "vai-place-"));
after(() => rmSync(root, { recursive: true, force: true }));
mkdirSync(join(root, "lib"));
writeFileSync(join(root, "lib/here.ts"), "const one = 1;\nconst two = 2;\nconst again = 2;\n");
writeFileSync(join(root, "lib/there.ts"), "const moved = 3;\n");

const mutant = (anchor: string, replacement = "const other = 0;"): Mutant => ({
  file: "lib/here.ts",
  name: "a test's",
  kind: "other-value",
  tests: [],
  anchor,
  replacement,
});
const place = (...given: Parameters<typeof mutant>) => new Sources(root).place(mutant(...given));

suite("where a mutant goes", () => {
  test("to the one place that its anchor names", () => {
    const found = place("const one = 1;");
    assert.ok(isPlaced(found));
    assert.equal(found.after, "const other = 0;\nconst two = 2;\nconst again = 2;\n");
  });

  test("to another file, if the code has moved there", () => {
    const found = place("const moved = 3;");
    assert.ok(isPlaced(found));
    assert.equal(found.file, "lib/there.ts");
  });

  for (const [what, anchor, replacement, problem] of [
    ["the anchor is gone", "const gone = 4;", undefined, /gone from lib\/here.ts/],
    ["the anchor stands twice", "= 2;", undefined, /stands 2 times/],
    ["nothing is changed", "const one = 1;", "const one = 1;", /changes nothing/],
    ["what comes of it is no source", "const one = 1;", "const one =", /no TypeScript/],
  ] as const) {
    test(`nowhere when ${what}, and it is said`, () => {
      const found = place(anchor, replacement);
      assert.ok(!isPlaced(found));
      assert.match(found.problem, problem);
    });
  }
});
