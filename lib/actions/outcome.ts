import { Fault } from "../refusal.ts";
import type { CallError, CallOutcome, ErrorKind } from "./descriptor.ts";

/** AWS error names whose meaning their HTTP status does not already say. */
const KIND_OF_NAME: ReadonlyMap<string, ErrorKind> = new Map([
  ["ConditionalCheckFailedException", "precondition"],
  ["HierarchyTypeMismatchException", "precondition"],
  ["ParameterAlreadyExists", "precondition"],
  ["PreconditionFailedException", "precondition"],
  ["ResourceConflictException", "precondition"],
  ["ResourceInUseException", "precondition"],
  ["TooManyUpdates", "precondition"],
  ["TransactionConflictException", "precondition"],
  ["IncorrectInstanceState", "precondition"],
  ["IncorrectState", "precondition"],
  ["OperationNotPermitted", "precondition"],
  ["ServiceNotActiveException", "precondition"],
  ["ParameterNotFound", "notFound"],
  ["ResourceNotFoundException", "notFound"],
  ["ClusterNotFoundException", "notFound"],
  ["InvalidInstanceID.NotFound", "notFound"],
  ["ServiceNotFoundException", "notFound"],
  ["AccessDeniedException", "denied"],
  ["AccessDenied", "denied"],
  ["ExpiredToken", "denied"],
  ["ExpiredTokenException", "denied"],
  ["IncompleteSignature", "denied"],
  ["IncompleteSignatureException", "denied"],
  ["InvalidSignatureException", "denied"],
  ["InvalidToken", "denied"],
  ["MissingAuthenticationToken", "denied"],
  ["MissingAuthenticationTokenException", "denied"],
  ["NotAuthorized", "denied"],
  ["SignatureDoesNotMatch", "denied"],
  ["UnrecognizedClientException", "denied"],
  ["AuthFailure", "denied"],
  ["Blocked", "denied"],
  ["InvalidClientTokenId", "denied"],
  ["OptInRequired", "denied"],
  ["PendingVerification", "denied"],
  ["RequestExpired", "denied"],
  ["UnauthorizedOperation", "denied"],
  ["LimitExceededException", "throttled"],
  ["ProvisionedThroughputExceededException", "throttled"],
  ["RequestLimitExceeded", "throttled"],
  ["Throttling", "throttled"],
  ["ThrottlingException", "throttled"],
  ["TooManyRequestsException", "throttled"],
  ["AuthorizationHeaderMalformed", "invalid"],
  ["BadDigest", "invalid"],
  ["InvalidParameterValueException", "invalid"],
  ["InvalidRequestContentException", "invalid"],
  ["InvalidRequest", "invalid"],
  ["ItemCollectionSizeLimitExceededException", "invalid"],
  ["ParameterPatternMismatchException", "invalid"],
  ["PermanentRedirect", "invalid"],
  ["SerializationException", "invalid"],
  ["TemporaryRedirect", "invalid"],
  ["ValidationError", "invalid"],
  ["ValidationException", "invalid"],
  ["ClientException", "invalid"],
  ["InvalidInstanceID.Malformed", "invalid"],
  ["InvalidParameterCombination", "invalid"],
  ["InvalidParameterException", "invalid"],
  ["InvalidParameterValue", "invalid"],
  ["MissingParameter", "invalid"],
  ["UnsupportedFeatureException", "invalid"],
  ["UnsupportedOperation", "invalid"],
]);

/**
 * Refusals that AWS sends as 5xx although it says of each that the request was turned away before anything was
 * done: EC2's throttle and its lack of capacity for the one instance that a call names (EC2 API reference, "Error
 * codes", server errors), and S3's throttle (S3 API reference, "Error responses"). By exact name *and* status:
 * for ADV-69 a failure that is called unknown costs a read, an effect that is called a failure is done twice. So
 * nothing is here that says only that AWS is in trouble (`InternalError`, `InternalFailure`, `ServiceUnavailable`,
 * `Unavailable`), and no name that AWS's pages have as 4xx alone.
 */
const REFUSED_BY_5XX: ReadonlyMap<string, readonly [status: number, kind: ErrorKind]> = new Map([
  ["RequestLimitExceeded", [503, "throttled"]],
  ["SlowDown", [503, "throttled"]],
  ["InsufficientInstanceCapacity", [500, "precondition"]],
  ["InsufficientHostCapacity", [500, "precondition"]],
  ["InsufficientReservedInstanceCapacity", [500, "precondition"]],
]);

const KIND_OF_STATUS: ReadonlyMap<number, ErrorKind> = new Map([
  [401, "denied"],
  [403, "denied"],
  [404, "notFound"],
  [409, "precondition"],
  [412, "precondition"],
  [429, "throttled"],
]);

/** The outcome of a call that is made here, once; whatever it or its preparation throws is judged by {@link outcomeOf}. */
export async function made(call: () => Promise<unknown>): Promise<CallOutcome> {
  try {
    await call();
    return { status: "succeeded" };
  } catch (error) {
    return outcomeOf(error);
  }
}

/**
 * What an error of the one call says about its effect. A definite AWS refusal (HTTP 4xx, 3xx by which S3 names
 * another region, or one of {@link REFUSED_BY_5XX}) means that nothing was applied; everything else (other 5xx,
 * timeout by name or by status 408, lost connection, unreadable answer) leaves the effect unknown, because taking silence for failure
 * would let an agent double the effect by asking again (ADV-69).
 */
export function outcomeOf(error: unknown): CallOutcome {
  const name = nameOf(error);
  const status = statusOf(error);
  const kind = refusalKind(name, status);
  return kind === undefined
    ? { status: "unknown", error: { name, kind: "other" } }
    : { status: "failed", error: { name, kind } };
}

/** Why AWS definitely refused; `undefined` when that is not certain. */
function refusalKind(name: string, status: number | undefined): ErrorKind | undefined {
  if (status === undefined || status === 408 || /timeout/i.test(name)) return undefined;
  const [refusedBy, kind] = REFUSED_BY_5XX.get(name) ?? [];
  if (refusedBy === status) return kind;
  if (status < 300 || status >= 500) return undefined;
  return KIND_OF_NAME.get(name) ?? KIND_OF_STATUS.get(status) ?? "other";
}

/** The error of a read when AWS definitely answered that the thing is not there. */
export function absenceOf(error: unknown): CallError | undefined {
  const outcome = outcomeOf(error);
  return outcome.status === "failed" && outcome.error.kind === "notFound"
    ? outcome.error
    : undefined;
}

/**
 * A read that could not be made: the dependency failed, whatever the reason; nothing is guessed
 * instead.
 */
export const readFault = (api: string, error: unknown): Fault =>
  error instanceof Fault
    ? error
    : new Fault("DEPENDENCY_UNAVAILABLE", `${api} failed: ${nameOf(error)}`, error);

/** Error names go into evidence: only what looks like one, never a message with values in it. */
function nameOf(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  return /^[A-Za-z][A-Za-z0-9._-]{0,99}$/.test(name) ? name : "UnknownError";
}

function statusOf(error: unknown): number | undefined {
  const { $metadata } = (error ?? {}) as { $metadata?: { httpStatusCode?: unknown } };
  const status = $metadata?.httpStatusCode;
  return typeof status === "number" ? status : undefined;
}
