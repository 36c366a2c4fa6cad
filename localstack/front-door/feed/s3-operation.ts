import type { Exchange } from "../exchange.ts";
import { type NamedOperation, partsOf } from "./named-operation.ts";

const VERB: Readonly<Record<string, string>> = { GET: "Get", PUT: "Put", DELETE: "Delete" };

/** What a query parameter without value asks about, as operations name it. */
const SUBRESOURCES: Readonly<Record<string, string>> = {
  ...{ acl: "Acl", policy: "Policy", versioning: "Versioning", lifecycle: "Lifecycle" },
  ...{ encryption: "Encryption", tagging: "Tagging", cors: "Cors", website: "Website" },
  ...{ notification: "Notification", replication: "Replication", logging: "Logging" },
  ...{ location: "Location", ownershipControls: "OwnershipControls" },
  ...{ publicAccessBlock: "PublicAccessBlock", "object-lock": "ObjectLockConfiguration" },
  ...{ retention: "Retention", "legal-hold": "LegalHold" },
};

/** The operation of a request to S3's REST API, path style: the only one that a numeric host has. */
export function s3Operation(exchange: Exchange): NamedOperation {
  const [bucketName = "", ...rest] = partsOf(exchange);
  const key = rest.join("/");
  const inputs = { ...(bucketName && { bucketName }), ...(key && { key }) };
  const name = key ? objectOperation(exchange) : bucketOperation(exchange, bucketName);
  const more = { ...copied(exchange), ...ofVersion(exchange), ...onlyIfAbsent(exchange) };
  return { operation: name, inputs: { ...inputs, ...more } };
}

const copied = (exchange: Exchange) => {
  const source = exchange.header("x-amz-copy-source");
  return source === "" ? {} : { "x-amz-copy-source": source };
};

/** IAM knows a read of one version as an action of its own (`s3:GetObjectVersion`). */
const ofVersion = ({ query }: Exchange) => {
  const versionId = query.get("versionId");
  return versionId ? { versionId } : {};
};

/** What IAM decides on as `s3:if-none-match`. */
const onlyIfAbsent = (exchange: Exchange) => {
  const asked = exchange.header("if-none-match");
  return asked === "" ? {} : { "if-none-match": asked };
};

function subresource(exchange: Exchange): string | undefined {
  const [name] = [...exchange.query.keys()].filter((key) => Object.hasOwn(SUBRESOURCES, key));
  return name === undefined ? undefined : SUBRESOURCES[name];
}

function objectOperation(exchange: Exchange): string {
  const { method, query } = exchange;
  const noun = subresource(exchange);
  if (noun !== undefined) return `${VERB[method] ?? "Unknown"}Object${noun}`;
  if (query.has("uploads") && method === "POST") return "CreateMultipartUpload";
  if (query.has("uploadId")) return multipart(method);
  if (method === "HEAD") return "HeadObject";
  if (method === "PUT" && exchange.header("x-amz-copy-source") !== "") return "CopyObject";
  return method in VERB ? `${VERB[method]}Object` : "Unknown";
}

const multipart = (method: string): string =>
  ({ PUT: "UploadPart", POST: "CompleteMultipartUpload", DELETE: "AbortMultipartUpload" })[
    method
  ] ?? "ListParts";

function bucketOperation(exchange: Exchange, bucket: string): string {
  const { method, query } = exchange;
  if (bucket === "") return "ListBuckets";
  const noun = subresource(exchange);
  if (noun !== undefined) return `${VERB[method] ?? "Unknown"}Bucket${noun}`;
  if (method === "POST" && query.has("delete")) return "DeleteObjects";
  if (method === "GET") return query.has("versions") ? "ListObjectVersions" : "ListObjects";
  return { HEAD: "HeadBucket", PUT: "CreateBucket", DELETE: "DeleteBucket" }[method] ?? "Unknown";
}
