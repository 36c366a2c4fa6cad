import { isIamLiteral } from "../../actions/iam-text.ts";
import type { Contract } from "../../contract/contract.ts";
import type { Step } from "../../contract/step.ts";
import { listOf, type Statement } from "../evaluate/iam-document.ts";
import { readDate } from "../evaluate/operators/ordered.ts";
import { REGION, type Subject, TIME } from "./probes.ts";
import type { Excess } from "./structure.ts";

/*
 * Probes try some strangers; a policy that knows them can deny just those and leave the rest open
 * (`Deny dynamodb:VaiProbe` instead of `NotAction`), or compare so that they look refused while a
 * neighbour passes (`NumericEquals 7` also takes the item `07`; a text pattern on the time comes
 * round again). So the closed form is demanded as text: every complement by a Deny that looks at
 * nothing else, every comparison by an operator that means what it says for its key.
 */

/** The one condition of a statement: operator, key in lower case, values. */
interface OnlyCondition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

type Key = Subject["keys"][number];

interface Listed {
  readonly step: Step;
  readonly subjects: readonly Subject[];
  /** Whether Allows may leave their conditions to the Denies. */
  readonly bare: boolean;
}

/** The first part of the closed form that a policy lacks; `undefined` when it has all of them. */
export function formExcess(
  statements: readonly Statement[],
  contract: Contract,
  { step, subjects, bare }: Listed,
): Excess | undefined {
  const denies = statements.filter(({ Effect }) => Effect === "Deny");
  const allows = statements.filter(({ Effect }) => Effect === "Allow");
  const spared = sparedActions(denies, step);
  if (spared === undefined) return { reason: "no Deny of every action but the step's" };
  if (!denies.some((deny) => sparesOnlyResources(deny, step)))
    return { reason: "no Deny of every resource but the step's" };
  const missing = missingBound(denies, contract);
  if (missing !== undefined) return missing;

  const keys = new Map(subjects.map(({ action, keys: own }) => [action, own]));
  for (const allow of allows) {
    for (const action of listOf(allow.Action)) {
      const excess =
        allowExcess(allow, keys.get(action), bare) ?? strangeTarget(allow, action, subjects);
      if (excess !== undefined) return { ...excess, action };
    }
  }
  for (const [action, own] of keys) {
    if (!spared.includes(action)) continue;
    const carried = own.filter(
      (key) => key.isClosed || allows.some((allow) => isNamed(allow, action, key)),
    );
    const open = carried.find((key) => !hasComplement(denies, action, key));
    if (open !== undefined) return { reason: `no Deny of every other ${open.name}`, action };
  }
  return undefined;
}

/** An action on a resource that is not its own: a key is no table, and a table no key. */
function strangeTarget(
  { Resource }: Statement,
  action: string,
  subjects: readonly Subject[],
): Excess | undefined {
  const own = subjects.filter((each) => each.action === action).map(({ resource }) => resource);
  const resource = listOf(Resource).find((each) => !own.includes(each));
  return resource === undefined
    ? undefined
    : { reason: `allows ${action} on what is none of its targets`, resource };
}

/** Actions that the Deny of all others spares; a Deny with anything else to it does not count. */
function sparedActions(denies: readonly Statement[], step: Step): readonly string[] | undefined {
  const isLiteral = (each: string): boolean => isIamLiteral(each) && step.actions.includes(each);
  return denies
    .filter(({ Condition, Resource }) => Condition === undefined && isStar(Resource))
    .map(({ NotAction }) => listOf(NotAction))
    .find((each) => each.length > 0 && each.every(isLiteral));
}

function sparesOnlyResources({ Action, NotResource, Condition }: Statement, step: Step): boolean {
  const spared = listOf(NotResource);
  const isLiteral = (each: string): boolean => isIamLiteral(each) && step.resources.includes(each);
  return Condition === undefined && isStar(Action) && spared.length > 0 && spared.every(isLiteral);
}

const isStar = (value: Statement["Action"]): boolean => {
  const list = listOf(value);
  return list.length === 1 && list[0] === "*";
};

/** Region, start and end: each by a Deny of everything, under one condition with one value. */
function missingBound(
  denies: readonly Statement[],
  { region, nbf, exp }: Contract,
): Excess | undefined {
  const conditions = denies
    .filter(({ Action, Resource }) => isStar(Action) && isStar(Resource))
    .map(onlyCondition)
    .filter((each) => each?.values.length === 1);
  const has = (operator: string, key: string, holds: (value: string) => boolean): boolean =>
    conditions.some(
      (each) => each?.operator === operator && each.key === key && each.values.every(holds),
    );
  if (!has("StringNotEquals", REGION, (value) => value === region))
    return { reason: "no Deny of every other region" };
  if (!has("DateLessThan", TIME, (value) => (instantOf(value) ?? -1) >= nbf * 1000))
    return { reason: "no Deny of every instant before the window" };
  const ends = (value: string): boolean => (instantOf(value) ?? Infinity) <= exp * 1000;
  return has("DateGreaterThanEquals", TIME, ends)
    ? undefined
    : { reason: "no Deny of every instant after the window" };
}

/** Only the spelling that every evaluator reads alike. */
const instantOf = (text: string): number | undefined =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/.test(text) ? readDate(text) : undefined;

function onlyCondition({ Condition: condition = {} }: Statement): OnlyCondition | undefined {
  const [found, ...more] = conditionsOf(condition);
  return more.length === 0 ? found : undefined;
}

const conditionsOf = (condition: NonNullable<Statement["Condition"]>): OnlyCondition[] =>
  Object.entries(condition).flatMap(([operator, block]) =>
    Object.entries(block).map(([key, values]) => ({
      operator,
      key: key.toLowerCase(),
      values: listOf(values).map(String),
    })),
  );

const isNamed = (allow: Statement, action: string, { name }: Key): boolean =>
  listOf(allow.Action).includes(action) &&
  conditionsOf(allow.Condition ?? {}).some(({ key }) => key === name.toLowerCase());

/** Every condition of an Allow is a sound one, and every key that IAM can hold has one. */
function allowExcess(
  allow: Statement,
  keys: readonly Key[] | undefined,
  bare: boolean,
): Excess | undefined {
  if (keys === undefined) return { reason: "allows an action that has no resource in the step" };
  const conditions = conditionsOf(allow.Condition ?? {});
  for (const condition of conditions) {
    const key = keys.find(({ name }) => name.toLowerCase() === condition.key);
    if (key !== undefined && (isGuard(condition) || isComparison(condition, key))) continue;
    return { reason: `${condition.operator} does not bound ${condition.key} to the step's values` };
  }
  if (bare) return undefined;
  const isBounded = ({ name, multivalued }: Key): boolean => {
    const own = conditions.filter(({ key }) => key === name.toLowerCase());
    return own.some((each) => !isGuard(each)) && (!multivalued || own.some(isGuard));
  };
  const open = keys.find((key) => key.isClosed && !isBounded(key));
  return open && { reason: `the Allow does not bound ${open.name}` };
}

const isGuard = ({ operator, values }: OnlyCondition): boolean =>
  operator === "Null" && values.length === 1 && values[0] === "false";

/**
 * Keys are text: `Numeric`, `Date`, `Bool` and `Arn` operators take several spellings for one, and
 * those without letter case several texts. `IfExists` only where leaving the key out is harmless.
 */
function isComparison({ operator, values }: OnlyCondition, key: Key): boolean {
  const [set, suffix] = [key.multivalued ? "ForAllValues:" : "", key.optional ? "IfExists" : ""];
  for (const compare of ["StringEquals", "StringLike"]) {
    if (operator !== `${set}${compare}` && operator !== `${set}${compare}${suffix}`) continue;
    return areListed(values, key, compare === "StringLike");
  }
  return false;
}

/** Values of the step; under `StringLike` also prefixes of it, with one star at the end. */
function areListed(values: readonly string[], key: Key, like: boolean): boolean {
  const isOfStep = (value: string): boolean => {
    if (!like) return key.isListed(value);
    const text = value.endsWith("*") ? value.slice(0, -1) : value;
    if (!isIamLiteral(text)) return false;
    return text === value ? key.isListed(value) : key.isListedPrefix(text);
  };
  return values.length > 0 && values.every(isOfStep);
}

/**
 * Denies of the action for every other value and, where the key may not be left out, for none.
 * A set is denied as soon as *one* of its values is another (`ForAnyValue`).
 */
function hasComplement(denies: readonly Statement[], action: string, key: Key): boolean {
  const own = denies.filter(
    ({ Action, Resource }) =>
      isStar(Resource) && (isStar(Action) || listOf(Action).includes(action)),
  );
  return own.some((deny) => deniesOthers(deny, key)) && (key.optional || own.some(deniesNone(key)));
}

function deniesOthers(deny: Statement, key: Key): boolean {
  const name = key.name.toLowerCase();
  const conditions = conditionsOf(deny.Condition ?? {});
  const others = conditions.filter((each) => !(key.optional && isGuard(each)));
  const [only, ...more] = others;
  if (only === undefined || more.length > 0) return false;
  if (conditions.some((each) => each.key !== name)) return false;
  const set = key.multivalued ? "ForAnyValue:" : "";
  const like = only.operator === `${set}StringNotLike`;
  return (like || only.operator === `${set}StringNotEquals`) && areListed(only.values, key, like);
}

/** A negated operator without set prefix is true without the key; otherwise `Null` must say it. */
const deniesNone =
  (key: Key) =>
  (deny: Statement): boolean => {
    if (!key.multivalued)
      return deniesOthers(deny, key) && conditionsOf(deny.Condition ?? {}).length === 1;
    const only = onlyCondition(deny);
    const isNull = only?.operator === "Null" && only.values.length === 1;
    return isNull && only.key === key.name.toLowerCase() && only.values[0] === "true";
  };
