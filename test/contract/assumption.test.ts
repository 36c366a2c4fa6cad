import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { toInstant } from "../../lib/clock.ts";
import {
  type Assumption,
  isStale,
  judgeObserved,
  mustRecheck,
} from "../../lib/contract/assumption.ts";
import { type Constraint, satisfies } from "../../lib/contract/constraint.ts";
import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import { isRefusal } from "../../lib/refusal.ts";

const assuming = (path: string, expect: Constraint): Assumption => ({
  ...{ name: "live-is-6", read: "lambda:GetAlias", resource: "arn:aws:x:y:z:a" },
  ...{ parameters: {}, path, expect, maxAgeSeconds: 60, recheck: false },
});

const SEEN = "7-seen-secret";
const ANSWER = {
  FunctionVersion: "6",
  Count: 7,
  Seen: SEEN,
  On: true,
  Half: 0.5,
  Huge: 2 ** 53,
  Nothing: null,
  Lone: "\ud800",
  Empty: "",
  List: ["a", { b: "c" }],
  Item: { "a/b": { S: "slash" }, "m~n": { N: "7" }, "": "empty name" },
};

/** What `judgeObserved` says: `true`, or the code of its refusal. */
const verdict = (path: string, expect: Constraint, answer: unknown = ANSWER): string | true => {
  const judged = judgeObserved(assuming(path, expect), 3, answer);
  return isRefusal(judged) ? judged.code : true;
};

suite("VAI-31 VAI-56 what was seen against what is expected", () => {
  const TABLE: [string, string, Constraint, string | true][] = [
    ["a text", "/FunctionVersion", { exact: "6" }, true],
    ["another text", "/FunctionVersion", { exact: "5" }, "CONTEXT_CHANGED"],
    ["a text is no number", "/FunctionVersion", { exact: 6 }, "CONTEXT_CHANGED"],
    ["a number", "/Count", { range: { min: 7, max: 7 } }, true],
    ["a number beyond", "/Count", { range: { max: 6 } }, "CONTEXT_CHANGED"],
    ["yes", "/On", { exact: true }, true],
    ["an excluded value", "/Count", { notOneOf: [7] }, "CONTEXT_CHANGED"],
    ["a value that is not excluded", "/Count", { notOneOf: [8] }, true],
    ["a prefix", "/Seen", { prefix: "7-" }, true],
    ["an empty text is a value", "/Empty", { exact: "" }, true],
    ["an item of a list", "/List/0", { exact: "a" }, true],
    ["a member in a list", "/List/1/b", { exact: "c" }, true],
    ["a name with a slash", "/Item/a~1b/S", { exact: "slash" }, true],
    ["a name with a tilde", "/Item/m~0n/N", { exact: "7" }, true],
    ["~01 is ~1 and not a slash", "/Item/a~01b/S", { exact: "slash" }, "CONTEXT_UNAVAILABLE"],
    ["the empty name", "/Item/", { exact: "empty name" }, true],
    ["half a number", "/Half", { notOneOf: [1] }, "CONTEXT_CHANGED"],
    ["a number that cannot be told exactly", "/Huge", { notOneOf: [1] }, "CONTEXT_CHANGED"],
    ["null", "/Nothing", { exact: "" }, "CONTEXT_CHANGED"],
    ["null is not absent", "/Nothing", { absent: true }, "CONTEXT_CHANGED"],
    ["a text that is none", "/Lone", { notOneOf: ["a"] }, "CONTEXT_CHANGED"],
    ["an object", "/Item", { exact: "[object Object]" }, "CONTEXT_CHANGED"],
    ["a list", "/List", { exact: "a" }, "CONTEXT_CHANGED"],
    ["the whole answer", "", { prefix: "{" }, "CONTEXT_CHANGED"],
    ["nothing there", "/Missing", { exact: "6" }, "CONTEXT_UNAVAILABLE"],
    ["nothing there, not even excluded", "/Missing", { notOneOf: ["6"] }, "CONTEXT_UNAVAILABLE"],
    ["nothing there, as expected", "/Missing", { absent: true }, true],
    ["nothing there, in a conjunction", "/Missing", { all: [{ absent: true }] }, true],
    ["something where nothing should be", "/Count", { absent: true }, "CONTEXT_CHANGED"],
    ["below nothing", "/Missing/Value", { absent: true }, true],
    ["below a text", "/FunctionVersion/0", { exact: "6" }, "CONTEXT_UNAVAILABLE"],
    ["the length of a text", "/FunctionVersion/length", { exact: 1 }, "CONTEXT_UNAVAILABLE"],
    ["the length of a list", "/List/length", { exact: 2 }, "CONTEXT_UNAVAILABLE"],
    ["behind a list", "/List/2", { exact: "a" }, "CONTEXT_UNAVAILABLE"],
    ["the end of a list", "/List/-", { absent: true }, true],
    ["a place with a leading zero", "/List/00", { exact: "a" }, "CONTEXT_UNAVAILABLE"],
    ["what every object inherits", "/toString/name", { exact: "toString" }, "CONTEXT_UNAVAILABLE"],
    ["what every object inherits is not there", "/toString", { absent: true }, true],
    ["its prototype", "/__proto__/constructor/name", { exact: "Object" }, "CONTEXT_UNAVAILABLE"],
  ];
  for (const [name, path, expect, expected] of TABLE) {
    test(`VAI-56 ${name}: ${expected === true ? "holds" : expected}`, () => {
      assert.equal(verdict(path, expect), expected);
    });
  }

  test("VAI-88 an answer that is none never satisfies", () => {
    for (const answer of [undefined, null, "", 7, () => 7]) {
      for (const expect of [{ exact: "6" }, { absent: true } as const]) {
        const judged = judgeObserved(assuming("/FunctionVersion", expect), 0, answer);
        assert.ok(isRefusal(judged));
        assert.equal(judged.code, "CONTEXT_UNAVAILABLE");
      }
    }
  });

  test("VAI-89 the digest is that of the value, of null where nothing is", () => {
    const digest = (path: string, expect: Constraint) =>
      judgeObserved(assuming(path, expect), 0, ANSWER);
    assert.deepEqual(digest("/Count", { exact: 7 }), { digest: documentDigest(7) });
    assert.deepEqual(digest("/Seen", { prefix: "7" }), { digest: documentDigest(SEEN) });
    assert.deepEqual(digest("/No", { absent: true }), { digest: documentDigest(null) });
  });

  test("USR-16 a refusal names the assumption and its place, never what was seen", () => {
    for (const expect of [{ exact: "6" }, { absent: true } as const]) {
      const refusal = judgeObserved(assuming("/Seen", expect), 3, ANSWER);
      assert.ok(isRefusal(refusal));
      assert.equal(refusal.pointer, "/contract/assumptions/3");
      assert.match(refusal.detail, /^live-is-6 /);
      assert.ok(!JSON.stringify(refusal).includes(SEEN));
    }
  });

  test("VAI-56 holds exactly when the value there satisfies, wherever in the answer it is", () => {
    const value = fc.oneof(fc.string({ unit: "grapheme" }), fc.maxSafeInteger(), fc.boolean());
    const names = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 });
    fc.assert(
      fc.property(value, value, names, (there, wanted, path) => {
        const answer = path.reduceRight<unknown>((inner, name) => nested(name, inner), there);
        const pointer = path.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`);
        for (const expect of [{ exact: wanted }, { notOneOf: [wanted] }, { exact: there }]) {
          const expected = satisfies(expect, there) ? true : "CONTEXT_CHANGED";
          assert.equal(verdict(pointer.join(""), expect, answer), expected);
        }
      }),
    );
  });
});

/** An object with one own member, whatever its name. */
const nested = (name: string, inner: unknown): object => Object.fromEntries([[name, inner]]);

suite("VAI-86 what is read again before the call", () => {
  const TABLE: ["LOW" | "MEDIUM" | "HIGH" | "CRITICAL", boolean, boolean][] = [
    ["LOW", false, false],
    ["LOW", true, true],
    ["MEDIUM", false, false],
    ["MEDIUM", true, true],
    ["HIGH", false, true],
    ["HIGH", true, true],
    ["CRITICAL", false, true],
    ["CRITICAL", true, true],
  ];
  for (const [risk, recheck, expected] of TABLE) {
    test(`VAI-86 ${risk} with recheck ${recheck}: ${expected}`, () => {
      assert.equal(mustRecheck({ recheck }, risk, "none"), expected);
      assert.equal(mustRecheck({ recheck }, risk, "approval"), expected);
      assert.equal(mustRecheck({ recheck }, risk, "refreshContext"), true);
    });
  }
});

suite("VAI-87 how old is too old", () => {
  const NOW = 1_777_953_600_000;
  const TABLE: [string, string | undefined, boolean][] = [
    ["seen now", toInstant(NOW), false],
    ["seen exactly the longest time ago", toInstant(NOW - 60_000), false],
    ["seen a millisecond longer ago", toInstant(NOW - 60_001), true],
    ["seen by a clock that is ahead", toInstant(NOW + 60_000), false],
    ["seen after all clocks", toInstant(NOW + 60_001), true],
    ["seen without a time", undefined, true],
    ["seen at an empty time", "", true],
    ["seen at no time", "yesterday", true],
    ["seen at a time of another form", "2026-05-05T04:00:00Z", true],
    ["seen on the 30th of February", "2026-02-30T04:00:00.000Z", true],
  ];
  for (const [name, observedAt, expected] of TABLE) {
    test(`VAI-87 ${name}: ${expected ? "stale" : "fresh"}`, () => {
      assert.equal(isStale(observedAt, 60, NOW), expected);
    });
  }
});
