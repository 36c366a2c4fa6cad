import type { Scalar } from "../../contract/constraint.ts";
import { pointer, type Refusal, refuse } from "../../refusal.ts";
import type { Operation } from "../descriptor.ts";
import { isIamLiteral } from "../iam-text.ts";

/** `key/<attribute>`, `set/<attribute>`, `expect/<attribute>` (PROTOCOL.md §9). */
export type Family = "key" | "set" | "expect";

/** Longest attribute name (characters) and key value (bytes) that DynamoDB takes in keys. */
const MAX_NAME = 255;
const MAX_KEY_BYTES = 1024;

export interface Member {
  readonly family: Family;
  readonly attribute: string;
}

/** Splits a parameter name at its first `/`; the attribute may itself hold one. */
export function memberOf(parameter: string): Member | undefined {
  const match = /^(key|set|expect)\/(.{1,255})$/su.exec(parameter);
  return match === null ? undefined : { family: match[1] as Family, attribute: match[2] as string };
}

/**
 * Attributes of one family with their values, ordered by name, so that one operation has one call.
 */
export const attributesOf = (
  parameters: Operation["parameters"],
  family: Family,
): [string, Scalar][] =>
  Object.entries(parameters)
    .flatMap(([name, value]): [string, Scalar][] => {
      const member = memberOf(name);
      return member?.family === family ? [[member.attribute, value]] : [];
    })
    .sort(([left], [right]) => (left < right ? -1 : 1));

/** `PARAMETER_OUT_OF_BOUNDS` at the first parameter that no UpdateItem of this form can have. */
export function judgeParameters({ parameters }: Operation): Refusal | undefined {
  const members = Object.keys(parameters).sort().map(memberOf);
  const keys = attributesOf(parameters, "key");
  if (keys.length < 1 || keys.length > 2) {
    return outOfBounds("", "an item is named by one or two parameters key/<attribute>");
  }
  if (attributesOf(parameters, "set").length === 0) {
    return outOfBounds("", "nothing to do: at least one parameter set/<attribute> is needed");
  }
  for (const member of members) {
    const problem = member && memberProblem(member, parameters);
    if (problem !== undefined)
      return outOfBounds(`${member?.family}/${member?.attribute}`, problem);
  }
  return undefined;
}

function memberProblem(
  { family, attribute }: Member,
  parameters: Operation["parameters"],
): string | undefined {
  if (attribute.length > MAX_NAME || !isIamLiteral(attribute)) {
    return "names an attribute that IAM cannot hold: printable ASCII without *, ? and ${ is needed";
  }
  if (family === "key") return keyProblem(parameters[`key/${attribute}`]);
  if (family === "set" && Object.hasOwn(parameters, `key/${attribute}`)) {
    return "sets an attribute of the item's own key";
  }
  return undefined;
}

/** Key values are held by IAM, where a wildcard or variable would name other items (VAI-148). */
function keyProblem(value: Scalar | undefined): string | undefined {
  if (typeof value === "boolean" || value === undefined)
    return "is a key, so a string or an integer";
  if (typeof value === "number") return undefined;
  if (Buffer.byteLength(value) > MAX_KEY_BYTES) return `is longer than ${MAX_KEY_BYTES} bytes`;
  return isIamLiteral(value)
    ? undefined
    : "must be printable ASCII without *, ? and ${, and not empty";
}

const outOfBounds = (parameter: string, problem: string): Refusal =>
  parameter === ""
    ? refuse("PARAMETER_OUT_OF_BOUNDS", problem, "/request/operation/parameters")
    : refuse(
        "PARAMETER_OUT_OF_BOUNDS",
        `${parameter} ${problem}`,
        pointer("/request/operation/parameters", [parameter]),
      );
