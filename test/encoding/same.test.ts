import assert from "node:assert/strict";
import { test } from "node:test";
import { isSame } from "../../lib/encoding/same.ts";

const NESTED = { a: [1, { b: null }], c: "x" };

test("POC-16 two values of JSON are the same in whatever order their members were written, and nothing else is", () => {
  for (const [one, other] of [
    [NESTED, { c: "x", a: [1, { b: null }] }],
    [[], []],
    ["1", "1"],
    [null, null],
  ]) {
    assert.equal(isSame(one, other), true, JSON.stringify([one, other]));
  }
  for (const [one, other] of [
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1, b: 2 }, { a: 1 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: undefined }, { b: undefined }],
    [NESTED, { a: [1, { b: 0 }], c: "x" }],
    [
      [1, 2],
      [2, 1],
    ],
    [[], {}],
    [["a"], { 0: "a" }],
    ["1", 1],
    [null, {}],
    [{}, null],
    [0, false],
    [{ toString: 1 }, { a: 1 }],
  ]) {
    assert.equal(isSame(one, other), false, JSON.stringify([one, other]));
  }
});
