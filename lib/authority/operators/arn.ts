import { compilePattern } from "../pattern.ts";
import { type Operator, pair } from "./operator.ts";

const PARTS = 6;

/** Compares the six parts of an ARN one by one: a wildcard never reaches over a colon into the next part. */
const like: Operator["compile"] = (text, variables) => {
  const parts = split(text);
  if (parts === undefined) return undefined;
  const matches = parts.map((part) => compilePattern(part, { wildcards: true, variables }));
  return (actual, values) => {
    const actualParts = split(actual);
    return actualParts !== undefined && matches.every((match, index) => match(actualParts[index] ?? "", values));
  };
};

/** Splits at the first five colons outside of `${…}`; a bare `*` stands for every ARN. */
function split(arn: string): readonly string[] | undefined {
  if (arn === "*") return Array<string>(PARTS).fill("*");
  const pieces = arn.split(/:(?![^{]*\})/);
  if (pieces.length < PARTS) return undefined;
  return [...pieces.slice(0, PARTS - 1), pieces.slice(PARTS - 1).join(":")];
}

/** `ArnEquals` and `ArnLike` behave alike (IAM user guide). */
export const ARN_OPERATORS: [string, Operator][] = [
  ...pair("ArnEquals", "ArnNotEquals", like),
  ...pair("ArnLike", "ArnNotLike", like),
];
