import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import type { Operation } from "../../lib/actions/descriptor.ts";
import { NO_KEYS, type TargetKeys } from "../../lib/actions/target-keys.ts";
import { proveContainment } from "../../lib/authority/contain/contain.ts";
import {
  type Authority,
  type DeriveOptions,
  deriveAuthority,
} from "../../lib/authority/derive/derive.ts";
import { narrowToOperation } from "../../lib/authority/derive/narrow-operation.ts";
import { policyText } from "../../lib/authority/derive/session-policy.ts";
import { evaluatePolicies } from "../../lib/authority/evaluate/evaluate.ts";
import type { Step } from "../../lib/contract/step.ts";
import { isRefusal } from "../../lib/refusal.ts";
import {
  at,
  contractOf,
  EVERYTHING,
  EXP,
  GRANT_TO_SESSION,
  NBF,
  REGION,
  ROLE,
  SESSION,
  TABLE,
  trustPolicy,
  updateAlias,
  updateItem,
  updateItemContext,
} from "./fixtures.ts";

const derive = (step: Step, options?: DeriveOptions): Authority => {
  const authority = deriveAuthority(contractOf([step]), step, trustPolicy, options);
  if (isRefusal(authority)) throw new Error(`${authority.code} ${authority.detail}`);
  return authority;
};

interface Golden {
  readonly title: string;
  readonly step: Step;
  readonly operation?: Operation;
  readonly targetKeys?: TargetKeys;
  readonly policy: object;
}

suite("VAI-20 golden session policies", () => {
  const folder = new URL("./cases/golden/", import.meta.url);
  for (const file of readdirSync(folder).sort()) {
    const {
      title,
      step,
      operation,
      targetKeys = NO_KEYS,
      policy,
    }: Golden = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
    test(title, () => {
      const narrowed = operation === undefined ? step : narrowToOperation(step, operation);
      const { sessionPolicy } = derive(narrowed, { targetKeys });
      assert.deepEqual(sessionPolicy, policy);
      assert.equal(
        policyText(derive(narrowed, { targetKeys }).sessionPolicy),
        policyText(sessionPolicy),
        "same text again",
      );
      const contract = contractOf([step]);
      for (const each of [narrowed, step]) {
        const proof = proveContainment(sessionPolicy, contract, each, { targetKeys });
        assert.deepEqual(proof, { contained: true });
      }
    });
  }
});

type Changes = {
  readonly action?: string;
  readonly resource?: string;
  readonly context?: Record<string, string | string[]>;
};

/**
 * The request's fate with a role that may do everything, without and with a resource policy that
 * names the session.
 */
function fate(sessionPolicy: object, changes: Changes = {}): string {
  const { action = "dynamodb:UpdateItem", resource = TABLE, context = {} } = changes;
  const request = { action, resource, principalArn: SESSION, context: updateItemContext(context) };
  const bare = evaluatePolicies(
    { identity: [EVERYTHING], session: sessionPolicy },
    request,
  ).decision;
  const granted = evaluatePolicies(
    { identity: [EVERYTHING], session: sessionPolicy, resource: [GRANT_TO_SESSION] },
    request,
  ).decision;
  return bare === granted
    ? bare
    : `${bare}, but ${granted} for a session that a resource policy names`;
}

suite("VAI-20 the closed form holds whatever else a resource allows", () => {
  const { sessionPolicy } = derive(updateItem());

  test("VAI-20 the listed call is allowed", () => assert.equal(fate(sessionPolicy), "Allow"));

  const DENIED: [string, Changes][] = [
    ["ADV-26 the batch form of the same write", { action: "dynamodb:BatchWriteItem" }],
    ["ADV-26 the PartiQL form of the same write", { action: "dynamodb:PartiQLUpdate" }],
    ["VAI-14 another role", { action: "sts:AssumeRole", resource: ROLE }],
    ["VAI-14 another policy", { action: "iam:PutRolePolicy", resource: ROLE }],
    ["VAI-42 the production table", { resource: TABLE.replace("Flags", "Flags-prod") }],
    [
      "VAI-42 the same table of another account",
      { resource: TABLE.replace("000000000000", "111111111111") },
    ],
    ["VAI-42 an index of the table", { resource: `${TABLE}/index/byOwner` }],
    ["VAI-41 another region", { context: { "aws:RequestedRegion": "eu-west-1" } }],
    ["VAI-116 a millisecond early", { context: { "aws:CurrentTime": "2026-05-05T03:59:59.999Z" } }],
    ["VAI-116 at the end", { context: { "aws:CurrentTime": at(EXP) } }],
    ["VAI-116 a day later", { context: { "aws:CurrentTime": at(EXP + 86_400) } }],
    ["VAI-20 another item", { context: { "dynamodb:LeadingKeys": ["svc-b"] } }],
    [
      "VAI-20 another item beside the listed one",
      { context: { "dynamodb:LeadingKeys": ["svc-a", "svc-b"] } },
    ],
    ["ADV-24 another attribute", { context: { "dynamodb:Attributes": ["pk", "weight", "owner"] } }],
    ["ADV-24 a read in the answer", { context: { "dynamodb:ReturnValues": "ALL_OLD" } }],
    ["VAI-149 no leading key at all", { context: { "dynamodb:LeadingKeys": [] } }],
    ["VAI-149 no attributes at all", { context: { "dynamodb:Attributes": [] } }],
  ];
  for (const [title, changes] of DENIED) {
    test(title, () => assert.equal(fate(sessionPolicy, changes), "ExplicitDeny"));
  }

  test("VAI-116 the last second of the window is inside", () => {
    assert.equal(fate(sessionPolicy, { context: { "aws:CurrentTime": at(EXP - 1) } }), "Allow");
  });

  test("VAI-20 leaving ReturnValues out is the default NONE", () => {
    assert.equal(fate(sessionPolicy, { context: { "dynamodb:ReturnValues": [] } }), "Allow");
  });

  test("VAI-116 an earlier end than the contract's", () => {
    const policy = derive(updateItem(), { notAfter: NBF + 60 }).sessionPolicy;
    assert.equal(fate(policy, { context: { "aws:CurrentTime": at(NBF + 59) } }), "Allow");
    assert.equal(fate(policy, { context: { "aws:CurrentTime": at(NBF + 60) } }), "ExplicitDeny");
    assert.deepEqual(proveContainment(policy, contractOf([updateItem()]), updateItem()), {
      contained: true,
    });
  });

  test("VAI-116 a fraction of a second is not given away", () => {
    const { sessionPolicy: policy } = derive(updateItem(), { notAfter: NBF + 60.9 });
    assert.deepEqual(policy, derive(updateItem(), { notAfter: NBF + 60 }).sessionPolicy);
  });

  test("VAI-116 a later end than the contract's changes nothing", () => {
    assert.deepEqual(derive(updateItem(), { notAfter: EXP + 60 }).sessionPolicy, sessionPolicy);
  });
});

suite("VAI-44 an unbounded step changes items, and reads none by its answers", () => {
  const step = updateItem({ parameters: "unbounded" });
  const { sessionPolicy } = derive(step);
  const context = { "dynamodb:LeadingKeys": ["any"], "dynamodb:Attributes": ["whatever"] };
  const RETURNED: [string | string[], string][] = [
    ["NONE", "Allow"],
    [[], "Allow"],
    ["ALL_OLD", "ExplicitDeny"],
    ["ALL_NEW", "ExplicitDeny"],
    ["UPDATED_OLD", "ExplicitDeny"],
    ["UPDATED_NEW", "ExplicitDeny"],
  ];
  for (const [returned, decision] of RETURNED) {
    test(`ADV-24 ReturnValues ${returned.length === 0 ? "left out" : returned}: ${decision}`, () => {
      const asked = { ...context, "dynamodb:ReturnValues": returned };
      assert.equal(fate(sessionPolicy, { context: asked }), decision);
    });
  }

  const { Statement } = sessionPolicy;
  const pins = (each: object): boolean => JSON.stringify(each).includes("ReturnValues");
  const unpinned = ({ Condition: _, ...rest }: (typeof Statement)[number]) => rest;
  const WIDER: Readonly<Record<string, readonly object[]>> = {
    "without its Deny": Statement.filter((each) => !pins(each) || each.Effect === "Allow"),
    "without its condition": Statement.map((each) =>
      pins(each) && each.Effect === "Allow" ? unpinned(each) : each,
    ),
    "without either": Statement.filter((each) => !pins(each)).concat(
      Statement.filter((each) => pins(each) && each.Effect === "Allow").map(unpinned),
    ),
    "with ALL_OLD beside NONE": JSON.parse(
      JSON.stringify(Statement).replaceAll('"NONE"', '["NONE","ALL_OLD"]'),
    ) as object[],
  };
  for (const [name, statements] of Object.entries(WIDER)) {
    test(`VAI-47 a policy ${name} is not contained`, () => {
      const policy = { ...sessionPolicy, Statement: statements };
      assert.equal(proveContainment(policy, contractOf([step]), step).contained, false);
    });
  }
});

suite("VAI-149 every set operator has its Null guard", () => {
  for (const step of [updateItem(), updateAlias()]) {
    test(`VAI-149 ${step.actions[0]}`, () => {
      for (const { Condition = {} } of derive(step).sessionPolicy.Statement) {
        const guarded = Object.keys(Condition["Null"] ?? {});
        const sets = Object.entries(Condition).filter(([name]) => name.startsWith("ForAllValues:"));
        for (const key of sets.flatMap(([, block]) => Object.keys(block))) {
          assert.ok(guarded.includes(key), key);
          assert.equal(Condition["Null"]?.[key], "false");
        }
      }
    });
  }
});

suite("VAI-43 a range is held by IAM once the call is known", () => {
  const step = updateItem({
    parameters: { "key/pk": { notOneOf: ["svc-z"] }, "set/weight": { range: { max: 10 } } },
  });
  const operation = {
    action: "dynamodb:UpdateItem",
    resource: TABLE,
    parameters: { "key/pk": "svc-a", "set/weight": 3 },
  };

  test("VAI-43 the step itself leaves the item to the adapter, and says so", () => {
    const { sessionPolicy, enforcement } = derive(step);
    assert.equal(fate(sessionPolicy, { context: { "dynamodb:LeadingKeys": ["svc-b"] } }), "Allow");
    const key = enforcement.find(({ constraint }) => constraint.endsWith("key~1pk"));
    assert.deepEqual(key?.enforcedBy, ["trustPlane", "adapter"]);
  });

  test("VAI-43 narrowed to the operation, another item is denied", () => {
    const { sessionPolicy, enforcement } = derive(narrowToOperation(step, operation));
    assert.equal(fate(sessionPolicy), "Allow");
    assert.equal(
      fate(sessionPolicy, { context: { "dynamodb:LeadingKeys": ["svc-b"] } }),
      "ExplicitDeny",
    );
    const key = enforcement.find(({ constraint }) => constraint.endsWith("key~1pk"));
    assert.deepEqual(key?.enforcedBy, ["trustPlane", "iam", "adapter"]);
  });
});

test("VAI-41 an alias: another function, region, minute eleven", () => {
  const { sessionPolicy } = derive(updateAlias());
  const session = { identity: [EVERYTHING], session: sessionPolicy };
  const ask = (resource: string, context: Record<string, string>): string =>
    evaluatePolicies(session, {
      action: "lambda:UpdateAlias",
      resource,
      principalArn: SESSION,
      context,
    }).decision;
  const now = { "aws:CurrentTime": at(NBF + 1), "aws:RequestedRegion": REGION };
  const [checkout = ""] = updateAlias().resources;
  assert.equal(ask(checkout, now), "Allow");
  assert.equal(ask(`${checkout}:live`, now), "ExplicitDeny");
  assert.equal(ask(checkout.replace("checkout", "billing"), now), "ExplicitDeny");
  assert.equal(ask(checkout, { ...now, "aws:RequestedRegion": "eu-west-1" }), "ExplicitDeny");
  assert.equal(ask(checkout, { ...now, "aws:CurrentTime": at(EXP) }), "ExplicitDeny");
});
