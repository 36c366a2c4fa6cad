import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { outcomeOf, readFault } from "../../lib/actions/outcome.ts";
import { Fault } from "../../lib/refusal.ts";

const sdkError = (name: string, status?: number): Error =>
  Object.assign(new Error("no"), { name, $metadata: { httpStatusCode: status, attempts: 1 } });

suite("VAI-70 what an AWS error says about the effect", () => {
  const TABLE: [string, number | undefined, string, string][] = [
    ["ConditionalCheckFailedException", 400, "failed", "precondition"],
    ["PreconditionFailedException", 412, "failed", "precondition"],
    ["ResourceConflictException", 409, "failed", "precondition"],
    ["ResourceNotFoundException", 400, "failed", "notFound"],
    ["ResourceNotFoundException", 404, "failed", "notFound"],
    ["AccessDeniedException", 400, "failed", "denied"],
    ["AccessDeniedException", 403, "failed", "denied"],
    ["ExpiredTokenException", 400, "failed", "denied"],
    ["UnrecognizedClientException", 400, "failed", "denied"],
    ["SomethingNewException", 403, "failed", "denied"],
    ["ProvisionedThroughputExceededException", 400, "failed", "throttled"],
    ["TooManyRequestsException", 429, "failed", "throttled"],
    ["ThrottlingException", 400, "failed", "throttled"],
    ["ValidationException", 400, "failed", "invalid"],
    ["InvalidParameterValueException", 400, "failed", "invalid"],
    ["ParameterNotFound", 400, "failed", "notFound"],
    ["TooManyUpdates", 400, "failed", "precondition"],
    ["HierarchyTypeMismatchException", 400, "failed", "precondition"],
    ["ParameterPatternMismatchException", 400, "failed", "invalid"],
    ["PreconditionFailed", 412, "failed", "precondition"],
    ["ConditionalRequestConflict", 409, "failed", "precondition"],
    ["NoSuchBucket", 404, "failed", "notFound"],
    ["ExpiredToken", 400, "failed", "denied"],
    ["InvalidToken", 400, "failed", "denied"],
    ["BadDigest", 400, "failed", "invalid"],
    ["PermanentRedirect", 301, "failed", "invalid"],
    ["TemporaryRedirect", 307, "failed", "invalid"],
    ["SomethingNewException", 400, "failed", "other"],
    ["SlowDown", 503, "failed", "throttled"],
    ["SlowDown", 500, "unknown", "other"],
    ["RequestLimitExceeded", 503, "failed", "throttled"],
    ["RequestLimitExceeded", 400, "failed", "throttled"],
    ["RequestLimitExceeded", 504, "unknown", "other"],
    ["InsufficientInstanceCapacity", 500, "failed", "precondition"],
    ["InsufficientInstanceCapacity", 503, "unknown", "other"],
    ["InsufficientHostCapacity", 500, "failed", "precondition"],
    ["InsufficientReservedInstanceCapacity", 500, "failed", "precondition"],
    ["RequestLimitExceeded", undefined, "unknown", "other"],
    ["InternalError", 500, "unknown", "other"],
    ["InternalFailure", 500, "unknown", "other"],
    ["ServiceUnavailable", 503, "unknown", "other"],
    ["Unavailable", 503, "unknown", "other"],
    ["InternalServerError", 500, "unknown", "other"],
    ["ServiceException", 500, "unknown", "other"],
    ["ThrottlingException", 503, "unknown", "other"],
    ["RequestTimeout", 400, "unknown", "other"],
    // Without a body that the SDK can read, the status is all that says so.
    ["Unknown", 408, "unknown", "other"],
    ["TimeoutError", undefined, "unknown", "other"],
    ["AbortError", undefined, "unknown", "other"],
    ["SyntaxError", 200, "unknown", "other"],
    ["TypeError", undefined, "unknown", "other"],
  ];
  for (const [name, status, expected, kind] of TABLE) {
    test(`ADV-69 ${name} with ${status ?? "no answer"}: ${expected}, ${kind}`, () => {
      assert.deepEqual(outcomeOf(sdkError(name, status)), {
        status: expected,
        error: { name, kind },
      });
    });
  }

  test("VAI-70 what is thrown without being an error is unknown", () => {
    for (const thrown of [
      undefined,
      null,
      "no",
      { $metadata: null },
      { $metadata: { httpStatusCode: "400" } },
    ]) {
      assert.deepEqual(outcomeOf(thrown), {
        status: "unknown",
        error: { name: "UnknownError", kind: "other" },
      });
    }
  });

  test("USR-16 an error's message never becomes its name", () => {
    const { error } = outcomeOf(sdkError("token AQoDYXdzEJr… is bad", 400)) as {
      error: { name: string };
    };
    assert.equal(error.name, "UnknownError");
  });

  test("VAI-93 a read that failed is a fault of a dependency; a missing credential stays what it is", () => {
    assert.equal(
      readFault("lambda:GetAlias", sdkError("AccessDeniedException", 403)).code,
      "DEPENDENCY_UNAVAILABLE",
    );
    const missing = new Fault("CREDENTIALS_MISSING", "none");
    assert.equal(readFault("lambda:GetAlias", missing), missing);
  });
});
