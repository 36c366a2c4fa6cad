import type { ContextValues } from "../request-context.ts";

/**
 * Whether one value of the request matches one value of the policy; `undefined` when the request's
 * value is none that the operator can compare.
 */
export type ValueMatch = (actual: string, values: ContextValues) => boolean | undefined;

/** One IAM condition operator, without set prefix and `IfExists`. */
export interface Operator {
  /** A negated operator is true when no policy value matches, also when the key is absent. */
  readonly negated: boolean;
  /** Compiles a policy value; `undefined` when it is none that the operator can compare with. */
  compile(policyValue: string, variables: boolean): ValueMatch | undefined;
}

/** An operator and its negation. */
export const pair = (
  name: string,
  negation: string,
  compile: Operator["compile"],
): [string, Operator][] => [
  [name, { negated: false, compile }],
  [negation, { negated: true, compile }],
];
