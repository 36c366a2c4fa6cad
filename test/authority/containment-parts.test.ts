import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { proveContainment } from "../../lib/authority/contain/contain.ts";
import { formExcess } from "../../lib/authority/contain/form.ts";
import { subjectsOf } from "../../lib/authority/contain/probes.ts";
import { structuralExcess } from "../../lib/authority/contain/structure.ts";
import { vocabularyOf } from "../../lib/authority/contain/vocabulary.ts";
import { narrowToOperation } from "../../lib/authority/derive/narrow-operation.ts";
import { sessionPolicy } from "../../lib/authority/derive/session-policy.ts";
import type { PolicyDocument } from "../../lib/authority/evaluate/iam-document.ts";
import { changed, prepareRequest } from "../../lib/authority/evaluate/request-context.ts";
import type { Step } from "../../lib/contract/step.ts";
import {
  ACCOUNT,
  contractOf,
  EVERYTHING,
  EXP,
  NBF,
  REGION,
  SESSION,
  TABLE,
  updateItem,
} from "./fixtures.ts";

/*
 * The parts of the proof overlap on purpose: what one overlooks another refuses. So each part is asked alone here, or
 * what it alone says is compared, lest it break behind the others' backs.
 */

const policyOf = (step: Step): PolicyDocument =>
  structuredClone(
    sessionPolicy({ step, account: ACCOUNT, region: REGION, nbf: NBF, exp: EXP }),
  ) as unknown as PolicyDocument;

const statements = (policy: PolicyDocument) => [policy.Statement].flat();

suite("VAI-47 each part of the proof of containment by itself", () => {
  const step = updateItem();
  const contract = contractOf([step]);
  const subjects = subjectsOf(step, contract, vocabularyOf(policyOf(step)));

  test("VAI-47 the form: the Deny spares the step's actions and no other", () => {
    const policy = policyOf(step);
    for (const each of statements(policy)) if (each.NotAction) each.NotAction = "lambda:Invoke";
    assert.deepEqual(formExcess(statements(policy), contract, { step, subjects, bare: false }), {
      reason: "no Deny of every action but the step's",
    });
  });

  test("VAI-47 the form: an Allow of an action that has no resource is told", () => {
    assert.deepEqual(
      formExcess(statements(policyOf(step)), contract, { step, subjects: [], bare: false }),
      {
        reason: "allows an action that has no resource in the step",
        action: "dynamodb:UpdateItem",
      },
    );
  });

  test("VAI-47 the form: a prefix and its complement are compared as patterns", () => {
    const prefixed = updateItem({
      parameters: { "key/pk": { prefix: "svc-" }, "set/weight": { range: { min: 0, max: 10 } } },
    });
    const policy = policyOf(prefixed);
    assert.ok(JSON.stringify(policy).includes("ForAnyValue:StringNotLike"));
    assert.deepEqual(proveContainment(policy, contractOf([prefixed]), prefixed), {
      contained: true,
    });
  });

  test("VAI-47 the Allows are judged without the Denies that would refuse beside them", () => {
    const policy = policyOf(step);
    const [allow] = statements(policy);
    const condition = allow?.Condition as Record<string, Record<string, unknown>>;
    const equal = condition["ForAllValues:StringEquals"] ?? {};
    condition["ForAllValues:StringLike"] = { "dynamodb:LeadingKeys": "*" };
    delete equal["dynamodb:LeadingKeys"];
    const { contained, reason } = proveContainment(policy, contract, step);
    assert.deepEqual([contained, reason], [false, "wider in dynamodb:leadingkeys"]);
  });

  test("VAI-47 the text: a resource elsewhere or with a wildcard is none of the step's, even if it lists it", () => {
    for (const resource of [TABLE.replace(REGION, "eu-west-1"), `${TABLE}*`]) {
      const wide = updateItem({ resources: [resource] });
      const policy = policyOf(step);
      for (const each of statements(policy)) if (each.Resource === TABLE) each.Resource = resource;
      const keys = new Set(
        statements(policy).flatMap(({ Condition = {} }) =>
          Object.values(Condition).flatMap((block) =>
            Object.keys(block).map((key) => key.toLowerCase()),
          ),
        ),
      );
      const excess = structuralExcess(policy, wide, contract, keys);
      assert.deepEqual(excess, { reason: `allows the resource ${resource}`, resource });
    }
  });

  test("VAI-47 what is too wide is told by a request, also of a step that no action stands behind", () => {
    const unknown = updateItem({ actions: ["lambda:Invoke"] });
    const { contained, witness } = proveContainment(EVERYTHING, contractOf([unknown]), unknown);
    assert.equal(contained, false);
    assert.equal(witness?.resource, TABLE);
  });
});

suite("VAI-20 what the session policy is derived from", () => {
  const [one, other] = [TABLE, TABLE.replace("Flags", "Other")];

  test("VAI-20 one operation narrows the step to its own resource", () => {
    const step = updateItem({ resources: [one, other] });
    const operation = { action: "dynamodb:UpdateItem", resource: other, parameters: {} };
    const narrowed = narrowToOperation(step, operation);
    assert.deepEqual([narrowed.actions, narrowed.resources], [["dynamodb:UpdateItem"], [other]]);
  });

  test("VAI-20 actions that share resources and conditions share the Allow, each of them in it", () => {
    const instance = `arn:aws:ec2:${REGION}:${ACCOUNT}:instance/i-0123456789abcdef0`;
    const actions = ["ec2:StopInstances", "ec2:StartInstances"];
    const policy = policyOf({ ...updateItem(), actions, resources: [instance], parameters: {} });
    const allowed = statements(policy).filter(({ Effect }) => Effect === "Allow");
    assert.deepEqual(
      allowed.map(({ Action }) => Action),
      [actions],
    );
  });
});

suite("VAI-47 a prepared request with one thing changed", () => {
  const request = prepareRequest({
    action: "dynamodb:UpdateItem",
    resource: TABLE,
    principalArn: SESSION,
    context: { "aws:RequestedRegion": REGION, "dynamodb:ReturnValues": "NONE" },
  });

  test("VAI-47 another action, as IAM compares it", () => {
    const other = changed(request, { action: "S3:GetObject" });
    assert.equal(other.action, "s3:getobject");
    assert.equal(other.resource, TABLE);
  });

  test("VAI-47 one key, there or not, and the others as they were", () => {
    const other = changed(request, { key: "aws:RequestedRegion", values: ["eu-west-1"] });
    assert.deepEqual(other.values.get("aws:requestedregion"), ["eu-west-1"]);
    assert.deepEqual(other.values.get("dynamodb:returnvalues"), ["NONE"]);
    assert.deepEqual(
      [other.values.has("aws:requestedregion"), other.values.has("x")],
      [true, false],
    );
    const none = changed(request, { key: "aws:RequestedRegion" });
    assert.deepEqual(none.values.get("aws:requestedregion"), undefined);
    assert.deepEqual(
      [none.values.has("aws:requestedregion"), none.values.has("dynamodb:returnvalues")],
      [false, true],
    );
  });
});
