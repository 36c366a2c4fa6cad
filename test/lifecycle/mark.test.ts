import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Digest } from "../../lib/encoding/digest.ts";
import { denialOf, isMarked, type Mark, readMarks } from "../../lib/lifecycle/mark.ts";

/** What stands on a chain's head is anybody's who writes State: it can stop things, and nothing else. */

const digest = (byte: string): Digest => `sha256:${byte.repeat(32)}`;
const [ONE, OTHER] = [digest("11"), digest("22")];
const AT = { at: 1_777_954_000, code: "CONTRACT_REVOKED", trigger: "operator" } as const;
const OF_CONTRACT = { ...AT, contractDigest: ONE };
const OF_IDENTITY = { ...AT, identityId: "a" };

suite("marks as State holds them", () => {
  const STORED: readonly (readonly [string, unknown, number, boolean])[] = [
    ["nothing", undefined, 0, false],
    ["an empty list", [], 0, false],
    ["one of a contract", [OF_CONTRACT], 1, false],
    ["one of an identity, by a command", [{ ...OF_IDENTITY, by: "a.b.c" }], 1, false],
    [
      "each code",
      ["CONTRACT_REVOKED", "DECISION_SUPERSEDED", "CONTRACT_CONSUMED"].map((code) => ({
        ...OF_CONTRACT,
        code,
      })),
      3,
      false,
    ],
    ["a code that no mark has", [{ ...OF_CONTRACT, code: "PLANE_HALTED" }], 0, true],
    ["a trigger that nobody knows", [{ ...OF_CONTRACT, trigger: "mood" }], 0, true],
    ["a member too many", [{ ...OF_CONTRACT, lift: true }], 0, true],
    ["both targets", [{ ...OF_CONTRACT, identityId: "a" }], 0, true],
    ["no target", [AT], 0, true],
    ["a digest that is none", [{ ...AT, contractDigest: "sha256:1" }], 0, true],
    ["an identity without a name", [{ ...AT, identityId: "" }], 0, true],
    ["a time that is text", [{ ...OF_CONTRACT, at: "now" }], 0, true],
    ["the last second that has a date", [{ ...OF_CONTRACT, at: 253_402_300_799 }], 1, false],
    ["a second later", [{ ...OF_CONTRACT, at: 253_402_300_800 }], 0, true],
    ["a time that no date has", [{ ...OF_CONTRACT, at: Number.MAX_SAFE_INTEGER }], 0, true],
    ["a time before all dates", [{ ...OF_CONTRACT, at: -1 }], 0, true],
    ["`by` that is no text", [{ ...OF_CONTRACT, by: 1 }], 0, true],
    ["garbage beside one", [OF_CONTRACT, "x"], 1, true],
    ["text", "x", 0, true],
    ["null", null, 0, true],
    ["a map", { 0: OF_CONTRACT }, 0, true],
  ];
  for (const [what, marks, legible, isIllegible] of STORED) {
    test(`VAI-115 ${what}: ${legible} can be read${isIllegible ? ", and the intent is denied" : ""}`, () => {
      const stored = { marks, marked: 7 };
      const read = readMarks(stored);
      assert.equal(read.legible.length, legible);
      assert.equal(read.isIllegible, isIllegible);
      assert.equal(read.stored, stored, "what an append is bound to is what was read");
      assert.equal(
        denialOf(read, { contractDigest: OTHER, identityId: "b" }),
        isIllegible ? "illegible" : undefined,
      );
    });
  }

  const COVERED: readonly (readonly [
    string,
    Mark,
    { contractDigest: Digest; identityId?: string },
    boolean,
  ])[] = [
    ["a contract's mark, the contract", OF_CONTRACT, { contractDigest: ONE }, true],
    [
      "a contract's mark, an identity of it",
      OF_CONTRACT,
      { contractDigest: ONE, identityId: "a" },
      true,
    ],
    [
      "a contract's mark, another contract",
      OF_CONTRACT,
      { contractDigest: OTHER, identityId: "a" },
      false,
    ],
    ["an identity's mark, that one", OF_IDENTITY, { contractDigest: ONE, identityId: "a" }, true],
    [
      "an identity's mark, another of the contract",
      OF_IDENTITY,
      { contractDigest: ONE, identityId: "b" },
      false,
    ],
    ["an identity's mark, its contract", OF_IDENTITY, { contractDigest: ONE }, false],
  ];
  for (const [what, mark, target, expected] of COVERED) {
    test(`VAI-115 ${what}: ${expected ? "denied" : "left alone"}`, () => {
      const found = denialOf(readMarks({ marks: [mark] }), target);
      assert.equal(found, expected ? "CONTRACT_REVOKED" : undefined);
    });
  }

  test("VAI-115 the first mark that denies says the code", () => {
    const marks = [
      { ...OF_CONTRACT, contractDigest: OTHER },
      { ...OF_CONTRACT, code: "DECISION_SUPERSEDED" },
      OF_CONTRACT,
    ];
    assert.equal(denialOf(readMarks({ marks }), { contractDigest: ONE }), "DECISION_SUPERSEDED");
    const consumed = { ...OF_IDENTITY, code: "CONTRACT_CONSUMED" };
    const of = (...both: object[]) =>
      denialOf(readMarks({ marks: both }), { contractDigest: ONE, identityId: "a" });
    assert.equal(of(consumed, OF_CONTRACT), "CONTRACT_CONSUMED");
    assert.equal(of(OF_CONTRACT, consumed), "CONTRACT_REVOKED");
  });

  test("VAI-115 records are owed for whatever stands there", () => {
    const said = [undefined, [], [OF_CONTRACT], "x", {}, null].map((marks) => isMarked({ marks }));
    assert.deepEqual(said, [false, false, true, true, true, true]);
    assert.equal(isMarked({ marked: 3 }), false, "the counter alone owes nothing");
  });
});
