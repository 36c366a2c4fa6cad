import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { marshall } from "@aws-sdk/util-dynamodb";
import fc from "fast-check";
import { readItem } from "../../lib/aws/ports/items.ts";

/** An item of a table, whoever wrote it. */

const digits = (whole: string, part: string): string => (part === "" ? whole : `${whole}.${part}`);

suite("an item as DynamoDB sends it", () => {
  test("VAI-115 numbers that are written here are numbers", () => {
    for (const value of [0, 1, -7, 1.5, 1_777_954_000, Number.MAX_SAFE_INTEGER]) {
      assert.deepEqual(readItem({ n: { N: String(value) } }), { n: value });
    }
  });

  test("VAI-115 whatever number stands there: nothing throws, and it is written back digit for digit", () => {
    const number = fc
      .tuple(fc.stringMatching(/^-?[1-9][0-9]{0,24}$/), fc.stringMatching(/^([0-9]{0,12}[1-9])?$/))
      .map(([whole, part]) => digits(whole, part));
    fc.assert(
      fc.property(number, (text) => {
        const raw = { deep: { L: [{ M: { n: { N: text } } }] } };
        assert.deepEqual(marshall(readItem(raw)), raw);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  test("VAI-115 every reader of a table reads items so", () => {
    const folder = new URL("../../lib/", import.meta.url);
    const readers = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.startsWith("aws/") && name.endsWith(".ts"))
      .filter((name) => /\bunmarshall\b/.test(readFileSync(new URL(name, folder), "utf8")));
    assert.deepEqual(readers, ["aws/ports/items.ts"]);
  });

  test("VAI-115 what JavaScript cannot hold is no number", () => {
    for (const text of [
      "12345678901234567890.5",
      "12345678901234567890",
      "1.00000000000000000001",
    ]) {
      const { n } = readItem({ n: { N: text } });
      assert.equal(typeof n, "object");
      assert.doesNotThrow(() => JSON.stringify(n));
    }
  });
});
