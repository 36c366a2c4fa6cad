import { ADDRESS_OPERATORS } from "./address.ts";
import { ARN_OPERATORS } from "./arn.ts";
import type { Operator } from "./operator.ts";
import { ORDERED_OPERATORS } from "./ordered.ts";
import { STRING_OPERATORS } from "./string.ts";

const bool: Operator = {
  negated: false,
  compile(text) {
    const wanted = text.toLowerCase();
    if (!isFlag(wanted)) return undefined;
    return (actual) => (isFlag(actual.toLowerCase()) ? actual.toLowerCase() === wanted : undefined);
  },
};

const isFlag = (text: string): boolean => text === "true" || text === "false";

/** Base64 in its one canonical spelling compares as the bytes do. */
const binary: Operator = {
  negated: false,
  compile: (text) =>
    isBase64(text) ? (actual) => (isBase64(actual) ? actual === text : undefined) : undefined,
};

const isBase64 = (text: string): boolean => Buffer.from(text, "base64").toString("base64") === text;

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
