import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { proveContainment } from "../../lib/authority/contain/contain.ts";
import { type Authority, deriveAuthority } from "../../lib/authority/derive/derive.ts";
import { policyText } from "../../lib/authority/derive/session-policy.ts";
import { parseArn } from "../../lib/authority/evaluate/arn.ts";
import { evaluatePolicies } from "../../lib/authority/evaluate/evaluate.ts";
import type { Step } from "../../lib/contract/step.ts";
import { isRefusal } from "../../lib/refusal.ts";
import {
  ACCOUNT,
  at,
  contractOf,
  EVERYTHING,
  GRANT_TO_SESSION,
  NBF,
  OBJECT,
  putObject,
  putParameter,
  REGION,
  SESSION,
  TABLE,
  trustPolicy,
  updateItem,
  updateItemContext,
} from "./fixtures.ts";

const STRANGER = "999999999999";

const derive = (step: Step): Authority => {
  const authority = deriveAuthority(contractOf([step]), step, trustPolicy);
  if (isRefusal(authority)) throw new Error(`${authority.code} ${authority.detail}`);
  return authority;
};

type Context = Record<string, string | string[]>;

/** By the role alone, and as a session that a bucket policy names: the second is what Denies are for. */
function fates(step: Step, resource: string, context: Context, action = step.actions[0] ?? "") {
  const { sessionPolicy } = derive(step);
  const now = { "aws:CurrentTime": at(NBF), "aws:RequestedRegion": REGION };
  const request = { action, resource, principalArn: SESSION, context: { ...now, ...context } };
  const own = { identity: [EVERYTHING], session: sessionPolicy };
  return [
    evaluatePolicies(own, request).decision,
    evaluatePolicies({ ...own, resource: [GRANT_TO_SESSION] }, request).decision,
  ];
}

const owner = (account: string): Context => ({ "aws:ResourceAccount": account });
const STEPS: [string, Step][] = [
  ["bounded", putObject()],
  ["unbounded", putObject({ parameters: "unbounded" })],
];

for (const [name, step] of STEPS) {
  suite(`VAI-42 the bucket's owner, ${name}`, () => {
    test("VAI-42 the contract's account is allowed", () =>
      assert.deepEqual(fates(step, OBJECT, owner(ACCOUNT)), ["Allow", "Allow"]));

    const DENIED: [string, string, Context][] = [
      ["the same name in another account", OBJECT, owner(STRANGER)],
      ["an owner that AWS does not say", OBJECT, {}],
      ["another object of the same owner", `${OBJECT}2`, owner(ACCOUNT)],
      ["another region", OBJECT, { ...owner(ACCOUNT), "aws:RequestedRegion": "eu-west-1" }],
    ];
    for (const [title, resource, context] of DENIED) {
      test(`VAI-42 ${title} is denied, whoever invites the session`, () =>
        assert.deepEqual(fates(step, resource, context), ["ExplicitDeny", "ExplicitDeny"]));
    }

    test("VAI-47 the policy of another account's contract is not contained", () => {
      const other = contractOf([step], { account: STRANGER });
      assert.equal(proveContainment(derive(step).sessionPolicy, other, step).contained, false);
    });

    test("VAI-47 the witness of a missing owner is a call into another account", () => {
      const isOfOwner = (each: object) => JSON.stringify(each).includes("aws:ResourceAccount");
      const { sessionPolicy } = derive(step);
      const [allow, ...denies] = sessionPolicy.Statement;
      const bare = { ...allow, Condition: {} };
      const policy = {
        ...sessionPolicy,
        Statement: [bare, ...denies.filter((each) => !isOfOwner(each))],
      };
      const { contained, witness } = proveContainment(policy, contractOf([step]), step);
      assert.equal(contained, false);
      assert.deepEqual([witness?.action, witness?.resource], ["s3:PutObject", OBJECT]);
      assert.notEqual(witness?.context["aws:ResourceAccount"], ACCOUNT);
    });

    test("VAI-43 the map says that IAM holds the account, and it does", () => {
      const entry = derive(step).enforcement.find(({ constraint }) => constraint === "/account");
      assert.ok(entry?.enforcedBy.includes("iam"));
    });
  });
}

suite("VAI-42 an owner only where the ARN says none", () => {
  test("VAI-42 an item beside an object needs no owner in its call", () => {
    const step = putObject({
      ...{ actions: ["dynamodb:UpdateItem", "s3:PutObject"], resources: [TABLE, OBJECT] },
      parameters: "unbounded",
    });
    const item = fates(step, TABLE, updateItemContext(), "dynamodb:UpdateItem");
    assert.deepEqual(item, ["Allow", "Allow"]);
    assert.deepEqual(fates(step, OBJECT, owner(ACCOUNT), "s3:PutObject"), ["Allow", "Allow"]);
    const refused = ["ExplicitDeny", "ExplicitDeny"];
    assert.deepEqual(fates(step, OBJECT, owner(STRANGER), "s3:PutObject"), refused);
    const { sessionPolicy } = derive(step);
    assert.deepEqual(proveContainment(sessionPolicy, contractOf([step]), step), {
      contained: true,
    });
  });

  for (const step of [updateItem(), putParameter()]) {
    test(`VAI-42 ${step.actions[0]} is bounded by its ARN alone`, () =>
      assert.ok(!policyText(derive(step).sessionPolicy).includes("aws:ResourceAccount")));
  }

  for (const { action, target, accountInArn } of CATALOGUE) {
    test(`VAI-42 ${action} says rightly whether its ARN names the account`, () =>
      assert.equal(accountInArn, /^\d{12}$/.test(parseArn(target.example)?.account ?? "")));
  }
});

suite("VAI-147 objects and the size of a session policy", () => {
  const long = (bytes: number): Step =>
    putObject({ resources: [`arn:aws:s3:::${"b".repeat(63)}/${"k".repeat(bytes)}`] });

  test("VAI-147 eight objects, or one with a long name, fit", () => {
    const many = Array.from({ length: 8 }, (_, each) => OBJECT.replace("limits", `limits-${each}`));
    for (const step of [putObject({ resources: many }), long(500)])
      assert.ok(policyText(derive(step).sessionPolicy).length <= 2048);
  });

  test("VAI-147 the longest name does not, and is refused", () => {
    const step = long(1024);
    const refusal = deriveAuthority(contractOf([step]), step, trustPolicy);
    assert.ok(isRefusal(refusal));
    assert.equal(refusal.code, "SESSION_POLICY_TOO_LARGE");
  });
});
