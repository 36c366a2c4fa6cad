import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { compilePattern } from "../../lib/authority/evaluate/pattern.ts";

/** The obvious matcher: slow in the worst case, hard to get wrong. */
const asRegExp = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", "[^]*")
      .replaceAll("?", "[^]")}$`,
  );

suite("VAI-148 wildcards", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", ".", ":"), maxLength: 8 });
  const value = fc.string({ unit: fc.constantFrom("a", "b", ".", ":", "*"), maxLength: 10 });

  test("VAI-148 match as the obvious regular expression does", () => {
    fc.assert(
      fc.property(text, value, (pattern, candidate) => {
        const matches = compilePattern(pattern, { wildcards: true, variables: true });
        assert.equal(matches(candidate, new Map()), asRegExp(pattern).test(candidate));
      }),
      { numRuns: 2000 },
    );
  });

  test("VAI-148 are literal where an operator takes none", () => {
    fc.assert(
      fc.property(text, value, (pattern, candidate) => {
        const matches = compilePattern(pattern, { wildcards: false, variables: false });
        assert.equal(matches(candidate, new Map()), pattern === candidate);
      }),
    );
  });

  test("VAI-148 a value put in for a variable is never a pattern", () => {
    fc.assert(
      fc.property(value, value, (known, candidate) => {
        const matches = compilePattern(`x\${aws:userid}*`, { wildcards: true, variables: true });
        const values = new Map([["aws:userid", [known]]]);
        assert.equal(matches(candidate, values), candidate.startsWith(`x${known}`));
      }),
    );
  });

  test("VAI-148 a hostile pattern is decided in a moment", () => {
    const matches = compilePattern(`${"*a".repeat(200)}*b`, { wildcards: true, variables: false });
    const started = process.hrtime.bigint();
    assert.equal(matches("a".repeat(2000), new Map()), false);
    assert.ok(process.hrtime.bigint() - started < 1_000_000_000n);
  });
});
