import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { STSClient } from "@aws-sdk/client-sts";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import type { TargetKeys } from "../../lib/actions/target-keys.ts";
import { deriveAuthority } from "../../lib/authority/derive/derive.ts";
import { readerCredentialsBy } from "../../lib/aws/ports/sts.ts";
import { isRefusal } from "../../lib/refusal.ts";
import type { TrustPolicy } from "../../lib/trust/policy.ts";
import { type FoundPolicy, problemsOf } from "../support/iam-problems.ts";
import { type SampleStep, sampleSteps } from "../support/sample-steps.ts";
import { contractOf } from "./fixtures.ts";

const believed = {
  actions: CATALOGUE.map(({ action }) => ({ action })),
} as unknown as TrustPolicy;

const placeOf = (arn: string) => {
  const [, partition = "", , region, account] = arn.split(":");
  return {
    partition,
    region: region || "us-east-1",
    account: account || "111122223333",
  };
};

const KEY = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555";

function derived({ name, step }: SampleStep, targetKeys: TargetKeys = {}): FoundPolicy {
  const contract = contractOf([step], placeOf(step.resources[0] ?? ""));
  const authority = deriveAuthority(contract, step, believed, { targetKeys });
  assert.ok(!isRefusal(authority), `${name}: ${JSON.stringify(authority)}`);
  return { where: name, document: authority.sessionPolicy };
}

const STEPS = sampleSteps();
const SESSION_POLICIES = STEPS.map((each) => derived(each));
/** Under a key each, as far as they then fit: one target is enough. */
const ENCRYPTED = STEPS.filter(({ name }) => name.endsWith(" exact") || name.includes("Instances"))
  .map(({ name, step }) => ({ name, step: { ...step, resources: step.resources.slice(0, 1) } }))
  .map((each) => derived(each, { [each.step.resources[0] ?? ""]: KEY }));
const FAMILIES = [...new Set(CATALOGUE.map(({ family }) => family))];
const ofFamily = (family: string) => CATALOGUE.filter((each) => each.family === family);

/** The session policy that the plane passes when it assumes the reader role of a family. */
async function readerPolicy(family: string): Promise<FoundPolicy> {
  const asked: string[] = [];
  const client = {
    send: ({ input }: { input: { Policy: string } }) => {
      asked.push(input.Policy);
      const keys = { AccessKeyId: "ASIAX", SecretAccessKey: "x", SessionToken: "x" };
      return { Credentials: { ...keys, Expiration: new Date(900_000) } };
    },
  } as unknown as STSClient;
  const targets = ofFamily(family).map(({ target }) => target.example);
  await readerCredentialsBy(
    client,
    {
      targets: { [family]: targets },
      targetKeys: Object.fromEntries(targets.map((target) => [target, KEY])),
    },
    () => 0,
    "us-east-1",
  )("arn:role", family);
  return { where: `reader of ${family}`, document: JSON.parse(asked[0] ?? "") };
}

suite("what is generated exists in IAM", () => {
  test("VAI-43 every action, resource form and condition key of every session policy is one of AWS's", async () => {
    assert.deepEqual(await problemsOf([...SESSION_POLICIES, ...ENCRYPTED]), []);
    for (const use of ["kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant"])
      assert.ok(JSON.stringify(ENCRYPTED).includes(`"${use}"`), use);
  });

  test("VAI-43 so is what a reader session may read", async () => {
    const readers = await Promise.all(FAMILIES.map(readerPolicy));
    assert.deepEqual(await problemsOf(readers), []);
    const ofKeys = readers.filter(({ document }) => JSON.stringify(document).includes(KEY));
    const names = ofKeys.map(({ where }) => where);
    assert.deepEqual(names.sort(), ["reader of dynamodb", "reader of s3"]);
  });

  test("VAI-43 every action of the catalogue, and every condition that it can carry, was among them", () => {
    const asked = new Set(STEPS.flatMap(({ step }) => step.actions));
    assert.deepEqual([...asked].sort(), CATALOGUE.map(({ action }) => action).sort());
    const text = JSON.stringify(SESSION_POLICIES);
    for (const { iamBounds, action } of CATALOGUE) {
      const keys = iamBounds({ "key/pk": { exact: "a" } }).map(({ key }) => key);
      for (const key of keys) assert.ok(text.includes(key), `${action} ${key}`);
    }
  });
});

const statement = (changes: object): FoundPolicy => ({
  where: "policy",
  document: {
    Version: "2012-10-17",
    Statement: [
      {
        ...{ Effect: "Allow", Action: "dynamodb:UpdateItem" },
        Resource: "arn:aws:dynamodb:us-east-1:111122223333:table/Flags",
        ...changes,
      },
    ],
  },
});

const table = "arn:aws:dynamodb:us-east-1:111122223333:table/Flags";
const when = (operator: string, key: string) => ({ Condition: { [operator]: { [key]: "x" } } });

/** What a policy might wrongly hold, and the complaint about it. */
const WRONG: Readonly<Record<string, readonly [changes: object, complaint: RegExp]>> = {
  "an action that nobody has": [{ Action: "dynamodb:ChangeItem" }, /ChangeItem is no action/],
  "an API that is no action": [
    { Action: "dynamodb:TransactWriteItems" },
    /TransactWriteItems is no action/,
  ],
  "an action in other letters": [{ Action: "dynamodb:updateItem" }, /updateItem is no action/],
  "a service that does not exist": [{ Action: "dynamo:UpdateItem" }, /is no action/],
  "a wild action in an Allow": [{ Action: "dynamodb:Update*" }, /Update\* is wild/],
  "everything in an Allow": [{ Action: "*", Resource: "*" }, /\* is wild/],
  "an Allow by what it leaves out": [
    { Action: undefined, NotAction: "dynamodb:UpdateItem" },
    /allows by NotAction/,
  ],
  "a wild action in a Deny that means nothing": [
    { Effect: "Deny", Action: "dynamodb:Frobnicate*" },
    /Frobnicate\* is no action/,
  ],
  "a wild exception of a Deny": [
    { Effect: "Deny", Action: undefined, NotAction: "dynamodb:Update*" },
    /Update\* is wild/,
  ],
  "a resource of another form": [
    { Resource: "arn:aws:dynamodb:us-east-1:111122223333:tables/Flags" },
    /no action of the statement works on/,
  ],
  "a resource that the action does not work on": [
    { Resource: `${table}/index/byOwner` },
    /no action of the statement works on .*index/,
  ],
  "a resource of another service": [
    { Resource: "arn:aws:lambda:us-east-1:111122223333:function:checkout" },
    /no action of the statement works on .*checkout/,
  ],
  "a resource that only one of two services has": [
    { Action: ["dynamodb:UpdateItem", "lambda:UpdateAlias"] },
    /lambda:UpdateAlias lacks a resource/,
  ],
  "an account that is none": [
    { Resource: "arn:aws:dynamodb:us-east-1:1111:table/Flags" },
    /no action of the statement works on/,
  ],
  "any account": [{ Resource: "arn:aws:dynamodb:us-east-1:*:table/Flags" }, /wild before its name/],
  "any resource": [{ Resource: "*" }, /on \* although it knows resources/],
  "a resource for an action that has none": [
    {
      Action: "ec2:DescribeInstances",
      Resource: "arn:aws:ec2:us-east-1:111122223333:instance/i-1",
    },
    /DescribeInstances knows no resources/,
  ],
  "a resource in a Deny that no service has": [
    { Effect: "Deny", Action: "*", Resource: "arn:aws:dynamodb:us-east-1:111122223333:tables/F" },
    /is no resource/,
  ],
  "a key that nobody has": [when("StringEquals", "dynamodb:Table"), /dynamodb:Table is no cond/],
  "a global key that nobody has": [when("StringEquals", "aws:Region"), /aws:Region is no cond/],
  "a key in other letters": [when("StringEquals", "aws:principaltag/x"), /is no condition key/],
  "a key of another action": [
    {
      Action: "dynamodb:ConditionCheckItem",
      ...when("ForAnyValue:StringEquals", "dynamodb:EnclosingOperation"),
    },
    /requests of dynamodb:ConditionCheckItem never hold/,
  ],
  "a key of another service": [when("StringEquals", "kms:MessageType"), /never hold kms:Mess/],
  "a tag of a request that has none": [
    when("StringEquals", "aws:RequestTag/x"),
    /never hold aws:RequestTag\/x/,
  ],
  "an operator that nobody has": [when("StringMatches", "dynamodb:ReturnValues"), /does not fit/],
  "an operator for another type": [when("DateLessThan", "aws:RequestedRegion"), /does not fit/],
  "one value where AWS's guide has many": [
    { Action: "dynamodb:PutItem", ...when("StringEquals", "dynamodb:EnclosingOperation") },
    /StringEquals does not fit dynamodb:EnclosingOperation, which is ArrayOfString/,
  ],
  "one value where a request has many": [
    when("StringEquals", "dynamodb:LeadingKeys"),
    /StringEquals does not fit dynamodb:LeadingKeys/,
  ],
  "many values where a request has one": [
    when("ForAllValues:StringEquals", "dynamodb:ReturnValues"),
    /does not fit dynamodb:ReturnValues/,
  ],
  "a principal that is none": [{ Principal: { AWS: "role/issue" } }, /role\/issue is no principal/],
  "a member that is none": [{ Conditions: {} }, /has a member Conditions/],
};

suite("the check itself", () => {
  for (const [name, [changes, complaint]] of Object.entries(WRONG)) {
    test(`VAI-43 notices ${name}`, async () => {
      const problems = await problemsOf([statement(changes)]);
      assert.match(problems.join("\n"), complaint);
    });
  }

  test("VAI-43 has nothing against what is right", async () => {
    const right = [
      statement({}),
      statement({ Resource: "arn:aws:dynamodb:us-east-1:111122223333:table/Fl*" }),
      statement({
        Action: ["dynamodb:Query", "dynamodb:GetItem"],
        Resource: [table, `${table}/index/*`],
      }),
      statement({ Effect: "Deny", Action: ["iam:*", "sts:*"], Resource: "*" }),
      statement({ Effect: "Deny", Action: "*", Resource: "arn:aws:s3:::vai-local-*/*" }),
      statement({ Action: "ec2:DescribeInstances", Resource: "*" }),
      statement({
        Action: "logs:PutLogEvents",
        Resource: "arn:aws:logs:us-east-1:111122223333:log-group:/vai/x:*",
      }),
      statement(when("StringEquals", "aws:PrincipalTag/vai-identity")),
      { ...statement({ Action: "kms:Sign", Resource: "*" }), on: "key" },
      { ...statement({ Action: "sts:AssumeRole", Resource: undefined }), on: "role" },
    ];
    assert.deepEqual(await problemsOf(right), []);
  });

  test("VAI-43 notices each name of each session policy when it is made up", async () => {
    let count = 0;
    for (const { where, document } of SESSION_POLICIES) {
      const text = JSON.stringify(document);
      for (const name of new Set(text.match(/"(?:[a-z0-9]+:[A-Za-z]+|arn:[^"]+)"/g))) {
        const wrong = name.startsWith('"arn:')
          ? name.replace(/arn:(\w+):(\w+):/, "arn:$1:$2x:")
          : `${name.slice(0, -1)}x"`;
        const problems = await problemsOf([
          { where, document: JSON.parse(text.replaceAll(name, wrong)) },
        ]);
        assert.notDeepEqual(problems, [], `${where}: ${wrong}`);
        count += 1;
      }
    }
    assert.ok(count > 4 * CATALOGUE.length, `${count}`);
  });
});
