import type { Exchange } from "../exchange.ts";
import { type NamedOperation, partsOf } from "./named-operation.ts";

/** Operations of Lambda's REST API by method and what follows the function's name. */
const ON_FUNCTION: Readonly<Record<string, string>> = {
  "GET ": "GetFunction",
  "DELETE ": "DeleteFunction",
  "GET configuration": "GetFunctionConfiguration",
  "PUT configuration": "UpdateFunctionConfiguration",
  "PUT code": "UpdateFunctionCode",
  "POST versions": "PublishVersion",
  "GET versions": "ListVersionsByFunction",
  "POST aliases": "CreateAlias",
  "GET aliases": "ListAliases",
  "GET aliases/*": "GetAlias",
  "PUT aliases/*": "UpdateAlias",
  "DELETE aliases/*": "DeleteAlias",
  "POST invocations": "Invoke",
  "GET policy": "GetPolicy",
  "POST policy": "AddPermission",
  "DELETE policy/*": "RemovePermission",
  "GET concurrency": "GetFunctionConcurrency",
  "PUT concurrency": "PutFunctionConcurrency",
  "DELETE concurrency": "DeleteFunctionConcurrency",
  "GET url": "GetFunctionUrlConfig",
  "POST url": "CreateFunctionUrlConfig",
  "PUT url": "UpdateFunctionUrlConfig",
  "DELETE url": "DeleteFunctionUrlConfig",
  "PUT event-invoke-config": "PutFunctionEventInvokeConfig",
  "GET event-invoke-config": "GetFunctionEventInvokeConfig",
};

const ON_SERVICE: Readonly<Record<string, string>> = {
  "GET functions": "ListFunctions",
  "POST functions": "CreateFunction",
  "GET event-source-mappings": "ListEventSourceMappings",
  "POST event-source-mappings": "CreateEventSourceMapping",
  "GET event-source-mappings/*": "GetEventSourceMapping",
  "PUT event-source-mappings/*": "UpdateEventSourceMapping",
  "DELETE event-source-mappings/*": "DeleteEventSourceMapping",
  "GET tags/*": "ListTags",
  "POST tags/*": "TagResource",
  "DELETE tags/*": "UntagResource",
};

/** Operations whose event names end with `v2` after the API's date. */
const SECOND: ReadonlySet<string> = new Set([
  ...["GetFunction", "GetPolicy", "AddPermission", "RemovePermission"],
  ...["GetFunctionConfiguration", "UpdateFunctionConfiguration", "UpdateFunctionCode"],
]);
/** Operations whose event names have no date: data events, and what came later. */
const UNDATED = /^Invoke$|Url|^(List)?Tag|^Untag/;

/**
 * The operation of a request to Lambda's REST API. In CloudTrail most of its names carry the date
 * of their API: `UpdateAlias20150331` (Lambda developer guide, "Logging Lambda API calls").
 */
export function lambdaOperation(exchange: Exchange): NamedOperation {
  const [date = "", ...rest] = partsOf(exchange);
  const [kind = "", name, member, leaf] = rest;
  const query = exchange.query.get("Qualifier");
  const operation =
    kind === "functions" && name !== undefined && name !== ""
      ? ON_FUNCTION[`${exchange.method} ${member ?? ""}${leaf === undefined ? "" : "/*"}`]
      : ON_SERVICE[`${exchange.method} ${kind}${name ? "/*" : ""}`];
  if (operation === undefined) return { operation: "Unknown" };
  const isDated = !UNDATED.test(operation);
  const suffix = isDated ? date.replaceAll("-", "") + (SECOND.has(operation) ? "v2" : "") : "";
  const type = exchange.header("x-amz-invocation-type");
  return {
    operation,
    eventName: `${operation}${suffix}`,
    inputs: {
      ...(kind === "functions" && name && { FunctionName: name }),
      ...(leaf !== undefined && member === "aliases" && { Name: leaf }),
      ...(query !== null && { Qualifier: query }),
      ...(type !== "" && { InvocationType: type }),
    },
  };
}
