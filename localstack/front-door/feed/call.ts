import { claimedCredentials } from "../credential.ts";
import type { Exchange } from "../exchange.ts";
import { lambdaOperation } from "./lambda-operation.ts";
import { type NamedOperation, pathOf } from "./named-operation.ts";
import { s3Operation } from "./s3-operation.ts";

/** Bytes of a body beyond which its members are not looked at: function code, large documents. */
const LARGEST_READ = 1024 * 1024;

/** Which API operation a request asks for, by the rules of its service's protocol. */
export interface Call {
  /** Name of the service in signatures and event sources, such as `dynamodb`. */
  readonly service: string;
  /** Name of the operation as the API reference has it; "Unknown" where it cannot be told. */
  readonly operation: string;
  /** The same as CloudTrail writes it; for some operations with the version of the API behind. */
  readonly eventName: string;
  readonly region: string;
  /** Inputs by their API names, of path, query and body. They may be secret: never record them whole. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

const FUNCTION_URL = /^([a-z0-9-]+)\.lambda-url\.([a-z0-9-]+)\./;
/** Services whose bodies are data, streamed through and never looked at. */
const STREAMED: ReadonlySet<string> = new Set(["s3"]);

const calls = new WeakMap<Exchange, Promise<Call>>();

/** The operation of a request, found out once. */
export function callOf(exchange: Exchange): Promise<Call> {
  const known = calls.get(exchange);
  if (known !== undefined) return known;
  const found = read(exchange);
  calls.set(exchange, found);
  return found;
}

async function read(exchange: Exchange): Promise<Call> {
  const claimed = claimedCredentials(exchange)[0];
  const url = FUNCTION_URL.exec(exchange.header("host"));
  const service = url ? "lambda" : claimed?.service || serviceOfTarget(exchange);
  const region = url?.[2] ?? claimed?.region ?? "";
  const named = url
    ? { operation: "InvokeFunctionUrl", inputs: { UrlId: url[1] } }
    : await operationOf(exchange, service);
  const { operation, eventName = operation, inputs = {} } = named;
  return { service, operation, eventName, region, inputs };
}

/** An unsigned request names its service at most here. */
const serviceOfTarget = (exchange: Exchange): string =>
  /^(\w+?)_\d/.exec(exchange.header("x-amz-target"))?.[1]?.toLowerCase() ?? "";

async function operationOf(exchange: Exchange, service: string): Promise<NamedOperation> {
  if (STREAMED.has(service)) return s3Operation(exchange);
  const target = exchange.header("x-amz-target");
  if (target !== "") {
    return { operation: target.split(".").at(-1) ?? "", inputs: await jsonInputs(exchange) };
  }
  if (service === "lambda") {
    const found = lambdaOperation(exchange);
    // The payload of an invocation is the caller's own; CloudTrail does not have it either.
    const inputs = found.operation === "Invoke" ? {} : await jsonInputs(exchange);
    return { ...found, inputs: { ...inputs, ...found.inputs } };
  }
  const rpc = /^\/service\/[^/]+\/operation\/(\w+)$/.exec(pathOf(exchange))?.[1];
  return rpc === undefined ? formOperation(exchange) : { operation: rpc };
}

/** The query protocol: `Action` and its parameters in the query or in a form. */
async function formOperation(exchange: Exchange): Promise<NamedOperation> {
  const inputs = Object.fromEntries(exchange.query);
  const isForm = exchange.header("content-type").startsWith("application/x-www-form-urlencoded");
  if (exchange.method === "POST" && isForm) {
    const body = await exchange.body();
    if (body.length <= LARGEST_READ) {
      Object.assign(inputs, Object.fromEntries(new URLSearchParams(body.toString("utf8"))));
    }
  }
  return { operation: inputs["Action"] ?? "Unknown", inputs };
}

async function jsonInputs(exchange: Exchange): Promise<Record<string, unknown>> {
  if (exchange.method === "GET" || exchange.method === "DELETE") return {};
  const body = await exchange.body();
  if (body.length === 0 || body.length > LARGEST_READ) return {};
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}
