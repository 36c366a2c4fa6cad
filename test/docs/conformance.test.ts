import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import * as z from "zod";

const ROOT = join(import.meta.dirname, "../..");

/** `test/conformance.json`: the ten design requirements, each with the tests that show it, by id and file. */
const conformance = z
  .array(
    z.strictObject({
      number: z.int(),
      requirement: z.string().min(20),
      shownBy: z
        .array(z.strictObject({ id: z.string().regex(/^VAI-\d+$/), file: z.string() }))
        .min(1),
    }),
  )
  .parse(JSON.parse(readFileSync(join(ROOT, "test/conformance.json"), "utf8")));

/** Titles of the tests that a file has and runs; what stands in a template's holes is looked for beside them. */
function titlesIn(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const titles = [...text.matchAll(/\btest\(\s*(["`])(.*?)\1/gs)].map(([, , title = ""]) => title);
  const isFilled = titles.some((title) => /^VAI-\d+ \$\{/.test(title) || /^\$\{/.test(title));
  return isFilled
    ? [...titles, ...[...text.matchAll(/"(VAI-\d+)"/g)].map(([, id = ""]) => id)]
    : titles;
}

suite("conformance to the ten design requirements", () => {
  test("VAI-155 each of the ten has a test, none twice, and no other is listed", () => {
    assert.deepEqual(
      conformance.map(({ number }) => number),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    for (const { number, shownBy } of conformance) {
      const named = shownBy.map(({ id, file }) => `${id} ${file}`);
      assert.equal(new Set(named).size, named.length, `${number}`);
    }
  });

  for (const { number, shownBy } of conformance) {
    test(`VAI-155 requirement ${number} is shown by tests that are there`, () => {
      for (const { id, file } of shownBy) {
        assert.ok(file.endsWith(".test.ts") && existsSync(join(ROOT, file)), file);
        const found = titlesIn(file).some((title) => new RegExp(`\\b${id}\\b`).test(title));
        assert.ok(found, `${file} has no test with ${id} in its title`);
      }
    });
  }

  test("VAI-155 a test that is gone, or is skipped, is missed", () => {
    const titles = titlesIn("test/enforcement/golden.test.ts");
    assert.ok(titles.some((title) => title.includes("VAI-90")));
    assert.ok(!titles.some((title) => title.includes("VAI-155")));
    for (const { shownBy } of conformance) {
      for (const { file } of shownBy) {
        assert.doesNotMatch(
          readFileSync(join(ROOT, file), "utf8"),
          /\b(test|suite)\.(skip|todo)\(/,
        );
      }
    }
  });
});
