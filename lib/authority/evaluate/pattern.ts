import { ANY_ONE, ANY_RUN, literalUnits, matchesUnits, type PatternUnit } from "./match.ts";
import type { ContextValues } from "./request-context.ts";

/** Whether a value matches a policy text under the values of a request. */
export type Pattern = (value: string, values: ContextValues) => boolean;

export interface PatternRules {
  /** `*` and `?` stand for other text. */
  readonly wildcards: boolean;
  /** `${key}` stands for a value of the request; only in policies of version 2012-10-17. */
  readonly variables: boolean;
}

interface Variable {
  readonly key: string;
  readonly fallback: string | undefined;
}

type Token = PatternUnit[] | Variable;

const isVariable = (token: Token): token is Variable => !Array.isArray(token);

/**
 * Compiles a policy text. One without wildcards and variables, the usual case, compares as text.
 */
export function compilePattern(text: string, rules: PatternRules): Pattern {
  if (!hasMeaning(text, rules)) return (value) => value === text;
  if (rules.wildcards && text === "*") return () => true;
  const tokens = tokenize(text, rules);
  if (!tokens.some(isVariable)) {
    const units = tokens.flat() as PatternUnit[];
    return (value) => matchesUnits(units, value);
  }
  return (value, values) => {
    const units = resolve(tokens, values);
    return units !== undefined && matchesUnits(units, value);
  };
}

const hasMeaning = (text: string, { wildcards, variables }: PatternRules): boolean =>
  (wildcards && /[*?]/.test(text)) || (variables && text.includes("${"));

/** `${*}`, `${?}` and `${$}` are the characters themselves. */
const ESCAPES = new Set(["*", "?", "$"]);

function tokenize(text: string, rules: PatternRules): Token[] {
  const tokens: Token[] = [];
  for (const part of rules.variables ? text.split(/(\$\{[^}]*\})/) : [text]) {
    const inner =
      rules.variables && part.startsWith("${") && part.endsWith("}")
        ? part.slice(2, -1)
        : undefined;
    if (inner === undefined)
      tokens.push(rules.wildcards ? withWildcards(part) : literalUnits(part));
    else tokens.push(ESCAPES.has(inner) ? literalUnits(inner) : variableOf(inner));
  }
  return tokens;
}

function withWildcards(part: string): PatternUnit[] {
  const [star, question] = literalUnits("*?");
  return literalUnits(part).map((unit) =>
    unit === star ? ANY_RUN : unit === question ? ANY_ONE : unit,
  );
}

/** `key` or `key, 'default'`. */
function variableOf(inner: string): Variable {
  const match = /^([^,]*?)\s*,\s*'([^']*)'\s*$/.exec(inner);
  return match === null
    ? { key: inner.trim().toLowerCase(), fallback: undefined }
    : { key: (match[1] ?? "").trim().toLowerCase(), fallback: match[2] };
}

/**
 * The pattern with the request's values in it, taken literally. A variable without a value, or with
 * several, matches nothing; a negated operator is then true (IAM user guide, "Policy variables with
 * no value").
 */
function resolve(tokens: readonly Token[], values: ContextValues): PatternUnit[] | undefined {
  const units: PatternUnit[] = [];
  for (const token of tokens) {
    if (!isVariable(token)) {
      units.push(...token);
      continue;
    }
    const [text = token.fallback, ...more] = values.get(token.key) ?? [];
    if (text === undefined || more.length > 0) return undefined;
    units.push(...literalUnits(text));
  }
  return units;
}
