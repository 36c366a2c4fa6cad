import { createHash, createHmac } from "node:crypto";

/**
 * The sample function behind `lambda:InvokeFunction`, as PROTOCOL.md §9 asks: it holds a credential itself, takes equal
 * `clientToken`s for one request, and answers with a status and a reference. What it did it counts, so that whoever looks
 * sees that nothing happened. It signs its own calls: inline code has no packages but Node's.
 */

type Item = Readonly<Record<string, object>>;

const TOKEN = /^[A-Za-z0-9._:-]{1,128}$/;

/** Of invocations (`asked`) and of payments that were made (`done`); no client token can be this. */
const COUNTS = { pk: { S: "#counts" } };

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac("sha256", key).update(text).digest();

/**
 * One call to a JSON service of AWS, signed by Signature Version 4.
 * @param env place and credentials by the names that Lambda gives them; default: the function's own session
 */
export async function aws(
  service: string,
  target: string,
  input: object,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<[number, Item]> {
  const { AWS_REGION: region = "", AWS_SESSION_TOKEN: token } = env;
  const own = `https://${service}.${region}.${env["URL_SUFFIX"]}`;
  const url = new URL(env["AWS_ENDPOINT_URL"] ?? own);
  const body = JSON.stringify(input);
  const now = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const headers: Record<string, string> = {
    "content-type": `application/x-amz-json-1.${service === "dynamodb" ? 0 : 1}`,
    host: url.host,
    "x-amz-content-sha256": sha256(body),
    "x-amz-date": now,
    ...(token !== undefined && { "x-amz-security-token": token }),
    "x-amz-target": target,
  };
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join("");
  const signed = names.join(";");
  const scope = `${now.slice(0, 8)}/${region}/${service}/aws4_request`;
  const canonical = `POST\n/\n\n${lines}\n${signed}\n${sha256(body)}`;
  const secret: string | Buffer = `AWS4${env["AWS_SECRET_ACCESS_KEY"]}`;
  const key = scope.split("/").reduce<string | Buffer>(hmac, secret);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${now}\n${scope}\n${sha256(canonical)}`);
  const credential = `Credential=${env["AWS_ACCESS_KEY_ID"]}/${scope}`;
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${signed}, Signature=${signature.toString("hex")}`;
  const answer = await fetch(url, { method: "POST", headers: { ...headers, authorization }, body });
  return [answer.status, (await answer.json()) as Item];
}

const dynamoDb = (operation: string, input: object): Promise<[number, Item]> =>
  aws("dynamodb", `DynamoDB_20120810.${operation}`, input);

/** Adds one to a count. */
const counted = (name: string) => ({
  ...{ TableName: process.env["TABLE"], Key: COUNTS },
  ...{ UpdateExpression: "ADD #n :n", ExpressionAttributeNames: { "#n": name } },
  ExpressionAttributeValues: { ":n": { N: "1" } },
});

/** What it pays by. It leaves this function only as a key of what it signs. */
async function credential(): Promise<string> {
  const [, { SecretString = "" }] = await aws("secretsmanager", "secretsmanager.GetSecretValue", {
    SecretId: process.env["SECRET"],
  });
  if (SecretString === "") throw new Error("no credential");
  return String(SecretString);
}

/** Pays once: the item and the count come into being together, or neither does. */
export async function handler(event: Readonly<Record<string, unknown>>): Promise<object> {
  const { clientToken, amount, currency = "EUR" } = event;
  const [asked] = await dynamoDb("UpdateItem", counted("asked"));
  if (asked !== 200) throw new Error("not counted");
  const isAsked = typeof clientToken === "string" && TOKEN.test(clientToken);
  const isSum = Number.isSafeInteger(amount) && Number(amount) > 0;
  if (!isAsked || !isSum || !/^[A-Z]{3}$/.test(String(currency))) return { statusCode: 400 };
  const text = JSON.stringify(event, Object.keys(event).sort());
  const authorization = hmac(await credential(), text).toString("hex");
  const reference = `pay-${authorization.slice(0, 16)}`;
  const TableName = process.env["TABLE"];
  const Item = {
    pk: { S: clientToken },
    ...{ request: { S: text }, authorization: { S: authorization }, reference: { S: reference } },
  };
  const ConditionExpression = "attribute_not_exists(pk)";
  const [status] = await dynamoDb("TransactWriteItems", {
    TransactItems: [{ Put: { TableName, Item, ConditionExpression } }, { Update: counted("done") }],
  });
  if (status === 200) return { statusCode: 200, reference };
  const Key = { pk: { S: clientToken } };
  const [, { Item: known }] = await dynamoDb("GetItem", { TableName, Key, ConsistentRead: true });
  if (known === undefined) throw new Error("not stored");
  const { request } = known as { request?: { S?: string } };
  return request?.S === text ? { statusCode: 200, reference } : { statusCode: 409 };
}
