import { listOf, type Statement } from "./iam-document.ts";
import { namedOperator, type SetMode } from "./operator-name.ts";
import type { ValueMatch } from "./operators/operator.ts";
import type { ContextValues } from "./request-context.ts";

/**
 * What a condition block says about a request. `undecidable`: an operator that this evaluator does
 * not know, a policy value that it cannot read, or several values where one was expected. Such a
 * statement never allows and always denies: not understanding a policy must not widen it.
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
  const matches = wanted.map((each) => operator.compile(each, variables));
  if (matches.some((match) => match === undefined)) return undecidable;
  const whenAbsent =
    ifExists || mode === "all" || (mode === "one" && operator.negated) ? "met" : "unmet";
  const holds = holdsFor(operator.negated, matches as ValueMatch[]);
  return (values) => {
    const actual = values.get(key);
    return actual === undefined ? whenAbsent : judge(mode, actual, values, holds);
  };
}

/** `"true"`: the key must be absent; `"false"`: it must be there. */
function nullCondition(key: string, wanted: readonly string[]): Condition {
  const [only] = wanted;
  const flag = only?.toLowerCase();
  if (wanted.length !== 1 || (flag !== "true" && flag !== "false")) return undecidable;
  const mustBeAbsent = flag === "true";
  return (values) => (values.has(key) === mustBeAbsent ? "unmet" : "met");
}

type Holds = (actual: string, values: ContextValues) => boolean;

/** Affirmative: one of the policy's values matches. Negated: none does. */
function holdsFor(negated: boolean, matches: readonly ValueMatch[]): Holds {
  const [only] = matches;
  if (matches.length === 1 && only !== undefined) {
    return negated ? (actual, values) => !only(actual, values) : only;
  }
  return (actual, values) => matches.some((match) => match(actual, values)) !== negated;
}

function judge(
  mode: SetMode,
  actual: readonly string[],
  values: ContextValues,
  holds: Holds,
): Verdict {
  if (mode === "all") return actual.every((each) => holds(each, values)) ? "met" : "unmet";
  if (mode === "any") return actual.some((each) => holds(each, values)) ? "met" : "unmet";
  const [only] = actual;
  if (actual.length !== 1 || only === undefined) return "undecidable";
  return holds(only, values) ? "met" : "unmet";
}
