import { ADDRESS_OPERATORS } from "./address.ts";
import { ARN_OPERATORS } from "./arn.ts";
import type { Operator } from "./operator.ts";
import { ORDERED_OPERATORS } from "./ordered.ts";
import { STRING_OPERATORS } from "./string.ts";

const bool: Operator = {
  negated: false,
  compile(text) {
    const wanted = text.toLowerCase();
    return wanted === "true" || wanted === "false"
      ? (actual) => actual.toLowerCase() === wanted
      : undefined;
  },
};

/** Base64 compares byte for byte in its one canonical spelling. */
const binary: Operator = { negated: false, compile: (text) => (actual) => actual === text };

/**
 * IAM's condition operators by name; `Null` is not among them because it looks at the key, not at
 * values.
 */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ...STRING_OPERATORS,
  ...ORDERED_OPERATORS,
  ...ARN_OPERATORS,
  ...ADDRESS_OPERATORS,
  ["Bool", bool],
  ["BinaryEquals", binary],
]);
