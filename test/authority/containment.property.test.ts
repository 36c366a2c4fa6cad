import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import type { Operation } from "../../lib/actions/descriptor.ts";
import { proveContainment } from "../../lib/authority/contain/contain.ts";
import { type Authority, deriveAuthority } from "../../lib/authority/derive/derive.ts";
import { judgeOperation } from "../../lib/authority/derive/judge-operation.ts";
import { narrowToOperation } from "../../lib/authority/derive/narrow-operation.ts";
import { type AccessRequest, evaluatePolicies } from "../../lib/authority/evaluate/evaluate.ts";
import { type Constraint, type Scalar, satisfies } from "../../lib/contract/constraint.ts";
import type { Step } from "../../lib/contract/step.ts";
import { stepNarrows } from "../../lib/contract/step-narrows.ts";
import { isRefusal } from "../../lib/refusal.ts";
import {
  ACCOUNT,
  at,
  contractOf,
  EVERYTHING,
  EXP,
  GRANT_TO_SESSION,
  NBF,
  REGION,
  SESSION,
  trustPolicy,
} from "./fixtures.ts";

/*
 * The oracle below compares requests with the contract directly: it knows neither how a policy is
 * derived nor how it is evaluated, only what AWS puts into the condition keys of the two actions.
 */

const NAMES = ["Flags", "Flags2", "flags", "Flag", "a.b", "x_y"];
const tableArn = (name: string): string =>
  `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name.padEnd(3, "0")}`;
const functionArn = (name: string): string =>
  `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name.replace(".", "-")}`;

const keyText = fc.constantFrom("svc-a", "svc-b", "svc-", "SVC-A", "a", "7", "db.1", "x y");
const attribute = fc.constantFrom("pk", "sk", "weight", "Weight", "owner", "a.b", "size");

/** Constraints that IAM can hold as text. */
const textual: fc.Arbitrary<Constraint> = fc.oneof(
  keyText.map((exact) => ({ exact })),
  fc.integer({ min: 0, max: 9 }).map((exact) => ({ exact })),
  fc.uniqueArray(keyText, { minLength: 1, maxLength: 3 }).map((oneOf) => ({ oneOf })),
  keyText.map((prefix) => ({ prefix })),
  fc
    .tuple(keyText, keyText)
    .map(([prefix, exact]) => ({ all: [{ prefix }, { exact: `${prefix}${exact}` }] })),
);

const anyConstraint: fc.Arbitrary<Constraint> = fc.oneof(
  textual,
  fc.uniqueArray(keyText, { minLength: 1, maxLength: 3 }).map((notOneOf) => ({ notOneOf })),
  fc.integer({ min: -5, max: 5 }).map((min) => ({ range: { min, max: min + 3 } })),
  fc.boolean().map((exact) => ({ exact })),
);

const itemParameters = (key: fc.Arbitrary<Constraint>) =>
  fc
    .record({
      keys: fc.uniqueArray(fc.tuple(attribute, key), {
        minLength: 1,
        maxLength: 2,
        selector: ([name]) => name,
      }),
      sets: fc.uniqueArray(fc.tuple(attribute, anyConstraint), {
        minLength: 1,
        maxLength: 3,
        selector: ([name]) => name,
      }),
      expects: fc.uniqueArray(fc.tuple(attribute, anyConstraint), {
        maxLength: 2,
        selector: ([name]) => name,
      }),
    })
    .map(
      ({ keys, sets, expects }) =>
        Object.fromEntries([
          ...keys.map(([name, constraint]) => [`key/${name}`, constraint]),
          ...sets
            .filter(([name]) => !keys.some(([key]) => key === name))
            .map(([name, constraint]) => [`set/${name}`, constraint]),
          ...expects.map(([name, constraint]) => [`expect/${name}`, constraint]),
        ]) as Record<string, Constraint>,
    )
    .filter((parameters) => Object.keys(parameters).some((name) => name.startsWith("set/")));

const aliasParameters: fc.Arbitrary<Record<string, Constraint>> = fc.record({
  alias: fc.constantFrom({ exact: "live" }, { oneOf: ["live", "beta"] }),
  version: fc.constantFrom({ exact: "7" }, { notOneOf: ["1"] }),
  percent: fc.integer({ min: 0, max: 100 }).map((max) => ({ range: { min: 0, max } })),
});

const names = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 2 });

const itemStep = (key: fc.Arbitrary<Constraint>): fc.Arbitrary<Step> =>
  fc.record({ names, parameters: itemParameters(key) }).map(({ names: tables, parameters }) => ({
    type: "aws",
    id: "s",
    actions: ["dynamodb:UpdateItem"],
    resources: tables.map(tableArn),
    parameters,
  }));

const aliasStep: fc.Arbitrary<Step> = fc
  .record({ names, parameters: fc.oneof(aliasParameters, fc.constant("unbounded" as const)) })
  .map(({ names: functions, parameters }) => ({
    type: "aws",
    id: "s",
    actions: ["lambda:UpdateAlias"],
    resources: functions.map(functionArn),
    parameters,
  }));

const bothFamilies: fc.Arbitrary<Step> = fc
  .record({ tables: names, functions: names })
  .map(({ tables, functions }) => ({
    type: "aws",
    id: "s",
    actions: ["dynamodb:UpdateItem", "lambda:UpdateAlias"],
    resources: [...tables.map(tableArn), ...functions.map(functionArn)],
    parameters: "unbounded",
  }));

const step = fc.oneof(itemStep(textual), aliasStep, bothFamilies);

/** What AWS would put into a request, right or wrong. */
const request: fc.Arbitrary<AccessRequest> = fc
  .record({
    action: fc.constantFrom(
      "dynamodb:UpdateItem",
      "lambda:UpdateAlias",
      "dynamodb:PutItem",
      "dynamodb:BatchWriteItem",
      "lambda:UpdateFunctionCode",
      "sts:AssumeRole",
      "iam:PutRolePolicy",
    ),
    resource: fc.oneof(
      fc.constantFrom(...NAMES).map(tableArn),
      fc.constantFrom(...NAMES).map(functionArn),
      fc.constantFrom(...NAMES).map((name) => tableArn(name).replace(ACCOUNT, "111111111111")),
      fc.constantFrom(...NAMES).map((name) => functionArn(name).replace(REGION, "eu-west-1")),
      fc.constant("*"),
    ),
    time: fc.oneof(
      fc.constantFrom(NBF - 1, NBF, EXP - 1, EXP),
      fc.integer({ min: NBF - 1000, max: EXP + 1000 }),
    ),
    region: fc.oneof(
      { weight: 4, arbitrary: fc.constant(REGION) },
      { weight: 1, arbitrary: fc.constantFrom("eu-west-1", "us-east-2") },
    ),
    leading: fc.option(
      fc.array(fc.oneof(keyText, fc.constantFrom("0", "3", "other")), { maxLength: 2 }),
      { nil: undefined },
    ),
    attributes: fc.option(
      fc.uniqueArray(fc.oneof(attribute, fc.constant("stranger")), { maxLength: 6 }),
      { nil: undefined },
    ),
    returns: fc.option(fc.constantFrom("NONE", "ALL_OLD", "UPDATED_NEW"), { nil: undefined }),
  })
  .map(({ action, resource, time, region, leading, attributes, returns }) => ({
    action,
    resource,
    principalArn: SESSION,
    context: {
      "aws:CurrentTime": at(time),
      "aws:RequestedRegion": region,
      ...(leading !== undefined && { "dynamodb:LeadingKeys": leading }),
      ...(attributes !== undefined && { "dynamodb:Attributes": attributes }),
      ...(returns !== undefined && { "dynamodb:ReturnValues": returns }),
    },
  }));

const SERVICE = { "dynamodb:UpdateItem": ":dynamodb:", "lambda:UpdateAlias": ":lambda:" } as const;

/** Whether the contract lists the request, by comparison alone. */
function isListed(wanted: Step, { action, resource, context }: AccessRequest): boolean {
  const time = Date.parse(String(context["aws:CurrentTime"])) / 1000;
  if (time < NBF || time >= EXP || context["aws:RequestedRegion"] !== REGION) return false;
  if (!wanted.actions.includes(action) || !wanted.resources.includes(resource)) return false;
  if (!resource.includes(SERVICE[action as keyof typeof SERVICE])) return false;
  if (action !== "dynamodb:UpdateItem") return true;
  if (![undefined, "NONE"].includes(context["dynamodb:ReturnValues"] as string | undefined))
    return false;
  return wanted.parameters === "unbounded" || isListedItem(wanted.parameters, context);
}

function isListedItem(
  parameters: Record<string, Constraint>,
  context: AccessRequest["context"],
): boolean {
  const declared = Object.keys(parameters);
  const keys = declared
    .filter((name) => name.startsWith("key/"))
    .map((name) => parameters[name] as Constraint);
  const attributes = declared.map((name) => name.slice(name.indexOf("/") + 1));
  const leading = (context["dynamodb:LeadingKeys"] ?? []) as string[];
  const named = (context["dynamodb:Attributes"] ?? []) as string[];
  return (
    leading.length > 0 &&
    leading.every((value) =>
      keys.some((key) => satisfies(key, value) || satisfies(key, Number(value))),
    ) &&
    named.length > 0 &&
    named.every((name) => attributes.includes(name))
  );
}

const derive = (wanted: Step): Authority | undefined => {
  const authority = deriveAuthority(contractOf([wanted]), wanted, trustPolicy);
  if (isRefusal(authority))
    assert.ok(["SESSION_POLICY_TOO_LARGE"].includes(authority.code), authority.detail);
  return isRefusal(authority) ? undefined : authority;
};

const RUNS = { numRuns: 300 };

suite("VAI-47 no contract yields a policy that allows what it does not list", () => {
  test("VAI-47 whatever a role and a resource policy allow besides", () => {
    fc.assert(
      fc.property(step, fc.array(request, { minLength: 5, maxLength: 30 }), (wanted, requests) => {
        const authority = derive(wanted);
        if (authority === undefined) return;
        const session = { identity: [EVERYTHING], session: authority.sessionPolicy };
        for (const each of requests) {
          const listed = isListed(wanted, each);
          const bare = evaluatePolicies(session, each).decision;
          assert.equal(bare === "Allow", listed, `${bare} for ${JSON.stringify(each)}`);
          // IAM knows no lambda:UpdateAlias on a table: such a pair is left to the services.
          if (isImpossible(wanted, each)) continue;
          const granted = evaluatePolicies(
            { ...session, resource: [GRANT_TO_SESSION] },
            each,
          ).decision;
          assert.equal(
            granted === "Allow",
            listed,
            `${granted} with a grant for ${JSON.stringify(each)}`,
          );
        }
      }),
      RUNS,
    );
  });

  test("VAI-47 every derived policy is proved contained", () => {
    fc.assert(
      fc.property(step, (wanted) => {
        const authority = derive(wanted);
        if (authority === undefined) return;
        const result = proveContainment(authority.sessionPolicy, contractOf([wanted]), wanted);
        assert.deepEqual(result, { contained: true });
      }),
      RUNS,
    );
  });

  test("VAI-47 a policy for one step is contained in another only if it allows nothing more", () => {
    fc.assert(
      fc.property(
        step,
        step,
        fc.array(request, { minLength: 30, maxLength: 60 }),
        (one, other, requests) => {
          const authority = derive(one);
          if (authority === undefined) return;
          if (!proveContainment(authority.sessionPolicy, contractOf([other]), other).contained)
            return;
          const session = { identity: [EVERYTHING], session: authority.sessionPolicy };
          for (const each of requests) {
            if (evaluatePolicies(session, each).decision === "Allow")
              assert.ok(isListed(other, each));
          }
        },
      ),
      RUNS,
    );
  });
});

/** Mostly values that satisfy the constraint. */
function valueFor(constraint: Constraint): fc.Arbitrary<Scalar> {
  if ("exact" in constraint) return fc.constant(constraint.exact);
  if ("oneOf" in constraint) return fc.constantFrom(...constraint.oneOf);
  if ("prefix" in constraint) return keyText.map((rest) => constraint.prefix + rest);
  if ("range" in constraint) return fc.constant(constraint.range.min ?? 0);
  if ("all" in constraint) return valueFor(constraint.all.at(-1) as Constraint);
  return keyText;
}

const isImpossible = (wanted: Step, { action, resource }: AccessRequest): boolean =>
  wanted.actions.includes(action) &&
  wanted.resources.includes(resource) &&
  !resource.includes(SERVICE[action as keyof typeof SERVICE]);

suite("VAI-43 a policy for one operation", () => {
  const operation = (wanted: Step): fc.Arbitrary<Operation> =>
    fc.record({
      action: fc.constantFrom(...wanted.actions),
      resource: fc.constantFrom(...wanted.resources),
      parameters: fc.record(
        Object.fromEntries(
          Object.keys(wanted.parameters === "unbounded" ? {} : wanted.parameters).map((name) => [
            name,
            valueFor((wanted.parameters as Record<string, Constraint>)[name] as Constraint),
          ]),
        ),
      ),
    });
  const stepWithOperation = itemStep(anyConstraint).chain((wanted) =>
    fc.tuple(fc.constant(wanted), operation(wanted)),
  );

  test("VAI-43 allows it and no other item, table or attribute", () => {
    fc.assert(
      fc.property(
        stepWithOperation,
        fc.array(request, { maxLength: 10 }),
        ([wanted, asked], requests) => {
          const contract = contractOf([wanted]);
          fc.pre(judgeOperation(wanted, asked, contract) === undefined);
          const narrowed = narrowToOperation(wanted, asked);
          assert.ok(stepNarrows(narrowed, wanted).narrows, "narrowing narrows");
          const authority = deriveAuthority(contract, narrowed, trustPolicy);
          assert.ok(!isRefusal(authority));
          for (const each of [narrowed, wanted]) {
            const result = proveContainment(authority.sessionPolicy, contract, each);
            assert.deepEqual(result, { contained: true });
          }
          for (const each of requests) {
            const { decision } = evaluatePolicies(
              {
                identity: [EVERYTHING],
                session: authority.sessionPolicy,
                resource: [GRANT_TO_SESSION],
              },
              each,
            );
            assert.equal(decision === "Allow", isListed(narrowed, each));
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
