import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import type { TargetKeys } from "../../lib/actions/target-keys.ts";
import { proveContainment } from "../../lib/authority/contain/contain.ts";
import { deriveAuthority } from "../../lib/authority/derive/derive.ts";
import { evaluatePolicies } from "../../lib/authority/evaluate/evaluate.ts";
import type { SessionPolicy, Statement } from "../../lib/authority/evaluate/iam-document.ts";
import type { Step } from "../../lib/contract/step.ts";
import { isRefusal } from "../../lib/refusal.ts";
import {
  at,
  contractOf,
  EVERYTHING,
  EXP,
  GRANT_TO_SESSION,
  NBF,
  OBJECT,
  putObject,
  REGION,
  SESSION,
  TABLE,
  trustPolicy,
  updateItem,
  updateItemContext,
} from "./fixtures.ts";

const KEY = `arn:aws:kms:${REGION}:000000000000:key/11111111-2222-3333-4444-555555555555`;
const OTHER_KEY = KEY.replaceAll("1", "9");
const KEYS: TargetKeys = { [TABLE]: KEY };
const VIA = "kms:ViaService";
const CONTEXT = "kms:EncryptionContext:aws:dynamodb:tableName";

const derive = (step: Step, targetKeys: TargetKeys) =>
  deriveAuthority(contractOf([step]), step, trustPolicy, { targetKeys });

function policyOf(step: Step, targetKeys: TargetKeys): SessionPolicy {
  const authority = derive(step, targetKeys);
  if (isRefusal(authority)) throw new Error(`${authority.code} ${authority.detail}`);
  return authority.sessionPolicy;
}

type Context = Readonly<Record<string, string | string[]>>;

/** The use of the key that DynamoDB makes for the listed call, changed. */
const keyCall = ({
  action = "kms:Decrypt",
  resource = KEY,
  ...changes
}: Record<string, string | undefined> = {}) => {
  const context = {
    "aws:CurrentTime": at(NBF),
    "aws:RequestedRegion": REGION,
    [VIA]: `dynamodb.${REGION}.amazonaws.com`,
    [CONTEXT]: "Flags",
    ...changes,
  };
  const sent = Object.entries(context).filter(([, value]) => value !== undefined);
  return { action, resource, context: Object.fromEntries(sent) as Context };
};

/** With a role that may do everything, without and with a key policy that names the session: alike. */
function fate(
  session: object,
  call: { action: string; resource: string; context: Context },
): string {
  const request = { ...call, principalArn: SESSION };
  const bare = evaluatePolicies({ identity: [EVERYTHING], session }, request).decision;
  const granted = { identity: [EVERYTHING], session, resource: [GRANT_TO_SESSION] };
  const named = evaluatePolicies(granted, request).decision;
  return bare === named ? bare : `${bare}, but ${named} where a key policy names the session`;
}

suite("VAI-45 a session uses its target's key through the target's service, and in no other way", () => {
  const policy = policyOf(updateItem(), KEYS);

  test("VAI-45 DynamoDB may decrypt for it, for this table", () =>
    assert.equal(fate(policy, keyCall()), "Allow"));
  test("VAI-20 the listed call is allowed beside it", () => {
    const call = { action: "dynamodb:UpdateItem", resource: TABLE, context: updateItemContext() };
    assert.equal(fate(policy, call), "Allow");
  });

  const DENIED: Readonly<Record<string, Record<string, string | undefined>>> = {
    "by itself": { [VIA]: undefined },
    "through another service": { [VIA]: `s3.${REGION}.amazonaws.com` },
    "through the service of another region": { [VIA]: "dynamodb.eu-west-1.amazonaws.com" },
    "for another table": { [CONTEXT]: "Flags-prod" },
    "for a table of other letters": { [CONTEXT]: "flags" },
    "without encryption context": { [CONTEXT]: undefined },
    "with another key": { resource: OTHER_KEY },
    "with the key of that name in another account": {
      resource: KEY.replace("000000000000", "111111111111"),
    },
    "in another region": { "aws:RequestedRegion": "eu-west-1" },
    "before the window": { "aws:CurrentTime": at(NBF - 1) },
    "after the window": { "aws:CurrentTime": at(EXP) },
    ...Object.fromEntries(
      "Encrypt GenerateDataKey ReEncryptFrom CreateGrant Sign PutKeyPolicy ScheduleKeyDeletion DescribeKey"
        .split(" ")
        .map((name) => [`to ${name}`, { action: `kms:${name}` }]),
    ),
  };
  for (const [name, changes] of Object.entries(DENIED)) {
    test(`VAI-45 not ${name}`, () => assert.equal(fate(policy, keyCall(changes)), "ExplicitDeny"));
  }

  const LISTED_BOUNDS: Readonly<Record<string, Context>> = {
    "ADV-24 another attribute": { "dynamodb:Attributes": ["pk", "weight", "owner"] },
    "ADV-24 a read in the answer": { "dynamodb:ReturnValues": "ALL_OLD" },
    "VAI-20 another item": { "dynamodb:LeadingKeys": ["svc-b"] },
    "VAI-149 no leading key at all": { "dynamodb:LeadingKeys": [] },
  };
  for (const [name, changes] of Object.entries(LISTED_BOUNDS)) {
    test(`${name} is denied as without a key`, () => {
      const context = { ...updateItemContext(), ...changes };
      const call = { action: "dynamodb:UpdateItem", resource: TABLE, context };
      assert.equal(fate(policy, call), "ExplicitDeny");
    });
  }
});

test("VAI-47 whatever is asked of KMS, only what DynamoDB asks for the session's tables is allowed", () => {
  const step = updateItem({ resources: [TABLE, `${TABLE}2`], parameters: "unbounded" });
  const keys = { [TABLE]: KEY, [`${TABLE}2`]: OTHER_KEY };
  const session = policyOf(step, keys);
  const service = fc.constantFrom("dynamodb", "s3", "ec2", "kms");
  const asked = fc.record({
    action: fc.constantFrom("kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:Encrypt"),
    resource: fc.constantFrom(KEY, OTHER_KEY, KEY.replaceAll("1", "3"), "*"),
    [VIA]: fc.option(
      fc.tuple(service, fc.constantFrom(REGION, "eu-west-1")).map(([name, region]) => {
        return `${name}.${region}.amazonaws.com`;
      }),
      { nil: undefined },
    ),
    [CONTEXT]: fc.option(fc.constantFrom("Flags", "Flags2", "Flags3", ""), { nil: undefined }),
  });
  fc.assert(
    fc.property(asked, (changes) => {
      const isListed =
        changes.action === "kms:Decrypt" &&
        [KEY, OTHER_KEY].includes(String(changes.resource)) &&
        changes[VIA] === `dynamodb.${REGION}.amazonaws.com` &&
        ["Flags", "Flags2"].includes(String(changes[CONTEXT]));
      assert.equal(fate(session, keyCall(changes)) === "Allow", isListed);
    }),
    { numRuns: 500 },
  );
});

suite("VAI-47 the exception for a key is proved, and nothing beside it", () => {
  const step = updateItem();
  const contract = contractOf([step]);
  const policy = policyOf(step, KEYS);
  const isContained = (changed: object, keys: TargetKeys = KEYS): boolean =>
    proveContainment(changed, contract, step, { targetKeys: keys }).contained;

  test("VAI-47 the derived policy is contained, with these keys and with no others", () => {
    assert.deepEqual(proveContainment(policy, contract, step, { targetKeys: KEYS }), {
      contained: true,
    });
    assert.equal(proveContainment(policy, contract, step).contained, false);
    for (const keys of [{}, { [TABLE]: OTHER_KEY }, { [`${TABLE}2`]: KEY }]) {
      assert.equal(proveContainment(policy, contract, step, { targetKeys: keys }).contained, false);
    }
  });

  test("VAI-47 a policy without the exception is narrower, hence contained", () =>
    assert.equal(isContained(policyOf(step, {})), true));

  const map = (change: (each: Statement) => object | undefined): object => ({
    ...policy,
    Statement: policy.Statement.flatMap((each) => change(each) ?? []),
  });
  const text = (from: string, to: string): object =>
    JSON.parse(JSON.stringify(policy).replaceAll(from, to)) as object;
  const denies = (each: Statement, word: string): boolean =>
    each.Effect === "Deny" && JSON.stringify(each.Condition ?? {}).includes(word);
  const isKeyAllow = ({ Effect, Action }: Statement): boolean =>
    Effect === "Allow" && Action === "kms:Decrypt";
  const plus = (...more: object[]): object => ({
    ...policy,
    Statement: [...policy.Statement, ...more],
  });
  const conditioned = (Condition: object) =>
    map((each) => (isKeyAllow(each) ? { ...each, Condition } : each));

  const WIDER: Readonly<Record<string, object>> = {
    "another key beside it": map((each) => {
      if (isKeyAllow(each)) return { ...each, Resource: [KEY, OTHER_KEY] };
      return each.NotResource ? { ...each, NotResource: [TABLE, KEY, OTHER_KEY] } : each;
    }),
    "another key spared by the Deny": map((each) =>
      each.NotResource ? { ...each, NotResource: [TABLE, KEY, OTHER_KEY] } : each,
    ),
    "every key": text(`"${KEY}"`, '"*"'),
    "a pattern of keys": text(KEY, KEY.replace(/[^/]+$/, "*")),
    "another action of KMS beside it": text('"kms:Decrypt"', '"kms:Encrypt"'),
    "all of KMS": text('"kms:Decrypt"', '"kms:*"'),
    "no Deny of other services": map((each) => (denies(each, VIA) ? undefined : each)),
    "no Deny of other tables": map((each) => (denies(each, CONTEXT) ? undefined : each)),
    "another service": text(`dynamodb.${REGION}`, `s3.${REGION}`),
    "the service of another region": text(`dynamodb.${REGION}`, "dynamodb.eu-west-1"),
    "another table": text(`"${CONTEXT}":"Flags"`, `"${CONTEXT}":["Flags","Other"]`),
    "services compared without letter case": map((each) =>
      denies(each, VIA)
        ? { ...each, Condition: { StringNotEqualsIgnoreCase: { [VIA]: `dynamodb.${REGION}` } } }
        : each,
    ),
    "a Deny of direct calls that spares those without the key": map((each) =>
      denies(each, VIA)
        ? { ...each, Condition: { ...each.Condition, Null: { [VIA]: "false" } } }
        : each,
    ),
    "both complements in one Deny": map((each) =>
      denies(each, VIA)
        ? {
            ...each,
            Condition: {
              StringNotEquals: {
                [VIA]: `dynamodb.${REGION}.amazonaws.com`,
                [CONTEXT]: "Flags",
              },
            },
          }
        : denies(each, CONTEXT)
          ? undefined
          : each,
    ),
    "another statement for KMS": plus({ Effect: "Allow", Action: "kms:Decrypt", Resource: "*" }),
    "the key for the step's own action": plus({
      ...{ Effect: "Allow", Action: "dynamodb:UpdateItem", Resource: KEY },
    }),
    "the table for KMS": plus({ Effect: "Allow", Action: "kms:Decrypt", Resource: TABLE }),
    "a condition that bounds nothing": conditioned({
      Bool: { "kms:GrantIsForAWSResource": "true" },
    }),
    "a condition on another service": conditioned({ StringLike: { [VIA]: "*.amazonaws.com" } }),
  };
  for (const [name, changed] of Object.entries(WIDER)) {
    test(`VAI-47 not contained: ${name}`, () => assert.equal(isContained(changed), false));
  }

  test("VAI-47 a policy that uses the key and nothing of the step proves nothing", () => {
    const only = map((each) => (each.Effect === "Allow" && !isKeyAllow(each) ? undefined : each));
    assert.deepEqual(proveContainment(only, contract, step, { targetKeys: KEYS }), {
      contained: false,
      reason: "allows no call that the step lists",
    });
  });

  test("VAI-47 conditions of Allows may stay with the Denies only where a key takes their room", () => {
    const bare = policyOf(step, {});
    const Statement = bare.Statement.map(({ Condition, ...each }) =>
      each.Effect === "Allow" ? each : { ...each, ...(Condition && { Condition }) },
    );
    assert.equal(isContained({ ...bare, Statement }, {}), false);
  });
});

suite("VAI-43 what no session policy can say is refused", () => {
  test("VAI-43 the keys of two services in one step", () => {
    const step = updateItem({
      actions: ["dynamodb:UpdateItem", "s3:PutObject"],
      resources: [TABLE, OBJECT],
      parameters: "unbounded",
    });
    const refusal = derive(step, { [TABLE]: KEY, [OBJECT]: OTHER_KEY });
    assert.ok(isRefusal(refusal));
    assert.equal(refusal.code, "SESSION_POLICY_INEXPRESSIBLE");
    assert.equal(refusal.pointer, "/contract/authorization_details/0/resources");
    assert.match(refusal.detail, /dynamodb and s3; split the step by service/);
    const one = derive(step, { [TABLE]: KEY });
    assert.ok(!isRefusal(one));
    const contract = contractOf([step]);
    const policy = one.sessionPolicy;
    assert.equal(
      proveContainment(policy, contract, step, { targetKeys: { [TABLE]: KEY } }).contained,
      true,
    );
    const both = { [TABLE]: KEY, [OBJECT]: OTHER_KEY };
    assert.equal(proveContainment(policy, contract, step, { targetKeys: both }).contained, false);
  });

  test("ADV-40 a policy that keys make too long", () => {
    const resources = [1, 2, 3, 4].map((index) => `${TABLE}${index}`);
    const keys = resources.map((table, index) => [table, KEY.replaceAll("2", String(index))]);
    const refusal = derive(updateItem({ resources }), Object.fromEntries(keys));
    assert.ok(isRefusal(refusal));
    assert.equal(refusal.code, "SESSION_POLICY_TOO_LARGE");
  });

  test("VAI-20 one item of a table with a name of 40 characters fits with its key", () => {
    const table = TABLE.replace("Flags", "production-checkout-service-settings-v12");
    const step = updateItem({ resources: [table] });
    assert.ok(!isRefusal(derive(step, { [table]: KEY })));
  });
});

test("VAI-42 an object's key is used for the object or, with a Bucket Key, the bucket", () => {
  const session = policyOf(putObject(), { "arn:aws:s3:::settings-bucket/*": KEY });
  const OF: readonly (readonly [string, string])[] = [
    [OBJECT, "Allow"],
    ["arn:aws:s3:::settings-bucket", "Allow"],
    [`${OBJECT}2`, "ExplicitDeny"],
    ["arn:aws:s3:::settings-bucket2", "ExplicitDeny"],
  ];
  for (const action of ["kms:GenerateDataKey", "kms:Decrypt"]) {
    for (const [of, decision] of OF) {
      const changes = { action, [VIA]: `s3.${REGION}.amazonaws.com`, [CONTEXT]: undefined };
      const call = keyCall({ ...changes, "kms:EncryptionContext:aws:s3:arn": of });
      assert.equal(fate(session, call), decision, `${action} ${of}`);
    }
  }
});
