import { listOf, type PolicyDocument, statementsOf } from "./iam-document.ts";
import { readDate } from "./operators/ordered.ts";

/** The words of a policy, wildcards filled in: the actions, resources and condition values that it could tell apart. */
export interface Vocabulary {
  readonly actions: ReadonlySet<string>;
  readonly resources: ReadonlySet<string>;
  /** @param key - condition key in lower case */
  valuesOf(key: string): readonly string[];
  /** Milliseconds of the values that are dates. */
  datesOf(key: string): readonly number[];
}

export function vocabularyOf(policy: PolicyDocument): Vocabulary {
  const actions = new Set<string>();
  const resources = new Set<string>();
  const values = new Map<string, string[]>();
  for (const statement of statementsOf(policy)) {
    for (const each of listOf(statement.Action ?? statement.NotAction)) actions.add(filled(each));
    for (const each of listOf(statement.Resource ?? statement.NotResource))
      resources.add(filled(each));
    for (const block of Object.values(statement.Condition ?? {})) {
      for (const [key, wanted] of Object.entries(block)) {
        const known = values.get(key.toLowerCase()) ?? [];
        values.set(key.toLowerCase(), [
          ...known,
          ...listOf(wanted).map((each) => filled(String(each))),
        ]);
      }
    }
  }
  const valuesOf = (key: string): readonly string[] => values.get(key) ?? [];
  return {
    actions,
    resources,
    valuesOf,
    datesOf: (key) => valuesOf(key).flatMap((text) => readDate(text) ?? []),
  };
}

/** One text that the pattern matches. */
const filled = (pattern: string): string =>
  pattern.replaceAll("*", "VaiProbe").replaceAll("?", "x");
