import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { proveContainment } from "../../lib/authority/contain/contain.ts";
import { deriveAuthority } from "../../lib/authority/derive/derive.ts";
import { narrowToOperation } from "../../lib/authority/derive/narrow-operation.ts";
import type { Statement } from "../../lib/authority/evaluate/iam-document.ts";
import type { Constraint } from "../../lib/contract/constraint.ts";
import type { Step } from "../../lib/contract/step.ts";
import { isRefusal } from "../../lib/refusal.ts";
import {
  at,
  contractOf,
  EXP,
  FUNCTION,
  NBF,
  OBJECT,
  putObject,
  putParameter,
  TABLE,
  trustPolicy,
  updateAlias,
  updateItem,
} from "./fixtures.ts";

interface Policy {
  Version: string;
  Statement: Statement[];
}

const derived = (step: Step): Policy => {
  const authority = deriveAuthority(contractOf([step]), step, trustPolicy);
  if (isRefusal(authority)) throw new Error(authority.detail);
  return structuredClone(authority.sessionPolicy) as unknown as Policy;
};

type Mutation = (policy: Policy) => void;

const allowOf = (policy: Policy): Statement =>
  policy.Statement.find(({ Effect }) => Effect === "Allow") as Statement;
const denyWith = (policy: Policy, wanted: string): Statement =>
  policy.Statement.find(
    (each) => each.Effect === "Deny" && JSON.stringify(each).includes(wanted),
  ) as Statement;
const conditionOf = (statement: Statement): Record<string, Record<string, unknown>> =>
  (statement.Condition ?? {}) as Record<string, Record<string, unknown>>;

/** Mutants of every closed form. */
const COMMON: Record<string, Mutation> = {
  "an action more in the Allow": (policy) => {
    allowOf(policy).Action = [allowOf(policy).Action as string, "lambda:PublishVersion"];
  },
  "an action more in both places": (policy) => {
    allowOf(policy).Action = [allowOf(policy).Action as string, "lambda:PublishVersion"];
    denyWith(policy, "NotAction").NotAction = [
      denyWith(policy, "NotAction").NotAction as string,
      "lambda:PublishVersion",
    ];
  },
  "an action more that the Deny spares": (policy) => {
    denyWith(policy, "NotAction").NotAction = [
      denyWith(policy, "NotAction").NotAction as string,
      "lambda:PublishVersion",
    ];
  },
  "a wildcard in the spared actions": (policy) => {
    const deny = denyWith(policy, "NotAction");
    deny.NotAction = `${String(deny.NotAction).split(":")[0]}:Update*`;
  },
  "every action spared": (policy) => {
    denyWith(policy, "NotAction").NotAction = "*";
  },
  "a wildcard in the allowed action": (policy) => {
    allowOf(policy).Action = `${String(allowOf(policy).Action).split(":")[0]}:*`;
  },
  "an Allow of everything but": (policy) => {
    policy.Statement.push({ Effect: "Allow", NotAction: "iam:*", Resource: TABLE });
  },
  "an Allow beside": (policy) => {
    policy.Statement.push({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "arn:aws:s3:::data/a",
    });
  },
  "a resource more in the Allow": (policy) => {
    allowOf(policy).Resource = [allowOf(policy).Resource as string, `${TABLE}2`];
  },
  "a resource more in both places": (policy) => {
    allowOf(policy).Resource = [allowOf(policy).Resource as string, `${TABLE}2`];
    denyWith(policy, "NotResource").NotResource = [
      allowOf(policy).Resource as string,
      `${TABLE}2`,
    ].flat();
  },
  "a resource more that the Deny spares": (policy) => {
    const deny = denyWith(policy, "NotResource");
    deny.NotResource = [deny.NotResource as string, `${FUNCTION}-prod`];
  },
  "a star after the resource": (policy) => {
    allowOf(policy).Resource = `${allowOf(policy).Resource as string}*`;
  },
  "a star after the spared resource": (policy) => {
    denyWith(policy, "NotResource").NotResource =
      `${denyWith(policy, "NotResource").NotResource as string}*`;
  },
  "a variable as resource": (policy) => {
    allowOf(policy).Resource = [allowOf(policy).Resource as string, `\${aws:PrincipalTag/x}`];
  },
  "one second longer": (policy) => {
    conditionOf(denyWith(policy, "DateGreaterThanEquals"))["DateGreaterThanEquals"] = {
      "aws:CurrentTime": at(EXP + 1),
    };
  },
  "half a second longer": (policy) => {
    conditionOf(denyWith(policy, "DateGreaterThanEquals"))["DateGreaterThanEquals"] = {
      "aws:CurrentTime": "2026-05-05T04:05:00.500Z",
    };
  },
  "the end included": (policy) => {
    denyWith(policy, "DateGreaterThanEquals").Condition = {
      DateGreaterThan: { "aws:CurrentTime": at(EXP) },
    };
  },
  "a year longer": (policy) => {
    conditionOf(denyWith(policy, "DateGreaterThanEquals"))["DateGreaterThanEquals"] = {
      "aws:CurrentTime": at(EXP + 31_536_000),
    };
  },
  "one second earlier": (policy) => {
    conditionOf(denyWith(policy, "DateLessThan"))["DateLessThan"] = {
      "aws:CurrentTime": at(NBF - 1),
    };
  },
  "a window that is only denied for another action": (policy) => {
    denyWith(policy, "DateGreaterThanEquals").Action = "s3:*";
  },
  "another region spared": (policy) => {
    conditionOf(denyWith(policy, 'StringNotEquals":{"aws:Req'))["StringNotEquals"] = {
      "aws:RequestedRegion": ["us-east-1", "eu-west-1"],
    };
  },
  "all regions of a continent spared": (policy) => {
    denyWith(policy, 'StringNotEquals":{"aws:Req').Condition = {
      StringNotLike: { "aws:RequestedRegion": "us-*" },
    };
  },
  "a Deny of other actions that holds only for a while": (policy) => {
    denyWith(policy, "NotAction").Condition = { DateLessThan: { "aws:CurrentTime": at(NBF + 10) } };
  },
  "a Deny of other resources that holds only in the region": (policy) => {
    denyWith(policy, "NotResource").Condition = {
      StringEquals: { "aws:RequestedRegion": "us-east-1" },
    };
  },
  "a Deny that spares one network": (policy) => {
    denyWith(policy, "NotAction").Condition = { StringNotEquals: { "aws:SourceVpc": "vpc-1" } };
  },
  "a Deny under an operator that nobody knows": (policy) => {
    denyWith(policy, "NotAction").Condition = { StringIsNot: { "aws:CurrentTime": "never" } };
  },
  "a Deny turned into an Allow": (policy) => {
    denyWith(policy, "NotAction").Effect = "Allow";
  },
  "an old policy version": (policy) => {
    policy.Version = "2008-10-17";
  },
  "no policy at all": (policy) => {
    policy.Statement = [];
  },
  "something that is no policy": (policy) => {
    (policy as unknown as Record<string, unknown>)["Statment"] = [];
  },
};

/** Mutants of what IAM holds of an item. */
const OF_ITEMS: Record<string, Mutation> = {
  "no Null guards": (policy) => {
    delete conditionOf(allowOf(policy))["Null"];
  },
  "no Null guard of the leading keys": (policy) => {
    delete conditionOf(allowOf(policy))["Null"]?.["dynamodb:LeadingKeys"];
  },
  "no Null guard of the attributes": (policy) => {
    delete conditionOf(allowOf(policy))["Null"]?.["dynamodb:Attributes"];
  },
  "a Null guard the wrong way round": (policy) => {
    conditionOf(allowOf(policy))["Null"] = {
      "dynamodb:LeadingKeys": "true",
      "dynamodb:Attributes": "false",
    };
  },
  "another leading key": (policy) => {
    conditionOf(allowOf(policy))["ForAllValues:StringEquals"] = {
      "dynamodb:LeadingKeys": ["svc-a", "svc-b"],
      "dynamodb:Attributes": ["pk", "weight"],
    };
  },
  "any leading key of a family": (policy) => {
    const condition = conditionOf(allowOf(policy));
    condition["ForAllValues:StringEquals"] = { "dynamodb:Attributes": ["pk", "weight"] };
    condition["ForAllValues:StringLike"] = { "dynamodb:LeadingKeys": "svc-*" };
  },
  "a leading key in any letter case": (policy) => {
    const condition = conditionOf(allowOf(policy));
    condition["ForAllValues:StringEqualsIgnoreCase"] = condition["ForAllValues:StringEquals"] ?? {};
    delete condition["ForAllValues:StringEquals"];
  },
  "one listed key suffices": (policy) => {
    const condition = conditionOf(allowOf(policy));
    condition["ForAnyValue:StringEquals"] = condition["ForAllValues:StringEquals"] ?? {};
    delete condition["ForAllValues:StringEquals"];
  },
  "another attribute": (policy) => {
    conditionOf(allowOf(policy))["ForAllValues:StringEquals"] = {
      "dynamodb:LeadingKeys": "svc-a",
      "dynamodb:Attributes": ["pk", "weight", "owner"],
    };
  },
  "attributes not limited": (policy) => {
    conditionOf(allowOf(policy))["ForAllValues:StringEquals"] = { "dynamodb:LeadingKeys": "svc-a" };
  },
  "no conditions": (policy) => {
    delete allowOf(policy).Condition;
  },
  "return values not limited": (policy) => {
    delete conditionOf(allowOf(policy))["StringEqualsIfExists"];
  },
  "another leading key that the Deny spares": (policy) => {
    conditionOf(denyWith(policy, 'ForAnyValue:StringNotEquals":{"dynamodb:LeadingKeys'))[
      "ForAnyValue:StringNotEquals"
    ] = { "dynamodb:LeadingKeys": ["svc-a", "svc-b"] };
  },
  "a Deny that asks for all keys to be others": (policy) => {
    denyWith(policy, 'ForAnyValue:StringNotEquals":{"dynamodb:LeadingKeys').Condition = {
      "ForAllValues:StringNotEquals": { "dynamodb:LeadingKeys": "svc-a" },
    };
  },
  "a return value that the Deny spares": (policy) => {
    conditionOf(denyWith(policy, "dynamodb:ReturnValues"))["StringNotEquals"] = {
      "dynamodb:ReturnValues": ["NONE", "ALL_OLD"],
    };
  },
};

const OWNER = "aws:ResourceAccount";

/** Mutants of what IAM holds of an object, whose ARN does not say whose it is. */
const OF_OBJECTS: Record<string, Mutation> = {
  "VAI-42 a bucket of any account in the Allow": (policy) => {
    delete allowOf(policy).Condition;
  },
  "VAI-42 a bucket of another account in the Allow": (policy) => {
    allowOf(policy).Condition = { StringEquals: { [OWNER]: "999999999999" } };
  },
  "VAI-42 a bucket of another account too": (policy) => {
    allowOf(policy).Condition = { StringEquals: { [OWNER]: ["000000000000", "999999999999"] } };
    denyWith(policy, OWNER).Condition = {
      StringNotEquals: { [OWNER]: ["000000000000", "999999999999"] },
    };
  },
  "VAI-42 a bucket whose owner AWS does not say, in the Allow": (policy) => {
    allowOf(policy).Condition = { StringEqualsIfExists: { [OWNER]: "000000000000" } };
  },
  "VAI-42 a bucket whose owner AWS does not say, spared by the Deny": (policy) => {
    denyWith(policy, OWNER).Condition = {
      StringNotEquals: { [OWNER]: "000000000000" },
      Null: { [OWNER]: "false" },
    };
  },
  "VAI-42 accounts that begin so": (policy) => {
    allowOf(policy).Condition = { StringLike: { [OWNER]: "0000*" } };
  },
  "VAI-42 the account as a number": (policy) => {
    allowOf(policy).Condition = { NumericEquals: { [OWNER]: "0" } };
  },
  "VAI-42 an owner's Deny of another object only": (policy) => {
    denyWith(policy, OWNER).Resource = `${OBJECT}2`;
  },
  "VAI-42 an owner's Deny of another action only": (policy) => {
    denyWith(policy, OWNER).Action = "s3:DeleteObject";
  },
  "VAI-42 some other accounts denied instead of all": (policy) => {
    denyWith(policy, OWNER).Condition = {
      StringEquals: { [OWNER]: ["999999999999", "~vai-probe"] },
    };
  },
};

for (const [name, step, mutations] of [
  ["dynamodb:UpdateItem", updateItem(), { ...COMMON, ...OF_ITEMS }],
  ["lambda:UpdateAlias", updateAlias(), COMMON],
  ["s3:PutObject", putObject(), { ...COMMON, ...OF_OBJECTS }],
  ["s3:PutObject, unbounded", putObject({ parameters: "unbounded" }), { ...COMMON, ...OF_OBJECTS }],
  ["ssm:PutParameter", putParameter(), COMMON],
] as const) {
  suite(`VAI-47 containment of ${name}`, () => {
    test("VAI-47 the derived policy is contained", () => {
      assert.deepEqual(proveContainment(derived(step), contractOf([step]), step), {
        contained: true,
      });
    });

    for (const [title, mutate] of Object.entries<Mutation>(mutations)) {
      test(`VAI-47 found: ${title}`, () => {
        const policy = derived(step);
        const before = JSON.stringify(policy);
        mutate(policy);
        assert.notEqual(JSON.stringify(policy), before, "the mutation changes something");
        const { contained, reason } = proveContainment(policy, contractOf([step]), step);
        assert.equal(contained, false);
        assert.ok(reason);
      });
    }

    for (const [index, statement] of derived(step).Statement.entries()) {
      test(`VAI-47 found: without statement ${index} ${JSON.stringify(statement).slice(0, 80)}`, () => {
        const policy = derived(step);
        policy.Statement.splice(index, 1);
        assert.equal(proveContainment(policy, contractOf([step]), step).contained, false);
      });
    }
  });
}

suite("VAI-47 the witness is a request", () => {
  const contract = contractOf([updateItem()]);

  test("VAI-47 of the action that is too much", () => {
    const policy = derived(updateItem());
    denyWith(policy, "NotAction").NotAction = ["dynamodb:UpdateItem", "dynamodb:DeleteItem"];
    const { witness } = proveContainment(policy, contract, updateItem());
    assert.equal(witness?.action, "dynamodb:DeleteItem");
    assert.equal(witness?.resource, TABLE);
  });

  test("VAI-47 of the instant that is too late", () => {
    const policy = derived(updateItem());
    conditionOf(denyWith(policy, "DateGreaterThanEquals"))["DateGreaterThanEquals"] = {
      "aws:CurrentTime": at(EXP + 1),
    };
    const { witness } = proveContainment(policy, contract, updateItem());
    assert.equal(witness?.context["aws:CurrentTime"], at(EXP));
  });

  test("VAI-47 of the resource that is too much", () => {
    const policy = derived(updateItem());
    allowOf(policy).Resource = [TABLE, `${TABLE}2`];
    assert.equal(proveContainment(policy, contract, updateItem()).witness?.resource, `${TABLE}2`);
  });
});

suite("VAI-47 a policy for another contract", () => {
  test("VAI-47 is not contained: another window", () => {
    const later = contractOf([updateItem()], { nbf: NBF + 60, exp: EXP + 60 });
    assert.equal(proveContainment(derived(updateItem()), later, updateItem()).contained, false);
  });

  test("VAI-47 is not contained: another account", () => {
    const other = contractOf([updateItem()], { account: "111111111111" });
    assert.equal(proveContainment(derived(updateItem()), other, updateItem()).contained, false);
  });

  test("VAI-47 is not contained: another item", () => {
    const step = updateItem({
      parameters: { "key/pk": { exact: "svc-b" }, "set/weight": { exact: 1 } },
    });
    assert.equal(
      proveContainment(derived(updateItem()), contractOf([step]), step).contained,
      false,
    );
  });

  test("VAI-47 is contained: one operation on the second resource, with the second key", () => {
    const oneOf = ["svc-a", "svc-b"];
    const parameters = { "key/pk": { oneOf }, "set/weight": { range: { min: 0, max: 10 } } };
    const wide = updateItem({ resources: [TABLE, `${TABLE}2`], parameters });
    const asked = { "key/pk": "svc-b", "set/weight": 1 };
    const operation = { action: "dynamodb:UpdateItem", resource: `${TABLE}2`, parameters: asked };
    const policy = derived(narrowToOperation(wide, operation));
    assert.deepEqual(proveContainment(policy, contractOf([wide]), wide), { contained: true });
  });

  test("VAI-47 is not contained: a key outside of a range that IAM cannot hold", () => {
    const key = (constraint: Constraint): Step =>
      updateItem({ parameters: { "key/pk": constraint, "set/weight": { exact: 1 } } });
    const range = key({ range: { min: 1, max: 9 } });
    assert.equal(
      proveContainment(derived(key({ exact: 9 })), contractOf([range]), range).contained,
      true,
    );
    assert.equal(
      proveContainment(derived(key({ exact: 10 })), contractOf([range]), range).contained,
      false,
    );
    const both = derived(key({ oneOf: [9, 10] }));
    assert.equal(proveContainment(both, contractOf([range]), range).contained, false);
  });

  test("VAI-47 is not contained: a laxness that hides behind another condition", () => {
    const policy = derived(updateItem());
    policy.Statement.push({
      Effect: "Allow",
      Action: "dynamodb:UpdateItem",
      Resource: TABLE,
      Condition: {
        "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": "svc-a" },
        Null: { "dynamodb:LeadingKeys": "false" },
        StringEquals: { "dynamodb:ReturnValues": "NONE" },
      },
    });
    assert.equal(
      proveContainment(policy, contractOf([updateItem()]), updateItem()).contained,
      false,
    );
  });

  test("VAI-47 is not contained: a second resource that only the first's Denies protect", () => {
    const wide = updateItem({ resources: [TABLE, `${TABLE}2`] });
    const policy = derived(wide);
    denyWith(policy, 'ForAnyValue:StringNotEquals":{"dynamodb:LeadingKeys').Resource = TABLE;
    const { contained, witness } = proveContainment(policy, contractOf([wide]), wide);
    assert.equal(contained, false);
    assert.equal(witness?.resource, `${TABLE}2`);
  });

  test("VAI-47 is contained: a narrower one that still allows the call", () => {
    const wide = updateItem({ resources: [TABLE, `${TABLE}2`] });
    assert.deepEqual(proveContainment(derived(updateItem()), contractOf([wide]), wide), {
      contained: true,
    });
  });
});
