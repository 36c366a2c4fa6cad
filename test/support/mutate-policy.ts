import type { SessionPolicy, Statement } from "../../lib/authority/evaluate/iam-document.ts";
import { listOf } from "../../lib/authority/evaluate/iam-document.ts";

/** A session policy with one part of it taken away, weakened or narrowed. */
export interface Mutant {
  /** The statement by its position and form, and what was done to it: unique within its policy. */
  readonly name: string;
  readonly effect: Statement["Effect"];
  readonly policy: SessionPolicy;
}

/** What a policy allows, as if it denied nothing. */
export const allowsOf = (policy: SessionPolicy): SessionPolicy => ({
  ...policy,
  Statement: policy.Statement.filter(({ Effect }) => Effect === "Allow"),
});

/** What a policy denies, as if it allowed everything: as a resource policy could for it. */
export const deniesOf = (policy: SessionPolicy): SessionPolicy => ({
  ...policy,
  Statement: [
    { Effect: "Allow", Action: "*", Resource: "*" },
    ...policy.Statement.filter(({ Effect }) => Effect === "Deny"),
  ],
});

/**
 * The half of a policy that a mutant changes. Allows and Denies hold the same bounds twice, so only
 * alone does either show what it holds.
 */
export const halfOf = ({ effect }: Mutant, policy: SessionPolicy): SessionPolicy =>
  effect === "Deny" ? deniesOf(policy) : allowsOf(policy);

type Condition = NonNullable<Statement["Condition"]>;
type Element = "Action" | "NotAction" | "Resource" | "NotResource";

/** A changed statement, or none when it was removed; with what was done. */
type Change = readonly [what: string, changed: Statement | undefined];

/** Values that no sample lists, by condition key in the letters that we generate. */
const STRANGERS: Readonly<Record<string, string>> = {
  "aws:RequestedRegion": "eu-west-1",
  "aws:ResourceAccount": "999999999999",
  "dynamodb:LeadingKeys": "other",
  "dynamodb:Attributes": "owner",
  "dynamodb:ReturnValues": "ALL_OLD",
};
export const strangerOf: Stranger = (key) => STRANGERS[key] ?? "vai-stranger";

type Stranger = (key: string) => string;

/**
 * Every mutant of a session policy: each statement, condition and listed value removed, and each
 * weakened. Policies of the same form have the same mutants in the same order.
 */
export const mutantsOf = (policy: SessionPolicy, stranger: Stranger = strangerOf): Mutant[] =>
  policy.Statement.flatMap((statement, index) =>
    changesOf(statement, stranger).map(([what, changed]) => ({
      name: `${index} ${formOf(statement)}: ${what}`,
      effect: statement.Effect,
      policy: {
        ...policy,
        Statement: policy.Statement.flatMap((each, at) =>
          at !== index ? [each] : changed === undefined ? [] : [changed],
        ),
      },
    })),
  );

/** `Deny NotAction`, `Deny StringNotEquals aws:RequestedRegion`, … */
function formOf(statement: Statement): string {
  const { Effect, NotAction, NotResource } = statement;
  const conditions = conditionsOf(statement).map(({ operator, key }) => `${operator} ${key}`);
  const negated = [NotAction && "NotAction", NotResource && "NotResource"].filter(Boolean);
  const means = Effect === "Allow" ? [] : [...negated, ...conditions];
  return [Effect, ...means].join(" ");
}

const changesOf = (statement: Statement, stranger: Stranger): Change[] => [
  ["removed", undefined],
  ...ELEMENTS.flatMap((element) => elementChanges(statement, element)),
  ...conditionsOf(statement).flatMap((each) => conditionChanges(statement, each, stranger)),
];

const ELEMENTS: readonly Element[] = ["Action", "NotAction", "Resource", "NotResource"];

function elementChanges(statement: Statement, element: Element): Change[] {
  const values = listOf(statement[element]);
  const put = (what: string, value: readonly string[]): Change => [
    `${element} ${what}`,
    { ...statement, [element]: value },
  ];
  // What a Deny names it denies: only an exception from it is weaker for naming more.
  const isWeaker = statement.Effect === "Allow" || element.startsWith("Not");
  const isLess = values.length > 0 && !values.includes("*");
  const everything = isLess && isWeaker ? [put("and everything", [...values, "*"])] : [];
  const fewer = values.map((value) => put(`without ${value}`, without(values, value)));
  return [...everything, ...(values.length > 1 ? fewer : [])];
}

const without = <T>(values: readonly T[], value: T): T[] => values.filter((each) => each !== value);

interface OneCondition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

const conditionsOf = ({ Condition: condition = {} }: Statement): OneCondition[] =>
  Object.entries(condition).flatMap(([operator, block]) =>
    Object.entries(block).map(([key, values]) => ({
      operator,
      key,
      values: listOf(values).map(String),
    })),
  );

function conditionChanges(statement: Statement, one: OneCondition, stranger: Stranger): Change[] {
  const { operator, key, values } = one;
  const named = `${operator} ${key}`;
  const put = (what: string, by?: Partial<OneCondition>): Change => [
    `${named} ${what}`,
    withCondition(statement, one, by && { ...one, ...by }),
  ];
  return [
    put("removed"),
    ...(values.length > 1
      ? values.map((value) => put(`without ${value}`, { values: without(values, value) }))
      : []),
    ...weakened(one, stranger).map(([what, by]) => put(what, by)),
  ];
}

/** The statement with another condition in the place of one, or with none. */
function withCondition(
  statement: Statement,
  { operator, key }: OneCondition,
  by: OneCondition | undefined,
): Statement {
  const condition: Record<string, Record<string, unknown>> = structuredClone(
    statement.Condition ?? {},
  );
  const block = condition[operator] ?? {};
  delete block[key];
  if (Object.keys(block).length === 0) delete condition[operator];
  if (by !== undefined) condition[by.operator] = { ...condition[by.operator], [key]: by.values };
  const { Condition: _, ...rest } = statement;
  return Object.keys(condition).length === 0
    ? rest
    : { ...rest, Condition: condition as Condition };
}

const DAY = 86_400_000;
const shifted = (date: string, by: number): string =>
  new Date(Date.parse(date) + by).toISOString().replace(".000Z", "Z");

/** Other conditions that look much the same: each is a slip that somebody could make. */
function weakened(
  { operator, key, values }: OneCondition,
  stranger: Stranger,
): [string, Partial<OneCondition>][] {
  const [first = ""] = values;
  if (operator === "Null") return [["flipped", { values: [first === "true" ? "false" : "true"] }]];
  if (operator === "DateLessThan") return [["a day earlier", { values: [shifted(first, -DAY)] }]];
  if (operator === "DateGreaterThanEquals")
    return [["a day later", { values: [shifted(first, DAY)] }]];
  const changes: [string, Partial<OneCondition>][] = [
    ["and a stranger", { values: [...values, stranger(key)] }],
    ["of anything", { operator: operator.replace("Equals", "Like"), values: ["*"] }],
  ];
  if (operator.startsWith("ForAnyValue:"))
    changes.push(["for all values", { operator: operator.replace("ForAnyValue", "ForAllValues") }]);
  if (operator.startsWith("ForAllValues:"))
    changes.push(["for any value", { operator: operator.replace("ForAllValues", "ForAnyValue") }]);
  // Negated and set operators answer for an absent key what IfExists does.
  if (/^String(Equals|Like)$/.test(operator))
    changes.push(["if it exists", { operator: `${operator}IfExists` }]);
  if (operator.endsWith("IfExists"))
    changes.push(["must exist", { operator: operator.replace("IfExists", "") }]);
  return changes;
}
