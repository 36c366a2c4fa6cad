import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { deadline, readingClient } from "../client-settings.ts";
import { type ReadProblem, type TargetRead, type TargetReadRequest, targetRead } from "../read.ts";
import { toAttribute } from "./expression.ts";
import { attributesOf, memberOf } from "./parameters.ts";

/** Longest key value in bytes that DynamoDB takes. */
const MAX_KEY_BYTES = 1024;

const loadSdk = () => import("./sdk.ts");

/**
 * `dynamodb:GetItem`: one item, read strongly consistently. The answer is AWS's own, with its
 * attribute values: a string is at `/Item/<attribute>/S`, a Boolean at `/Item/<attribute>/BOOL`, and a
 * number at `/Item/<attribute>/N` is *text*, so it is compared with `{"exact": "7"}`. An item that does
 * not exist is an answer without `/Item`, which only `absent` accepts.
 */
const getItem = targetRead({
  read: "dynamodb:GetItem",
  family: "dynamodb",
  target: {
    pattern: /^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table\/[A-Za-z0-9_.-]{3,255}$/,
    example: "arn:aws:dynamodb:us-east-1:111122223333:table/settings",
  },
  iamActions: ["dynamodb:GetItem"],
  problemOf,
  load: loadSdk,
  async ask({ resource, parameters }, settings) {
    const { DynamoDBClient, GetItemCommand } = await loadSdk();
    const client = readingClient("dynamodb", settings, (options) => new DynamoDBClient(options));
    const Key = Object.fromEntries(
      attributesOf(parameters, "key").map(([name, value]): [string, AttributeValue] => [
        name,
        toAttribute(value) as AttributeValue,
      ]),
    );
    const input = { TableName: resource.split("/")[1], Key, ConsistentRead: true };
    return client.send(new GetItemCommand(input), deadline(settings));
  },
});

/** One or two `key/<attribute>`, each a string or an integer, and nothing else. */
function problemOf({ parameters }: Pick<TargetReadRequest, "parameters">): ReadProblem | undefined {
  const names = Object.keys(parameters).sort();
  const foreign = names.find((name) => memberOf(name)?.family !== "key");
  if (foreign !== undefined) {
    return { parameter: foreign, detail: "is not a parameter of this read: use key/<attribute>" };
  }
  if (names.length < 1 || names.length > 2) {
    return {
      parameter: "key",
      detail: "an item is named by one or two parameters key/<attribute>",
    };
  }
  const bad = names.find((name) => !isKeyValue(parameters[name]));
  return bad === undefined
    ? undefined
    : { parameter: bad, detail: `must be an integer or a text of 1 to ${MAX_KEY_BYTES} bytes` };
}

function isKeyValue(value: unknown): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value);
  return typeof value === "string" && value !== "" && Buffer.byteLength(value) <= MAX_KEY_BYTES;
}

export const DYNAMODB_READS: readonly TargetRead[] = [getItem];
