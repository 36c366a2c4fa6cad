import { compilePattern } from "../pattern.ts";
import { type Operator, pair } from "./operator.ts";

const PARTS = 6;

/**
 * Compares the six parts of an ARN one by one: a wildcard never reaches over a colon into the next
 * part.
 */
const like: Operator["compile"] = (text, variables) => {
  const parts = text === "*" ? Array<string>(PARTS).fill("*") : sixParts(text.split(COLON_OF_ARN));
  if (parts === undefined) return undefined;
  const matches = parts.map((part) => compilePattern(part, { wildcards: true, variables }));
  return (actual, values) => {
    const actualParts = sixParts(actual.split(":"));
    return (
      actualParts !== undefined &&
      matches.every((match, index) => match(actualParts[index] ?? "", values))
    );
  };
};

/** A colon outside of `${…}`. */
const COLON_OF_ARN = /:(?![^{}]*\})/;

/** The sixth part, the resource, may hold colons of its own. */
const sixParts = (pieces: readonly string[]): readonly string[] | undefined =>
  pieces.length < PARTS
    ? undefined
    : [...pieces.slice(0, PARTS - 1), pieces.slice(PARTS - 1).join(":")];

/** `ArnEquals` and `ArnLike` behave alike (IAM user guide). */
export const ARN_OPERATORS: [string, Operator][] = [
  ...pair("ArnEquals", "ArnNotEquals", like),
  ...pair("ArnLike", "ArnNotLike", like),
];
