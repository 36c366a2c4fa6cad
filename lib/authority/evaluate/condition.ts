import { listOf, type Statement } from "./iam-document.ts";
import { namedOperator, type SetMode } from "./operator-name.ts";
import type { ValueMatch } from "./operators/operator.ts";
import type { ContextValues } from "./request-context.ts";
import { forAnyPath } from "./unknown-path.ts";

/**
 * What a condition block says about a request. `undecidable`: an operator that this evaluator does
 * not know, a value of policy or request that it cannot read, no policy value at all, or several
 * values of the request where one was expected. Such a statement never allows and always denies:
 * not understanding a policy must not widen it.
 */
type Verdict = "met" | "unmet" | "undecidable";
export type Condition = (values: ContextValues) => Verdict;

const undecidable: Condition = () => "undecidable";

/** Compiles a statement's `Condition`: every operator and every key in it must be met. */
export function compileConditions(block: Statement["Condition"], variables: boolean): Condition[] {
  return Object.entries(block ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, wanted]) =>
      compileCondition(operator, key.toLowerCase(), listOf(wanted).map(String), variables),
    ),
  );
}

function compileCondition(
  name: string,
  key: string,
  wanted: readonly string[],
  variables: boolean,
): Condition {
  const named = namedOperator(name);
  if (named === undefined) return undecidable;
  const { mode, ifExists, operator } = named;
  if (operator === "Null") return nullCondition(key, wanted);
  const compiled = wanted.map((each) => operator.compile(each, variables));
  if (compiled.length === 0 || compiled.includes(undefined)) return undecidable;
  const matches = (compiled as ValueMatch[]).map((match, index) =>
    key === "aws:principalarn" ? forAnyPath(match, wanted[index] ?? "") : match,
  );
  const whenAbsent =
    ifExists || mode === "all" || (mode === "one" && operator.negated) ? "met" : "unmet";
  const holds = holdsFor(operator.negated, matches);
  return (values) => {
    const actual = values.get(key);
    return actual === undefined ? whenAbsent : judge(mode, actual, values, holds);
  };
}

/**
 * `"true"`: the key must be absent; `"false"`: it must be there with a value (IAM user guide,
 * "Multivalued context keys": the guard against keys that resolve to an empty string).
 */
function nullCondition(key: string, wanted: readonly string[]): Condition {
  const [only] = wanted;
  const flag = only?.toLowerCase();
  if (wanted.length !== 1 || (flag !== "true" && flag !== "false")) return undecidable;
  const mustBeAbsent = flag === "true";
  return (values) => (isEmpty(values.get(key) ?? []) === mustBeAbsent ? "met" : "unmet");
}

/** No value, or nothing but empty strings: what AWS calls a null data set. */
const isEmpty = (actual: readonly string[]): boolean => actual.every((value) => value === "");

/** Affirmative: one of the policy's values matches. Negated: none does. */
function holdsFor(negated: boolean, matches: readonly ValueMatch[]): ValueMatch {
  const [only] = matches;
  const anyOf: ValueMatch =
    matches.length === 1 && only !== undefined
      ? only
      : (actual, values) => isTrueFor(matches, (match) => match(actual, values));
  return negated ? (actual, values) => not(anyOf(actual, values)) : anyOf;
}

/** Whether one of several answers is true: true beats unknown, unknown beats false. */
function isTrueFor<T>(
  all: readonly T[],
  ask: (each: T) => boolean | undefined,
): boolean | undefined {
  let answer: boolean | undefined = false;
  for (const each of all) {
    const own = ask(each);
    if (own === true) return true;
    if (own === undefined) answer = undefined;
  }
  return answer;
}

const not = (result: boolean | undefined): boolean | undefined =>
  result === undefined ? undefined : !result;

function judge(
  mode: SetMode,
  actual: readonly string[],
  values: ContextValues,
  holds: ValueMatch,
): Verdict {
  if (mode === "one") {
    const only = actual.length === 1 ? actual[0] : undefined;
    return verdict(only === undefined ? undefined : holds(only, values));
  }
  if (isEmpty(actual)) return verdict(mode === "all");
  if (mode === "any") return verdict(isTrueFor(actual, (each) => holds(each, values)));
  return verdict(not(isTrueFor(actual, (each) => not(holds(each, values)))));
}

const verdict = (result: boolean | undefined): Verdict =>
  result === undefined ? "undecidable" : result ? "met" : "unmet";
