import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { canonicalize } from "../../lib/encoding/canonical-json.ts";
import { isCanonicalText } from "../../lib/encoding/canonical-text.ts";

/** What an implementation of RFC 8785 that others wrote says: text that it writes again byte for byte. */
function isRewritten(text: string): boolean {
  try {
    return canonicalize(JSON.parse(text)) === text;
  } catch {
    return false;
  }
}

/** Values whose names and texts are full of what RFC 8785 has rules for. */
const letters = fc.constantFrom(
  ...'abAB01 "\\/\b\f\n\r\t\u0000\u001f\u007f\u00e9\u2028\ud83d\udd11\ufb33',
);
const word = fc.string({ unit: letters, maxLength: 6 });
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    word,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.constantFrom(true, false, null, 0, -0, 1e21, 1e-7, 123456789012345680000),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(word, tie("value"), { maxKeys: 5 }),
  ),
}));

describe("isCanonicalText", () => {
  test("OKG-23 takes what an RFC 8785 implementation writes", () => {
    fc.assert(
      fc.property(value, (each) => {
        assert.ok(isCanonicalText(canonicalize(each)));
      }),
      { numRuns: 1000 },
    );
  });

  test("OKG-23 judges every other spelling as that implementation does", () => {
    const spelling = fc.tuple(value, fc.nat(6), fc.nat(10_000)).map(([each, how, at]) => {
      const text = JSON.stringify(each);
      const cut = text.length === 0 ? 0 : at % text.length;
      return [
        text,
        JSON.stringify(each, null, 1),
        canonicalize(each).replace(/[^\x20-\x7e]/g, (letter) =>
          [...letter]
            .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
            .join(""),
        ),
        canonicalize(each).replaceAll("\\n", "\\u000a"),
        canonicalize(each).replaceAll("/", "\\/"),
        canonicalize(each).replace(/\d+/, (digits) => `${digits}.0`),
        `${text.slice(0, cut)} ${text.slice(cut)}`,
      ][how] as string;
    });
    fc.assert(
      fc.property(spelling, (text) => {
        try {
          JSON.parse(text);
        } catch {
          return;
        }
        assert.equal(isCanonicalText(text), isRewritten(text), text);
      }),
      { numRuns: 3000 },
    );
  });

  test("OKG-23 refuses each spelling that RFC 8785 does not write", () => {
    for (const text of [
      '{"b":1,"a":2}',
      '{"a":1,"a":1}',
      '{"a" :1}',
      "[1, 2]",
      "[1\n]",
      "1.0",
      "1e2",
      "1E21",
      "-0",
      "0.10",
      '"\\u0061"',
      '"\\/"',
      '"\\u000A"',
      '"\\u001F"',
      '"\\u0008"',
      '"\\ud83d\\udd11"',
      '"\\ud800"',
      '"\ud800"',
      '{"\\u0061":1}',
      '{"\u20ac":1,"\\r":2}',
    ]) {
      JSON.parse(text);
      assert.equal(isCanonicalText(text), false, text);
    }
    assert.ok(isCanonicalText('{"\\r":2,"1":1,"\u20ac":1,"\ud83d\ude00":1,"\ufb33":1}'));
  });

  test("ADV-07 refuses what is nested without end, however long it is", () => {
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    assert.ok(isCanonicalText(nested(64)));
    assert.equal(isCanonicalText(nested(65)), false);
    assert.equal(isCanonicalText(nested(1_000_000)), false);
  });
});
