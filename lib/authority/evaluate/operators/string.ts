import { compilePattern } from "../pattern.ts";
import type { ContextValues } from "../request-context.ts";
import { type Operator, pair } from "./operator.ts";

/** Equality takes variables but no wildcards; the escapes `${*}`, `${?}`, `${$}` work in both. */
const equals: Operator["compile"] = (text, variables) =>
  compilePattern(text, { wildcards: false, variables });

const like: Operator["compile"] = (text, variables) =>
  compilePattern(text, { wildcards: true, variables });

const equalsIgnoreCase: Operator["compile"] = (text, variables) => {
  const match = compilePattern(text.toLowerCase(), { wildcards: false, variables });
  return (actual, values) => match(actual.toLowerCase(), lowerCased(values));
};

/** Only evaluated when a policy uses variables without letter case, which is rare. */
const lowerCased = (values: ContextValues): ContextValues => ({
  get: (key) => values.get(key)?.map((value) => value.toLowerCase()),
  has: (key) => values.has(key),
});

export const STRING_OPERATORS: [string, Operator][] = [
  ...pair("StringEquals", "StringNotEquals", equals),
  ...pair("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", equalsIgnoreCase),
  ...pair("StringLike", "StringNotLike", like),
];
