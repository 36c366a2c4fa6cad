import { createHash } from "node:crypto";
import { type AwsError, awsErrorAnswer, type Protocol, protocolOf } from "../aws-error.ts";
import type { Step } from "../exchange.ts";

const MISMATCH =
  "The request signature we calculated does not match the signature you provided: the body is " +
  "not the one whose SHA-256 is in x-amz-content-sha256.";

const ERRORS: Readonly<Record<Protocol, AwsError>> = {
  query: { status: 403, code: "SignatureDoesNotMatch", message: MISMATCH },
  ec2: { status: 403, code: "SignatureDoesNotMatch", message: MISMATCH },
  s3: {
    status: 400,
    code: "XAmzContentSHA256Mismatch",
    message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
  },
  json: { status: 403, code: "InvalidSignatureException", message: MISMATCH },
};

/**
 * Refuses a body that was changed after signing. The signature covers the header
 * `x-amz-content-sha256`; the emulator takes that header's word, AWS compares it with the body.
 * Without the header, or with one of its words for unsigned and streamed bodies, there is nothing
 * to compare here: the emulator then hashes the body itself or checks the stream.
 */
export const verifyBodyHash: Step = async (exchange, next) => {
  const signed = exchange.header("x-amz-content-sha256").toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(signed)) return next();
  const actual = createHash("sha256")
    .update(await exchange.body())
    .digest("hex");
  return actual === signed ? next() : awsErrorAnswer(exchange, ERRORS[protocolOf(exchange)]);
};
