import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { canonicalize } from "../../lib/encoding/canonical-json.ts";
import { limitProblem, readStrictJson } from "../../lib/encoding/strict-json.ts";

const read = (text: string) => readStrictJson(Buffer.from(text, "utf8"));
const json = fc.jsonValue({ stringUnit: "binary", maxDepth: 6 });

/** JSON values as PROTOCOL.md §1 admits them: integers alone, well-formed text, modest depth. */
const { strict } = fc.letrec((tie) => ({
  strict: fc.oneof(
    { depthSize: "small", maxDepth: 6 },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc.string({ unit: "grapheme" }),
    fc.array(tie("strict"), { maxLength: 6 }),
    fc.dictionary(
      fc.oneof(
        fc.string({ unit: "grapheme" }),
        fc.nat(20).map(String),
        fc.constantFrom("a\u0000", "\u20ac", "\ud83d\ude00", "\ufb33"),
      ),
      tie("strict"),
      { maxKeys: 6 },
    ),
  ),
}));
const FORBIDDEN = /"(__proto__|constructor|prototype)":/;

suite("canonical JSON (RFC 8785)", () => {
  test("VAI-37 §3.2.2 and §3.2.3 of the RFC: literals, numbers, text, order of members", () => {
    const input =
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
      '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}';
    const output =
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}';
    assert.equal(canonicalize(JSON.parse(input)), output);
  });

  test("VAI-37 §3.2.3 members are sorted by UTF-16 code units", () => {
    const input = JSON.parse(
      '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh",' +
        '"1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control",' +
        '"\\u00f6":"Latin Small Letter O With Diaeresis"}',
    );
    assert.deepEqual(
      Object.values(JSON.parse(canonicalize(input).replaceAll(/"1":/g, '"\\u00001":'))).length,
      7,
    );
    const order = [...canonicalize(input).matchAll(/:"([^"]*)"/g)].map(([, value]) => value);
    assert.deepEqual(order, [
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  test("UP-19 OKG-01 what JSON cannot say throws, and no member is dropped", () => {
    for (const none of [undefined, () => 1]) assert.throws(() => canonicalize(none), TypeError);
    for (const none of [Number.NaN, Number.POSITIVE_INFINITY, "\ud800"]) {
      assert.throws(() => canonicalize(none), TypeError);
      assert.throws(() => canonicalize({ a: [none] }), TypeError);
      if (typeof none === "string") assert.throws(() => canonicalize({ [none]: 1 }), TypeError);
    }
    assert.notEqual(canonicalize({ at: new Date(0) }), canonicalize({ at: {} }));
    const hidden = JSON.parse('{"__proto__":{"risk":"LOW"},"a":1}');
    assert.equal(canonicalize(hidden), '{"__proto__":{"risk":"LOW"},"a":1}');
    assert.notEqual(canonicalize(hidden), canonicalize({ a: 1 }));
    assert.equal(canonicalize(-0), "0");
  });

  test("VAI-37 the canonical form of any JSON reads as the same JSON, and is its own canonical form", () => {
    fc.assert(
      fc.property(json, (value) => {
        let text: string;
        try {
          text = canonicalize(value);
        } catch {
          return;
        }
        assert.equal(canonicalize(JSON.parse(text)), text);
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

suite("strict reading", () => {
  const SPELLINGS: readonly (readonly [text: string, says: RegExp])[] = [
    [String.raw`{"a":"caf\u00e9"}`, /from character 10 on it writes an escape such as \\u00e9/],
    [String.raw`{"a":"\u003c"}`, /from character 7 on it writes an escape/],
    ['{"a": 1}', /from character 6 on it has white space/],
    ['{"b":1,"a":2}', /from character 3 on members are not sorted/],
    ['{"a":1,"a":2}', /from character 6 on members are not sorted or stand twice/],
    ['{"a":1.0}', /from character 7 on members .* or a number or an escape is spelled otherwise/],
  ];
  for (const [text, says] of SPELLINGS) {
    test(`USR-11 what is not canonical says where it stops being so: ${text}`, () => {
      const got = read(text);
      assert.ok(!got.ok);
      assert.match(got.detail, says);
    });
  }

  test("VAI-37 exactly the canonical form of admitted values is read, and reads as the value", () => {
    fc.assert(
      fc.property(strict, (value) => {
        const text = canonicalize(value);
        const result = read(text);
        assert.equal(result.ok, !FORBIDDEN.test(text), JSON.stringify(result));
        if (result.ok) assert.equal(canonicalize(result.value), text);
      }),
      { numRuns: 300 },
    );
  });

  test("VAI-37 ADV-07 any other spelling of the same value is refused", () => {
    fc.assert(
      fc.property(strict, fc.nat(), (value, seed) => {
        const text = canonicalize(value);
        const place = seed % (text.length + 1);
        for (const extra of [" ", "\n", "\t"]) {
          const other = (text.slice(0, place) + extra + text.slice(place)).toWellFormed();
          const parsed = tryParse(other);
          if (parsed === undefined || canonicalOf(parsed) === other) continue;
          assert.equal(read(other).ok, false, other);
        }
        assert.equal(
          read(JSON.stringify(value, undefined, 1)).ok,
          canonicalize(value) === JSON.stringify(value, undefined, 1) && !FORBIDDEN.test(text),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("VAI-37 ADV-07 what is read is what is canonical and within the limits, however it is spelt", () => {
    const edge = fc.oneof(
      strict,
      fc.constantFrom(0.5, -0, 1e21, 2 ** 53 - 1, 2 ** 53, -(2 ** 53) + 1, 1e-7, "\\", '"'),
      fc.integer({ min: 250, max: 260 }).map((length) => Array(length).fill(length)),
      fc.integer({ min: 250, max: 260 }).map((length) => Object.fromEntries(sortedNames(length))),
      fc.integer({ min: 12, max: 20 }).map((depth) => nested(depth)),
    );
    const names = fc.constantFrom("a", "__proto__", "constructor", "prototype", "b", "\n", "");
    const spelt = fc
      .tuple(fc.array(edge, { maxLength: 3 }), names, edge, fc.nat(2))
      .map(([list, name, last, how]) => {
        const value = JSON.parse(`{"a":1,${JSON.stringify(name)}:[]}`);
        const whole = [list, value, { z: last }];
        return how === 0 ? JSON.stringify(whole) : canonicalize(whole);
      });
    fc.assert(
      fc.property(spelt, (text) => {
        const value = JSON.parse(text);
        const isGood = limitProblem(value) === undefined && canonicalOf(value) === text;
        assert.equal(read(text).ok, isGood, text);
      }),
      { numRuns: 1000 },
    );
  });

  const REFUSED: readonly (readonly [string, string, string])[] = [
    ["a duplicate member", '{"a":1,"a":1}', ""],
    ["members out of order", '{"b":1,"a":1}', ""],
    ["an index-like member out of order", '{"2":1,"10":1}', ""],
    ["an escape that is not needed", '{"a":"\\u0041"}', ""],
    ["a solidus escaped", '{"a":"\\/"}', ""],
    ["a fraction", '{"a":[1,0.5]}', "/a/1"],
    ["an integer written as 1.0", '{"a":1.0}', ""],
    ["an exponent", '{"a":1e2}', ""],
    ["minus zero", '{"a":-0}', ""],
    ["an integer beyond 2^53", '{"a":9007199254740993}', "/a"],
    ["a lone surrogate in text", '{"a":"\\ud800"}', "/a"],
    ["a lone surrogate in a name", '{"x":{"\\ud800":1}}', "/x"],
    ["__proto__", '{"__proto__":1}', "/__proto__"],
    ["constructor, nested", '{"a":[{"constructor":1}]}', "/a/0/constructor"],
    ["prototype", '{"prototype":1}', "/prototype"],
    ["a byte order mark", "\ufeff{}", ""],
    ["a trailing comma", "[1,]", ""],
    ["nothing", "", ""],
    ["two values", "1 2", ""],
    ["257 elements", `[${"0,".repeat(256)}0]`, ""],
    ["17 levels", `${"[".repeat(17)}${"]".repeat(17)}`, "/0".repeat(16)],
  ];
  for (const [what, text, place] of REFUSED) {
    test(`ADV-07 VAI-37 ${what} is refused, with its place`, () => {
      const result = read(text);
      assert.equal(result.ok, false);
      if (!result.ok) assert.equal(result.pointer, place);
    });
  }

  test("VAI-37 the limits themselves are admitted", () => {
    assert.ok(read(`[${"0,".repeat(255)}0]`).ok);
    assert.ok(read(`${"[".repeat(16)}${"]".repeat(16)}`).ok);
    assert.ok(read('{"a":9007199254740991}').ok);
  });

  test("VAI-37 bytes that are no UTF-8 are refused", () => {
    for (const bytes of [[0xff], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22]]) {
      assert.equal(readStrictJson(Buffer.from(bytes)).ok, false);
    }
  });
});

/** So many arrays and objects in each other. */
const nested = (depth: number): unknown =>
  depth === 0 ? 1 : depth % 2 === 0 ? [nested(depth - 1)] : { a: nested(depth - 1) };

const sortedNames = (count: number): [string, number][] =>
  Array.from({ length: count }, (_, index) => [`m${String(index).padStart(3, "0")}`, index]);

/** `undefined` for a text that was cut inside a surrogate pair. */
function canonicalOf(value: unknown): string | undefined {
  try {
    return canonicalize(value);
  } catch {
    return undefined;
  }
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
