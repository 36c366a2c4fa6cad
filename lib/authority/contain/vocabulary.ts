import {
  listOf,
  type PolicyDocument,
  type Statement,
  statementsOf,
} from "../evaluate/iam-document.ts";
import { readDate } from "../evaluate/operators/ordered.ts";

/**
 * The words of a policy, wildcards filled in: the actions, resources and condition values that it
 * could tell apart.
 */
export interface Vocabulary {
  readonly actions: ReadonlySet<string>;
  readonly resources: ReadonlySet<string>;
  /** @param key - condition key in lower case */
  valuesOf(key: string): readonly string[];
  /** Milliseconds of the values that are dates. */
  datesOf(key: string): readonly number[];
}

export function vocabularyOf(policy: PolicyDocument): Vocabulary {
  const statements = statementsOf(policy);
  const values = conditionValues(statements);
  const valuesOf = (key: string): readonly string[] => values.get(key) ?? [];
  return {
    actions: words(statements.flatMap(({ Action, NotAction }) => listOf(Action ?? NotAction))),
    resources: words(
      statements.flatMap(({ Resource, NotResource }) => listOf(Resource ?? NotResource)),
    ),
    valuesOf,
    datesOf: (key) => valuesOf(key).flatMap((text) => readDate(text) ?? []),
  };
}

const words = (patterns: readonly string[]): ReadonlySet<string> => new Set(patterns.map(filled));

function conditionValues(statements: readonly Statement[]): ReadonlyMap<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [operator, block] of statements.flatMap((each) =>
    Object.entries(each.Condition ?? {}),
  )) {
    // The values of Null are flags, not values of the key.
    if (operator === "Null") continue;
    for (const [key, wanted] of Object.entries(block)) {
      const known = values.get(key.toLowerCase()) ?? [];
      known.push(...listOf(wanted).map((each) => filled(String(each))));
      values.set(key.toLowerCase(), known);
    }
  }
  return values;
}

/** One text that the pattern matches. */
const filled = (pattern: string): string =>
  /[*?]/.test(pattern) ? pattern.replaceAll("*", "VaiProbe").replaceAll("?", "x") : pattern;
