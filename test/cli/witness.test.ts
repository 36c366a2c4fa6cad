import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { witnessOf } from "../../lib/cli/witness.ts";
import { type Constraint, type Scalar, satisfies } from "../../lib/contract/constraint.ts";

const values: readonly Scalar[] = [-2, -1, 0, 1, 2, 3, "", "a", "ab", "b", "x", true, false];
const scalar = fc.constantFrom(...values);
const lists = fc.uniqueArray(scalar, { minLength: 1, maxLength: 3 });
const sameType = lists.map((list) => list.filter((each) => typeof each === typeof list[0]));
const bound = fc.option(fc.integer({ min: -2, max: 3 }), { nil: undefined });
const { constraint } = fc.letrec<{ constraint: Constraint }>((tie) => ({
  constraint: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    scalar.map((exact) => ({ exact })),
    sameType.map((oneOf) => ({ oneOf })),
    sameType.map((notOneOf) => ({ notOneOf })),
    fc.record({ min: bound, max: bound }).map((range) => ({ range })),
    fc.constantFrom("", "a", "ab", "b").map((prefix) => ({ prefix })),
    fc.constant({ absent: true as const }),
    fc.array(tie("constraint"), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
  ),
}));

test("USR-11 VAI-43 a constraint has a witness that meets it, exactly if any value does", () => {
  fc.assert(
    fc.property(constraint, (each) => {
      const witness = witnessOf(each);
      if (witness === "absent") assert.ok(satisfies(each, undefined));
      else if (witness !== "none") assert.ok(satisfies(each, witness.value));
      else for (const value of [undefined, ...values]) assert.ok(!satisfies(each, value));
    }),
    { numRuns: 2_000 },
  );
});
