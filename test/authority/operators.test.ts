import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { evaluatePolicies } from "../../lib/authority/evaluate.ts";
import { SESSION } from "./fixtures.ts";

type Wanted = string | boolean | number | (string | boolean | number)[];
type Actual = string | string[] | undefined;

/** Operator, policy value, request value (`undefined`: absent), whether the condition is met. */
const TABLE: [string, Wanted, Actual, boolean][] = [
  ["StringEquals", "a", "a", true],
  ["StringEquals", "a", "A", false],
  ["StringEquals", ["a", "b"], "b", true],
  ["StringEquals", "a*", "ab", false],
  ["StringEquals", "a", undefined, false],
  ["StringNotEquals", "a", "b", true],
  ["StringNotEquals", ["a", "b"], "b", false],
  ["StringNotEquals", "a", undefined, true],
  ["StringEqualsIgnoreCase", "aB", "Ab", true],
  ["StringNotEqualsIgnoreCase", "aB", "Ab", false],
  ["StringLike", "a*c?", "abbcd", true],
  ["StringLike", "a*c?", "abbc", false],
  ["StringLike", `\${*}a`, "*a", true],
  ["StringNotLike", "a*", "b", true],
  ["StringNotLike", "a*", "ab", false],
  ["NumericEquals", 10, "10.0", true],
  ["NumericNotEquals", "10", "11", true],
  ["NumericLessThan", "10", "9", true],
  ["NumericLessThan", "10", "10", false],
  ["NumericLessThanEquals", "10", "10", true],
  ["NumericGreaterThan", "10", "100", true],
  ["NumericGreaterThanEquals", "10", "9.5", false],
  ["NumericLessThan", "10", "nine", false],
  ["DateEquals", "2026-05-05T04:00:00Z", "2026-05-05T06:00:00+02:00", true],
  ["DateNotEquals", "2026-05-05T04:00:00Z", "2026-05-05T04:00:01Z", true],
  ["DateLessThan", "2026-05-05T04:00:00Z", "2026-05-05T03:59:59.999Z", true],
  ["DateLessThan", "2026-05-05T04:00:00Z", "2026-05-05T04:00:00Z", false],
  ["DateLessThanEquals", "2026-05-05T04:00:00Z", "2026-05-05T04:00:00Z", true],
  ["DateGreaterThan", "2026-05-05", "2026-05-05T00:00:01", true],
  ["DateGreaterThanEquals", "1777953600", "2026-05-05T04:00:00Z", true],
  ["DateLessThan", "2026-05-05T04:00:00Z", "1777953599", true],
  ["Bool", true, "true", true],
  ["Bool", "TRUE", "true", true],
  ["Bool", "false", "true", false],
  ["Bool", "false", undefined, false],
  ["BinaryEquals", "QmluYXJ5", "QmluYXJ5", true],
  ["BinaryEquals", "QmluYXJ5", "QmluYXJ6", false],
  ["IpAddress", "203.0.113.0/24", "203.0.113.9", true],
  ["IpAddress", "203.0.113.0/24", "203.0.114.9", false],
  ["IpAddress", "203.0.113.9", "203.0.113.9", true],
  ["IpAddress", "2001:db8::/32", "2001:db8::1", true],
  ["IpAddress", "2001:db8::/32", "203.0.113.9", false],
  ["IpAddress", "203.0.113.0/24", "not an address", false],
  ["NotIpAddress", "203.0.113.0/24", "198.51.100.1", true],
  ["NotIpAddress", "203.0.113.0/24", undefined, true],
  ["ArnEquals", "arn:aws:iam::000000000000:role/x", "arn:aws:iam::000000000000:role/x", true],
  ["ArnEquals", "arn:aws:iam::*:role/*", "arn:aws:iam::000000000000:role/x", true],
  ["ArnLike", "arn:aws:sns:*:000000000000:t", "arn:aws:sns:us-east-1:000000000000:t", true],
  // The star stays within its part: it does not swallow the account.
  ["ArnLike", "arn:aws:*:000000000000:t:x", "arn:aws:sns:us-east-1:000000000000:t:x", false],
  ["ArnLike", "arn:aws:sns:us*:t:x", "arn:aws:sns:us-east-1:000000000000:t:x", false],
  ["ArnLike", "arn:aws:sns:*:*:t:*", "arn:aws:sns:us-east-1:000000000000:t:x:y", true],
  ["ArnNotLike", "arn:aws:iam::*:role/x", "arn:aws:iam::000000000000:role/y", true],
  ["ArnNotEquals", "arn:aws:iam::000000000000:role/x", undefined, true],
  ["ArnLike", "arn:aws:iam::000000000000:role/*", "nonsense", false],
  ["Null", "true", undefined, true],
  ["Null", "true", "a", false],
  ["Null", "false", "a", true],
  ["Null", "false", undefined, false],
  ["Null", false, "a", true],
  ["StringEqualsIfExists", "a", undefined, true],
  ["StringEqualsIfExists", "a", "b", false],
  ["NumericLessThanIfExists", "10", undefined, true],
  ["ForAllValues:StringEquals", ["a", "b"], ["a", "b"], true],
  ["ForAllValues:StringEquals", ["a", "b"], ["a", "c"], false],
  // The trap that every Null guard closes (VAI-149).
  ["ForAllValues:StringEquals", ["a", "b"], undefined, true],
  ["ForAllValues:StringEquals", ["a", "b"], [], true],
  ["ForAllValues:StringNotEquals", ["a"], ["b", "c"], true],
  ["ForAllValues:StringNotEquals", ["a"], ["a", "c"], false],
  ["ForAnyValue:StringEquals", ["a"], ["b", "a"], true],
  ["ForAnyValue:StringEquals", ["a"], undefined, false],
  ["ForAnyValue:StringNotEquals", ["a", "b"], ["a", "c"], true],
  ["ForAnyValue:StringNotEquals", ["a", "b"], ["a", "b"], false],
  ["ForAnyValue:StringNotEquals", ["a"], undefined, false],
  ["ForAnyValue:StringLike", ["x*"], ["a", "xy"], true],
  ["ForAllValues:ArnLike", ["arn:aws:iam::*:role/x"], ["arn:aws:iam::000000000000:role/x"], true],
  // One value where a list came is the value.
  ["StringEquals", "a", ["a"], true],
];

const decide = (effect: string, condition: object, actual: Actual): string => {
  const allow = { Effect: "Allow", Action: "*", Resource: "*" };
  const tested = { Effect: effect, Action: "*", Resource: "*", Condition: condition };
  const policy = {
    Version: "2012-10-17",
    Statement: effect === "Allow" ? [tested] : [allow, tested],
  };
  return evaluatePolicies(
    { identity: [policy] },
    {
      action: "s3:GetObject",
      resource: "arn:aws:s3:::data/a",
      principalArn: SESSION,
      context: actual === undefined ? {} : { "vai:Probed": actual },
    },
  ).decision;
};

suite("VAI-149 condition operators", () => {
  for (const [operator, wanted, actual, met] of TABLE) {
    test(`VAI-149 ${operator} ${JSON.stringify(wanted)} with ${JSON.stringify(actual) ?? "no value"}: ${met}`, () => {
      // Key names are compared without letter case.
      const condition = { [operator]: { "VAI:probed": wanted } };
      assert.equal(decide("Allow", condition, actual), met ? "Allow" : "ImplicitDeny");
      assert.equal(decide("Deny", condition, actual), met ? "ExplicitDeny" : "Allow");
    });
  }

  const UNDECIDABLE: [string, object, Actual][] = [
    ["an operator that does not exist", { StringMatches: { "vai:probed": "a" } }, "a"],
    [
      "a set prefix that does not exist",
      { "ForSomeValues:StringEquals": { "vai:probed": "a" } },
      "a",
    ],
    ["a number that is none", { NumericEquals: { "vai:probed": "ten" } }, "10"],
    ["a date that is none", { DateLessThan: { "vai:probed": "tomorrow" } }, "2026-05-05T04:00:00Z"],
    [
      "an ARN of five parts",
      { ArnLike: { "vai:probed": "arn:aws:sns:*:t" } },
      "arn:aws:sns:us-east-1:1:t",
    ],
    ["a block that is none", { IpAddress: { "vai:probed": "203.0.113.0/33" } }, "203.0.113.9"],
    ["a Null with IfExists", { NullIfExists: { "vai:probed": "true" } }, "a"],
    ["several values without a set operator", { StringEquals: { "vai:probed": "a" } }, ["a", "b"]],
  ];
  for (const [name, condition, actual] of UNDECIDABLE) {
    test(`VAI-149 ${name} never allows and always denies`, () => {
      assert.equal(decide("Allow", condition, actual), "ImplicitDeny");
      assert.equal(decide("Deny", condition, actual), "ExplicitDeny");
    });
  }

  test("VAI-149 all operators and all keys of a block must be met", () => {
    const condition = {
      StringEquals: { "vai:probed": "a", "vai:other": "b" },
      Null: { "vai:third": "true" },
    };
    assert.equal(decide("Allow", condition, "a"), "ImplicitDeny");
  });

  test("VAI-149 a variable without a value is not equal: the negated operator is true", () => {
    const key = { "vai:probed": `\${aws:PrincipalTag/x}` };
    assert.equal(decide("Allow", { StringEquals: key }, "a"), "ImplicitDeny");
    assert.equal(decide("Allow", { StringNotEquals: key }, "a"), "Allow");
  });
});

suite("VAI-14 documents are read strictly", () => {
  const BAD: [string, object][] = [
    [
      "an unknown element",
      {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "*", Resource: "*", NotCondition: {} }],
      },
    ],
    [
      "Action and NotAction",
      {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "*", NotAction: "iam:*", Resource: "*" }],
      },
    ],
    ["neither", { Version: "2012-10-17", Statement: [{ Effect: "Allow", Resource: "*" }] }],
    [
      "Resource and NotResource",
      {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "*", Resource: "*", NotResource: "*" }],
      },
    ],
    [
      "another effect",
      { Version: "2012-10-17", Statement: [{ Effect: "allow", Action: "*", Resource: "*" }] },
    ],
    ["another version", { Version: "2025-01-01", Statement: [] }],
    ["no statement", { Version: "2012-10-17" }],
  ];
  for (const [name, document] of BAD) {
    test(`VAI-14 ${name} is a fault, not an answer`, () => {
      const request = { action: "s3:GetObject", resource: "*", principalArn: SESSION, context: {} };
      assert.throws(() => evaluatePolicies({ identity: [document] }, request), TypeError);
    });
  }

  test("VAI-47 a document changed in place is judged as what it is now", () => {
    const statement = { Effect: "Allow", Action: ["s3:GetObject"], Resource: "*" };
    const document = { Version: "2012-10-17", Statement: [statement] };
    const request = {
      action: "s3:PutObject",
      resource: "arn:aws:s3:::a/b",
      principalArn: SESSION,
      context: {},
    };
    assert.equal(evaluatePolicies({ identity: [document] }, request).decision, "ImplicitDeny");
    statement.Action.push("s3:PutObject");
    assert.equal(evaluatePolicies({ identity: [document] }, request).decision, "Allow");
  });

  test("VAI-14 because names the deciding statements", () => {
    const document = {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: "*", Resource: "*" },
        { Sid: "NoReads", Effect: "Deny", Action: "s3:Get*", Resource: "*" },
      ],
    };
    const request = {
      action: "s3:GetObject",
      resource: "arn:aws:s3:::a/b",
      principalArn: SESSION,
      context: {},
    };
    assert.deepEqual(
      evaluatePolicies({ identity: [{ Version: "2012-10-17", Statement: [] }, document] }, request),
      {
        decision: "ExplicitDeny",
        because: [{ policy: "identity", document: 1, index: 1, sid: "NoReads", effect: "Deny" }],
      },
    );
  });
});
