import { OPERATORS } from "./operators/index.ts";
import type { Operator } from "./operators/operator.ts";

/** How values of the request are compared: the one there is, all of them, any of them. */
export type SetMode = "one" | "all" | "any";

/** An operator as policies name it; `Null` looks at the key instead of values. */
export interface NamedOperator {
  readonly mode: SetMode;
  /** True without the key. */
  readonly ifExists: boolean;
  readonly operator: Operator | "Null";
}

const PREFIXES: readonly [string, SetMode][] = [
  ["", "one"],
  ["ForAllValues:", "all"],
  ["ForAnyValue:", "any"],
];

/** Every name that a policy can give an operator, such as `ForAllValues:StringLikeIfExists`. */
const NAMED: ReadonlyMap<string, NamedOperator> = new Map([
  ["Null", { mode: "one", ifExists: false, operator: "Null" }],
  ...[...OPERATORS].flatMap(([base, operator]) =>
    PREFIXES.flatMap(([prefix, mode]): [string, NamedOperator][] => [
      [`${prefix}${base}`, { mode, ifExists: false, operator }],
      [`${prefix}${base}IfExists`, { mode, ifExists: true, operator }],
    ]),
  ),
]);

/** The operator of a name; `undefined` when this evaluator does not know it. */
export const namedOperator = (name: string): NamedOperator | undefined => NAMED.get(name);
