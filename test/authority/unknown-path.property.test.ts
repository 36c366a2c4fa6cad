import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import {
  type AccessRequest,
  evaluatePolicies,
  type Policies,
} from "../../lib/authority/evaluate/evaluate.ts";
import { ACCOUNT, SESSION } from "./fixtures.ts";

/*
 * What a request does not say never widens: whatever the evaluator allows without it, it allows with every value that
 * could have been said. The path of a session's role is tried with all of a small world of paths, so that patterns
 * and paths meet often.
 */

const PATHS = ["", "a/", "b/", "a/b/", "aa/"];
const roleOf = (path: string, name = "exec"): string =>
  `arn:aws:iam::${ACCOUNT}:role/${path}${name}`;
const PATTERNS = [
  ...PATHS.map((path) => roleOf(path)),
  ...["*", "a/*", "*/exec", "?/exec", "*exec", "a*", "*c", "exec*"].map((rest) => roleOf("", rest)),
  // Some operators compare without letter case.
  ...[roleOf("A/", "EXEC"), roleOf("", "Exec"), roleOf("b/").toUpperCase()],
  ...["*", "arn:aws:iam::*:role/*", `arn:aws:iam::${ACCOUNT}:*`, roleOf("", "other"), SESSION],
  `arn:aws:iam::${ACCOUNT}:role/\${aws:PrincipalTag/team}exec`,
];
const OPERATORS = ["StringEquals", "StringLike", "ArnEquals", "ArnLike", "StringEqualsIgnoreCase"];
const NEGATED: Readonly<Record<string, string>> = {
  StringEquals: "StringNotEquals",
  StringLike: "StringNotLike",
  ArnEquals: "ArnNotEquals",
  ArnLike: "ArnNotLike",
  StringEqualsIgnoreCase: "StringNotEqualsIgnoreCase",
};

const someOf = (values: readonly string[]) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });
const condition = fc
  .tuple(
    fc.constantFrom("", "ForAllValues:", "ForAnyValue:"),
    fc.constantFrom(...OPERATORS),
    fc.boolean(),
    fc.constantFrom("", "IfExists"),
    someOf(PATTERNS),
  )
  .map(([mode, operator, isNegated, ifExists, values]) => ({
    [`${mode}${isNegated ? NEGATED[operator] : operator}${ifExists}`]: {
      "aws:PrincipalArn": values,
    },
  }));
const statement = (Principal: fc.Arbitrary<object | undefined>) =>
  fc
    .record({
      Effect: fc.constantFrom("Allow", "Deny"),
      Condition: condition,
      isOpen: fc.boolean(),
      Principal,
    })
    .map(({ Effect, Condition, isOpen, Principal }) => ({
      Effect: isOpen ? "Allow" : Effect,
      Action: "*",
      Resource: "*",
      ...(!isOpen && { Condition }),
      ...(Principal !== undefined && {
        // A grant by a role's name finds it whatever its path: only one role has that name (role-paths.json).
        Principal: isOpen || Effect === "Allow" ? { AWS: ACCOUNT } : Principal,
      }),
    }));
const document = (principal: fc.Arbitrary<object | undefined>) =>
  fc
    .array(statement(principal), { minLength: 1, maxLength: 3 })
    .map((Statement) => ({ Version: "2012-10-17", Statement }));
const own = document(fc.constant(undefined));
const policies = fc.record(
  {
    identity: fc.array(own, { minLength: 1, maxLength: 2 }),
    scp: fc.array(own, { minLength: 1, maxLength: 1 }),
    session: own,
    boundary: own,
    resource: fc.array(
      document(someOf(PATHS.map((path) => roleOf(path))).map((AWS) => ({ AWS }))),
      {
        minLength: 1,
        maxLength: 1,
      },
    ),
  },
  { requiredKeys: ["identity"] },
) as unknown as fc.Arbitrary<Policies>;

suite("VAI-42 what is not known of a principal never widens", () => {
  const request: AccessRequest = {
    action: "s3:GetObject",
    resource: "arn:aws:s3:::data/a",
    principalArn: SESSION,
    context: { "aws:ResourceAccount": ACCOUNT },
  };
  const decide = (wanted: Policies, context: AccessRequest["context"] = {}): string =>
    evaluatePolicies(wanted, { ...request, context: { ...request.context, ...context } }).decision;

  test("allowed without the path of the session's role is allowed with every path", () => {
    let allowed = 0;
    fc.assert(
      fc.property(policies, (wanted) => {
        if (decide(wanted) !== "Allow") return;
        allowed += 1;
        for (const path of PATHS) {
          assert.equal(decide(wanted, { "aws:PrincipalArn": roleOf(path) }), "Allow", roleOf(path));
        }
      }),
      { numRuns: 2000 },
    );
    assert.ok(allowed > 100, `only ${allowed} policies allowed anything`);
  });
});
