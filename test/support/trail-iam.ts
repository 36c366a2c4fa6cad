import { type CloudTrailEvent, operationNameOf } from "../../localstack/machine/control.ts";

/** One authorization that AWS makes for a recorded call. */
export interface Authorization {
  /** IAM action. */
  readonly action: string;
  /** ARN, or `*` for an action without a resource. */
  readonly resource: string;
  /** Condition keys that the call itself sets. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

type Parameters = Readonly<Record<string, unknown>>;
type Reader = (event: CloudTrailEvent, parameters: Parameters) => readonly Authorization[];

/** What IAM decides about each service's calls (service authorization reference), from the feed alone. */
const READERS: Readonly<Record<string, Reader>> = {
  dynamodb: ofDynamo,
  kms: (event, { keyId, signingAlgorithm, messageType }) => [
    authorization(event, arn(event, "kms", `key/${keyId}`), {
      ...(signingAlgorithm !== undefined && { "kms:SigningAlgorithm": `${signingAlgorithm}` }),
      ...(messageType !== undefined && { "kms:MessageType": `${messageType}` }),
    }),
  ],
  sts: ofSts,
  lambda: ofLambda,
  s3: ofS3,
  ssm: (event, { name }) => [
    authorization(event, full(name) ?? arn(event, "ssm", `parameter/${unslashed(name)}`)),
  ],
  ec2: ofEc2,
  ecs: ofEcs,
  iam: ofIam,
  events: ofEvents,
};

/** S3's actions are not named like its operations. */
const S3_ACTIONS: Readonly<Record<string, string>> = {
  GetBucketEncryption: "s3:GetEncryptionConfiguration",
  HeadObject: "s3:GetObject",
  ListObjects: "s3:ListBucket",
  ListObjectVersions: "s3:ListBucketVersions",
};

/**
 * What IAM had to allow for a call, as AWS names it; empty for calls that need no permission.
 * @throws {TypeError} for a service of which nothing is known: a call that cannot be judged must
 *   not count as one that needs nothing.
 */
export function authorizationsOf(event: CloudTrailEvent): readonly Authorization[] {
  const service = event.eventSource.split(".")[0] ?? "";
  const read = READERS[service];
  if (read === undefined) throw new TypeError(`unknown service of ${event.eventName}: ${service}`);
  return read(event, event.requestParameters ?? {});
}

const arn = (event: CloudTrailEvent, service: string, resource: string): string =>
  `arn:aws:${service}:${event.awsRegion}:${event.recipientAccountId}:${resource}`;

const full = (name: unknown): string | undefined =>
  typeof name === "string" && name.startsWith("arn:") ? name : undefined;

const unslashed = (name: unknown): string => `${name}`.replace(/^\//, "");

function authorization(
  event: CloudTrailEvent,
  resource: string,
  context: Authorization["context"] = {},
): Authorization {
  const service = event.eventSource.split(".")[0];
  return { action: `${service}:${operationNameOf(event)}`, resource, context };
}

/** The actions that the items of a transaction are authorized as, each on its table. */
const TRANSACTED: Readonly<Record<string, string>> = {
  Put: "dynamodb:PutItem",
  Update: "dynamodb:UpdateItem",
  Delete: "dynamodb:DeleteItem",
  ConditionCheck: "dynamodb:ConditionCheckItem",
  Get: "dynamodb:GetItem",
};

function ofDynamo(event: CloudTrailEvent, parameters: Parameters): Authorization[] {
  const table = ({ tableName, indexName }: Parameters): string =>
    (full(tableName) ?? arn(event, "dynamodb", `table/${tableName}`)) +
    (indexName === undefined ? "" : `/index/${indexName}`);
  const { requestItems } = parameters;
  if (!Array.isArray(requestItems)) return [authorization(event, table(parameters))];
  return (requestItems as Parameters[]).map((item) => ({
    action: TRANSACTED[`${item["operation"]}`] ?? `dynamodb:${event.eventName}`,
    resource: table(item),
    context: { "dynamodb:EnclosingOperation": event.eventName },
  }));
}

function ofS3({ eventName }: CloudTrailEvent, parameters: Parameters): Authorization[] {
  const { bucketName, key, versionId, "if-none-match": ifNoneMatch } = parameters;
  const ofVersion = eventName === "GetObject" && versionId !== undefined;
  return [
    {
      action: ofVersion ? "s3:GetObjectVersion" : (S3_ACTIONS[eventName] ?? `s3:${eventName}`),
      resource: `arn:aws:s3:::${bucketName}${key === undefined ? "" : `/${key}`}`,
      context: ifNoneMatch === undefined ? {} : { "s3:if-none-match": `${ifNoneMatch}` },
    },
  ];
}

/** PutEvents is decided for each bus, on the names of all events of the call. */
function ofEvents(event: CloudTrailEvent, parameters: Parameters): Authorization[] {
  const entries = (parameters["entries"] ?? []) as readonly Readonly<Record<string, unknown>>[];
  const context = {
    "events:source": entries.map(({ source }) => `${source}`),
    "events:detail-type": entries.map(({ detailType }) => `${detailType}`),
  };
  const buses = new Set(entries.map(({ eventBusName }) => `${eventBusName}`));
  return [...buses].map((bus) =>
    authorization(event, full(bus) ?? arn(event, "events", `event-bus/${bus}`), context),
  );
}

function ofSts(event: CloudTrailEvent, parameters: Parameters): Authorization[] {
  if (event.eventName === "GetScopedCredentials") return [authorization(event, "*")];
  if (event.eventName !== "AssumeRole") return [];
  const tags = (parameters["tags"] ?? []) as readonly { key: string; value: string }[];
  const identity = parameters["sourceIdentity"];
  const context = {
    "sts:RoleSessionName": `${parameters["roleSessionName"]}`,
    ...(identity !== undefined && { "sts:SourceIdentity": `${identity}` }),
    ...(tags.length > 0 && { "aws:TagKeys": tags.map(({ key }) => key) }),
    ...Object.fromEntries(tags.map(({ key, value }) => [`aws:RequestTag/${key}`, value])),
  };
  const actions = [
    "sts:AssumeRole",
    ...(tags.length > 0 ? ["sts:TagSession"] : []),
    ...(identity !== undefined ? ["sts:SetSourceIdentity"] : []),
  ];
  return actions.map((action) => ({ action, resource: `${parameters["roleArn"]}`, context }));
}

function ofLambda(event: CloudTrailEvent, { functionName }: Parameters): Authorization[] {
  const operation = operationNameOf(event);
  const [first] = event.resources ?? [];
  const resource =
    full(functionName) ?? first?.ARN ?? arn(event, "lambda", `function:${functionName}`);
  const one = (action: string) => ({ action, resource, context: {} });
  if (operation === "Invoke") return [one("lambda:InvokeFunction")];
  // Through a Function URL, AWS wants both.
  if (operation === "InvokeFunctionUrl") {
    return [one("lambda:InvokeFunctionUrl"), one("lambda:InvokeFunction")];
  }
  return [one(`lambda:${operation}`)];
}

function ofEc2(event: CloudTrailEvent, parameters: Parameters): Authorization[] {
  if (event.eventName.startsWith("Describe")) return [authorization(event, "*")];
  const { items = [] } = (parameters["instancesSet"] ?? {}) as {
    items?: readonly { readonly instanceId: string }[];
  };
  return items.map(({ instanceId }) =>
    authorization(event, arn(event, "ec2", `instance/${instanceId}`)),
  );
}

function ofEcs(event: CloudTrailEvent, parameters: Parameters): Authorization[] {
  const { cluster = "default", service, services = [service] } = parameters;
  const place = `${cluster}`.split("/").at(-1);
  return (services as readonly unknown[]).map((name) =>
    authorization(event, full(name) ?? arn(event, "ecs", `service/${place}/${name}`)),
  );
}

/** Calls on a role; what bounds the role (`iam:PermissionsBoundary`) no call says, its holder's reader adds it. */
function ofIam(event: CloudTrailEvent, { roleName }: Parameters): Authorization[] {
  if (roleName === undefined) throw new TypeError(`unknown resource of ${event.eventName}`);
  return [authorization(event, `arn:aws:iam::${event.recipientAccountId}:role/${roleName}`)];
}
