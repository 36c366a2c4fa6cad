import type { KnownKey } from "./iam-data.ts";

/** Operator families by the type of the keys that they compare. */
const FAMILIES: Readonly<Record<string, RegExp>> = {
  String: /^String(Not)?(Equals(IgnoreCase)?|Like)$/,
  // AWS compares ARNs as text too.
  ARN: /^(Arn|String)(Not)?(Equals|Like)$/,
  Numeric: /^Numeric(Not)?(Equals|LessThan|GreaterThan)(Equals)?$/,
  Date: /^Date(Not)?(Equals|LessThan|GreaterThan)(Equals)?$/,
  Bool: /^Bool$/,
  IPAddress: /^(Not)?IpAddress$/,
  Binary: /^BinaryEquals$/,
};

/** An operator that AWS does not have, or that never compares keys of this type. */
export function problemOfOperator(written: string, { name, type }: KnownKey): string[] {
  if (written === "Null") return [];
  const set = /^(ForAllValues|ForAnyValue):/.exec(written)?.[0] ?? "";
  const operator = written.slice(set.length).replace(/IfExists$/, "");
  const isList = type.startsWith("ArrayOf");
  if ((set !== "") !== isList) return [`${written} does not fit ${name}, which is ${type}`];
  const family = FAMILIES[type.replace(/^ArrayOf/, "")];
  return family?.test(operator) ? [] : [`${written} does not fit ${name}, which is ${type}`];
}

/** Each principal that a statement names, with its kind. */
export const principalsOf = (principal: unknown): string[] => {
  if (principal === undefined || principal === "*") return [];
  return Object.entries(principal as Record<string, string | string[]>).flatMap(([kind, names]) =>
    [names].flat().map((name) => `${kind} ${name}`),
  );
};

const PRINCIPALS =
  /^(AWS (\*|\d{12}|arn:aws[a-z-]*:(iam::\d{12}:(root|user\/\S+|role\/\S+)|sts::\d{12}:assumed-role\/[^\s/]+\/[^\s/]+))|Service [a-z0-9.-]+\.amazonaws\.com)$/;

/** A principal in a form that IAM does not know. */
export const problemOfPrincipal = (principal: string): string[] =>
  PRINCIPALS.test(principal) ? [] : [`${principal} is no principal`];
