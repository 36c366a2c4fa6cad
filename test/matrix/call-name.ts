import type { Call } from "../../localstack/front-door/feed/call.ts";

/** The name by which `revoke` and `sweep` ask IAM whether a session is denied (PROTOCOL.md §9). */
export const PROBE = "vai-probe";

type Inputs = Call["inputs"];

/** What a call is about, in the words by which a person knows it: `dynamodb:Query evidence plane/registry`. */
export const callName = ({ service, operation, inputs }: Call): string =>
  [`${service}:${operation}`, tablesOf(inputs), ...namesIn(inputs), ...chainIn(inputs)]
    .filter((part) => part !== "")
    .join(" ");

function tablesOf({ TableName, RequestItems, TransactItems }: Inputs): string {
  const tables = [
    ...(typeof TableName === "string" ? [TableName] : []),
    ...Object.keys((RequestItems ?? {}) as object),
    ...(Array.isArray(TransactItems) ? TransactItems.flatMap(tablesIn) : []),
  ];
  return [...new Set(tables)].sort().map(short).join("+");
}

const tablesIn = (item: unknown): string[] =>
  Object.values((item ?? {}) as Record<string, { readonly TableName?: string }>).flatMap(
    ({ TableName }) => TableName ?? [],
  );

const namesIn = ({ IndexName, RoleArn, PolicyName, SourceIdentity }: Inputs): string[] => {
  const probe = SourceIdentity === PROBE ? PROBE : undefined;
  return [IndexName, RoleArn, PolicyName, probe]
    .filter((each) => typeof each === "string")
    .map(short);
};

/** Whether a read of one chain is the registry's; an intent's needs no saying. */
const chainIn = ({ ExpressionAttributeValues, RequestItems }: Inputs): string[] => {
  const asked = JSON.stringify([ExpressionAttributeValues, RequestItems]);
  const isAlone = Object.keys((RequestItems ?? {}) as object).length < 2;
  return isAlone && asked.includes("plane/registry") ? ["plane/registry"] : [];
};

/** `arn:aws:iam::1:role/vai-local-exec-s3` → `exec-s3`; `vai-local-state` → `state`. */
const short = (name: string): string => name.replace(/^.*\//, "").replace(/^vai-local-/, "");
