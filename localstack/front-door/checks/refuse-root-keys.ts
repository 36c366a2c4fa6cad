import { type AwsError, awsErrorAnswer, type Protocol, protocolOf } from "../aws-error.ts";
import { claimedCredentials } from "../credential.ts";
import type { Step } from "../exchange.ts";

/** Keys that the emulator takes for the account's root in some version, without a signature check. */
const WELL_KNOWN_ROOT = /^(test|\d{12})$/;
const INVALID = "The security token included in the request is invalid.";

const ERRORS: Readonly<Record<Protocol, AwsError>> = {
  query: { status: 403, code: "InvalidClientTokenId", message: INVALID },
  ec2: {
    status: 401,
    code: "AuthFailure",
    message: "AWS was not able to validate the provided access credentials",
  },
  s3: {
    status: 403,
    code: "InvalidAccessKeyId",
    message: "The AWS Access Key Id you provided does not exist in our records.",
  },
  json: { status: 403, code: "UnrecognizedClientException", message: INVALID },
};

/**
 * Refuses the emulator's root keys to everybody, with the error that AWS gives for an unknown key.
 * Whoever may act here is an IAM user or a role's session, whose signature is checked.
 *
 * @param configured the root key of this emulator, known to the start alone
 */
export function refuseRootKeys(configured: string): Step {
  return async (exchange, next) => {
    const isRoot = claimedCredentials(exchange).some(
      ({ accessKeyId }) => accessKeyId === configured || WELL_KNOWN_ROOT.test(accessKeyId),
    );
    return isRoot ? awsErrorAnswer(exchange, ERRORS[protocolOf(exchange)]) : next();
  };
}
