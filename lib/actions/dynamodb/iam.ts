import type {
  IamBound,
  Operation,
  ParameterConstraints,
  RequestKey,
  Unbounded,
} from "../descriptor.ts";
import { iamPatterns, isFullyCarried } from "../iam-text.ts";
import { attributesOf, memberOf } from "./parameters.ts";

/*
 * What IAM sees of an UpdateItem (Service Authorization Reference, DynamoDB): the
 * partition key's value, the names of all top-level attributes in key, update and condition, and
 * `ReturnValues`. It sees neither the values set nor the condition expression.
 */

const isAbsent = (constraints: ParameterConstraints, name: string): boolean => {
  const constraint = constraints[name];
  return constraint !== undefined && "absent" in constraint;
};

const keyNames = (constraints: ParameterConstraints): string[] =>
  Object.keys(constraints)
    .filter((name) => memberOf(name)?.family === "key" && !isAbsent(constraints, name))
    .sort();

export function iamBounds(constraints: ParameterConstraints | Unbounded): readonly IamBound[] {
  if (constraints === "unbounded") return [RETURN_VALUES];
  return [leadingKeys(constraints), attributes(constraints), RETURN_VALUES].filter(
    (bound) => bound !== undefined,
  );
}

/**
 * Which of two key attributes is the partition key only DescribeTable knows, and the functions may
 * not call it. AWS puts the partition key's value alone into `dynamodb:LeadingKeys`, so both values
 * are listed: every granted call passes, items under any other partition key stay denied. The one
 * item more that this lets through (the sort key's value used as partition key) is why such keys do
 * not count as carried by IAM.
 */
function leadingKeys(constraints: ParameterConstraints): IamBound | undefined {
  const all = keyNames(constraints).map((name) =>
    iamPatterns(constraints[name] ?? { absent: true }),
  );
  const known = all.filter((each) => each !== undefined);
  if (known.length === 0 || known.length < all.length) return undefined;
  return {
    key: "dynamodb:LeadingKeys",
    patterns: [...new Set(known.flatMap(({ patterns }) => patterns))],
    like: known.some(({ like }) => like),
    multivalued: true,
    optional: false,
  };
}

/**
 * AWS counts key attributes too: a list without them would deny the call itself (DynamoDB guide,
 * "Important").
 */
function attributes(constraints: ParameterConstraints): IamBound {
  const present = Object.keys(constraints).filter((name) => !isAbsent(constraints, name));
  return {
    key: "dynamodb:Attributes",
    patterns: attributeNames(present),
    like: false,
    multivalued: true,
    optional: false,
  };
}

const attributeNames = (parameters: readonly string[]): string[] =>
  [...new Set(parameters.flatMap((name) => memberOf(name)?.attribute ?? []))].sort();

/**
 * An update that returned the item would be a read, of any item of the table where the step is unbounded;
 * without the parameter the service returns nothing. What `ReturnValuesOnConditionCheckFailure` returns, no key
 * is documented to hold (Service Authorization Reference, DynamoDB): lambdas/README.md says what that leaves.
 */
const RETURN_VALUES: IamBound = {
  key: "dynamodb:ReturnValues",
  patterns: ["NONE"],
  like: false,
  multivalued: false,
  optional: true,
};

/** Only the value of a single key attribute is fully held by IAM; see {@link leadingKeys}. */
export function isCarried(parameter: string, constraints: ParameterConstraints): boolean {
  const constraint = constraints[parameter];
  const keys = keyNames(constraints);
  return (
    constraint !== undefined &&
    keys.length === 1 &&
    keys[0] === parameter &&
    isFullyCarried(constraint)
  );
}

export function requestKeys(
  parameters: Operation["parameters"] | Unbounded,
): readonly RequestKey[] {
  if (parameters === "unbounded") return [RETURNS_NOTHING];
  const keys = attributesOf(parameters, "key");
  return [
    {
      name: "dynamodb:LeadingKeys",
      values: keys.map(([, value]) => String(value)),
      multivalued: true,
      optional: false,
      boundBy: keys.map(([attribute]) => `key/${attribute}`),
    },
    {
      name: "dynamodb:Attributes",
      values: attributeNames(Object.keys(parameters)),
      multivalued: true,
      optional: false,
      boundBy: [],
    },
    RETURNS_NOTHING,
  ];
}

/** Every UpdateItem that is an update alone, whatever else it says. */
const RETURNS_NOTHING: RequestKey = {
  name: "dynamodb:ReturnValues",
  values: ["NONE"],
  multivalued: false,
  optional: true,
  boundBy: [],
};
