import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { jsonProblem } from "../../lib/cli/json-place.ts";

const BROKEN: readonly (readonly [text: string, says: string])[] = [
  ["", "line 1, column 1: the text ends where a value should stand"],
  [
    "{",
    "line 1, column 2: the text ends where a member's name in double quotes, or } should stand",
  ],
  ['{"a":1,}', "line 1, column 8: a member's name in double quotes should stand here"],
  ['{"a":1\n "b":2}', "line 2, column 2: a comma or the closing bracket should stand here"],
  ["{a:1}", "line 1, column 2: a member's name in double quotes, or } should stand here"],
  ['{"a" 1}', "line 1, column 6: a colon should stand here"],
  ["[1,]", "line 1, column 4: a value should stand here"],
  ["[1}", "line 1, column 3: a comma or the closing bracket should stand here"],
  ['{"a":01}', "line 1, column 6: a value should stand here"],
  ['{"a":True}', "line 1, column 6: a value should stand here"],
  ["{} {}", "line 1, column 4: nothing may follow the value"],
  ['["a', "line 1, column 4: a string does not end"],
  ['["a\nb"]', "line 1, column 4: a control character in a string"],
  [String.raw`["a\x41"]`, "line 1, column 4: an escape that JSON does not have"],
  [String.raw`["\u12g4"]`, "line 1, column 3: an escape that JSON does not have"],
];

describe("where a file stops being JSON", () => {
  for (const [text, says] of BROKEN) {
    test(`USR-11 ${JSON.stringify(text)}: ${says}`, () => {
      assert.throws(() => JSON.parse(text));
      assert.ok(jsonProblem(text).startsWith(says), jsonProblem(text));
    });
  }

  test("USR-11 what is before that place is good, whatever is cut out of a text; and nothing of the text is told", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.nat(), (json, where) => {
        const cut = where % json.length;
        const text = json.slice(0, cut) + json.slice(cut + 1);
        fc.pre(!isJson(text));
        const [, column = ""] = /^line 1, column (\d+): /.exec(jsonProblem(text)) ?? [];
        assert.ok(
          Number(column) > cut || json.slice(0, cut).startsWith(text.slice(0, Number(column) - 1)),
        );
      }),
    );
    assert.doesNotMatch(jsonProblem('{"d":"SECRET" "x"'), /SECRET/);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
