import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { proveContainment } from "../../lib/authority/contain/contain.ts";
import { sessionPolicy } from "../../lib/authority/derive/session-policy.ts";
import type { Statement } from "../../lib/authority/evaluate/iam-document.ts";
import type { Step } from "../../lib/contract/step.ts";
import { ACCOUNT, at, contractOf, EXP, NBF, REGION, updateItem } from "./fixtures.ts";

/*
 * Policies that know the probes: each denies just the strangers that containment tries, or compares
 * so that they look refused, and leaves the rest open.
 */

type Conditions = Record<string, Record<string, unknown>>;

const KEY = "dynamodb:LeadingKeys";
const item = (pk: string): Step =>
  updateItem({
    parameters: { "key/pk": { exact: pk }, "set/weight": { range: { min: 0, max: 10 } } },
  });

const statementsOf = (step: Step): Statement[] =>
  structuredClone(sessionPolicy({ step, account: ACCOUNT, region: REGION, nbf: NBF, exp: EXP }))
    .Statement as Statement[];

const conditionsOf = (statement: Statement | undefined): Conditions =>
  (statement?.Condition ?? {}) as Conditions;

const without = (statements: Statement[], ...texts: string[]): Statement[] =>
  statements.filter((each) => !texts.some((text) => JSON.stringify(each).includes(text)));

const deny = (Condition: object, Action = "*"): Statement =>
  ({ Effect: "Deny", Action, Resource: "*", Condition }) as Statement;

/** Allow and complement of the item's key under other operators. */
function compared(step: Step, allow: string, differ: string): Statement[] {
  const statements = statementsOf(step);
  const condition = conditionsOf(statements[0]);
  const equal = condition["ForAllValues:StringEquals"] ?? {};
  condition[allow] = { [KEY]: equal[KEY] };
  delete equal[KEY];
  for (const each of statements) {
    const block = conditionsOf(each)["ForAnyValue:StringNotEquals"];
    if (block?.[KEY] !== undefined) each.Condition = { [differ]: block } as never;
  }
  return statements;
}

const STEP = item("svc-a");
const FOREIGN_ACTIONS = ["VaiProbe", "dynamodb:VaiProbe", "sts:*", "iam:*", "s3:*"];
const FOREIGN_RESOURCES = ["*x", "*999999999999*", "*eu-south-2*", "*vai-probe", "*Probe*"];

const MUTANTS: [string, Step, () => Statement[]][] = [
  [
    "A a key compared as a number: 07 is another item",
    item("7"),
    () => compared(item("7"), "ForAllValues:NumericEquals", "ForAnyValue:NumericNotEquals"),
  ],
  [
    "A a complement compared as a number",
    item("7"),
    () => compared(item("7"), "ForAllValues:StringEquals", "ForAnyValue:NumericNotEquals"),
  ],
  [
    "B a text pattern on the time comes round again",
    STEP,
    () => [
      ...without(statementsOf(STEP), "DateLessThan", "DateGreaterThanEquals"),
      deny({ StringNotLike: { "aws:CurrentTime": "2026-05-?5T04:00*" } }),
    ],
  ],
  [
    "C some other actions denied instead of all",
    STEP,
    () => [
      ...without(statementsOf(STEP), "NotAction"),
      { Effect: "Deny", Action: FOREIGN_ACTIONS, Resource: "*" },
    ],
  ],
  [
    "C some other resources denied instead of all",
    STEP,
    () => [
      ...without(statementsOf(STEP), "NotResource"),
      { Effect: "Deny", Action: "*", Resource: FOREIGN_RESOURCES },
    ],
  ],
  [
    "D other resources denied for the step's action only",
    STEP,
    () => {
      const statements = statementsOf(STEP);
      for (const each of statements) if (each.NotResource) each.Action = "dynamodb:*";
      return statements;
    },
  ],
  [
    "E some other regions denied instead of all",
    STEP,
    () => [
      ...without(statementsOf(STEP), "aws:RequestedRegion"),
      deny({ StringEquals: { "aws:RequestedRegion": ["~vai-probe", "US-EAST-1"] } }),
    ],
  ],
  [
    "F the days after the end denied, not the years",
    STEP,
    () => [
      ...without(statementsOf(STEP), "DateGreaterThanEquals"),
      deny({ DateEquals: { "aws:CurrentTime": [at(EXP), at(EXP + 86_400)] } }),
    ],
  ],
  [
    "G the start of the window denied for the step's action only",
    STEP,
    () => [
      ...without(statementsOf(STEP), "DateLessThan"),
      deny({ DateLessThan: { "aws:CurrentTime": at(NBF) } }, "dynamodb:*"),
    ],
  ],
  [
    "H some other items denied instead of all",
    STEP,
    () => [
      ...without(statementsOf(STEP), `"ForAnyValue:StringNotEquals":{"${KEY}`),
      deny({ "ForAnyValue:StringEquals": { [KEY]: ["~vai-probe", "SVC-A"] } }),
    ],
  ],
];

suite("VAI-47 containment demands the closed form, whatever the probes find", () => {
  test("VAI-47 the form itself is contained", () => {
    const policy = { Version: "2012-10-17", Statement: statementsOf(STEP) };
    assert.deepEqual(proveContainment(policy, contractOf([STEP]), STEP), { contained: true });
  });

  for (const [title, step, statements] of MUTANTS) {
    test(`VAI-47 found: ${title}`, () => {
      const policy = { Version: "2012-10-17", Statement: statements() };
      const { contained, reason, witness } = proveContainment(policy, contractOf([step]), step);
      assert.equal(contained, false);
      assert.ok(reason !== undefined && witness !== undefined);
    });
  }
});
