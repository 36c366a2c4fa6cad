import type { Call } from "./call.ts";
import type { Told } from "./caller.ts";

/** IAM's prefix of a service whose signatures name it otherwise. */
const PREFIXES: Readonly<Record<string, string>> = { monitoring: "cloudwatch" };

/**
 * Operations that IAM authorizes under other names, so that a name alone shows no disguise: S3's,
 * DynamoDB's of several items, the invocation of a function.
 */
const RENAMED = /^(s3 |dynamodb (Transact|Batch|Execute)|lambda Invoke$|lambda Unknown$)/;

/**
 * The call as the emulator authorized it, where that is another than the request seems to ask for.
 * A request can name a service in its signature, and an operation in a header or a parameter, that
 * are not those that serve it: the feed would then tell an observer of a harmless call.
 */
export function trueCall(call: Call, { checks }: Told): Call {
  const [first] = checks;
  if (first === undefined) return call;
  const [service = "", operation = ""] = first[0].split(":");
  const isSameService = service === (PREFIXES[call.service] ?? call.service);
  const isNamed = checks.some(([action]) => action === `${service}:${call.operation}`);
  if (isSameService && (isNamed || RENAMED.test(`${call.service} ${call.operation}`))) return call;
  return { ...call, service, operation, eventName: operation, inputs: {} };
}
