import { awsErrorAnswer } from "../aws-error.ts";
import { claimedCredentials } from "../credential.ts";
import type { Exchange, Step } from "../exchange.ts";
import { constraint, givenTwice, type Parameters, stsParameters } from "./sts-parameters.ts";

const NAME = /^[\w+=,.@-]{2,64}$/;
const SHORTEST_SECONDS = 900;
const LONGEST_SECONDS = 43_200;
const LONGEST_CHAINED_SECONDS = 3_600;
const LONGEST_POLICY = 2_048;
const MOST_TAGS = 50;

/**
 * Refuses the inputs of AssumeRole and its siblings that AWS refuses and the emulator takes, with
 * AWS's ValidationError: durations, names, the size of the session policy, the number of tags.
 * What a trust policy would refuse is not judged here but by the emulator, as AccessDenied.
 */
export const judgeAssumeRole: Step = async (exchange, next) => {
  const parameters = await stsParameters(exchange, /^AssumeRole/);
  if (parameters === undefined) return next();
  const fault = faultOf(parameters, isSession(exchange));
  if (fault === undefined) return next();
  return awsErrorAnswer(exchange, { status: 400, code: "ValidationError", message: fault });
};

function isSession(exchange: Exchange): boolean {
  return claimedCredentials(exchange).some(({ accessKeyId }) => accessKeyId.startsWith("ASIA"));
}

/** The message of the first fault, or undefined. */
function faultOf(parameters: Parameters, chained: boolean): string | undefined {
  const value = (name: string) => parameters.get(name)?.[0];
  return (
    givenTwice(parameters) ??
    durationFault(value("DurationSeconds"), chained) ??
    nameFault("roleSessionName", value("RoleSessionName") ?? "") ??
    nameFault("sourceIdentity", value("SourceIdentity")) ??
    policyFault(value("Policy")) ??
    tagsFault(parameters)
  );
}

function durationFault(given: string | undefined, chained: boolean): string | undefined {
  if (given === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
  if (!(seconds >= SHORTEST_SECONDS)) {
    return constraint(
      given,
      "durationSeconds",
      `value greater than or equal to ${SHORTEST_SECONDS}`,
    );
  }
  if (seconds > LONGEST_SECONDS) {
    return constraint(given, "durationSeconds", `value less than or equal to ${LONGEST_SECONDS}`);
  }
  if (!chained || seconds <= LONGEST_CHAINED_SECONDS) return undefined;
  return (
    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role " +
    "chaining"
  );
}

function nameFault(member: string, given: string | undefined): string | undefined {
  if (given === undefined || NAME.test(given)) return undefined;
  if (given.length < 2) return constraint(given, member, "length greater than or equal to 2");
  if (given.length > 64) return constraint(given, member, "length less than or equal to 64");
  return (
    `1 validation error detected: Value '${given}' at '${member}' failed to satisfy constraint: ` +
    "Member must satisfy regular expression pattern: [\\w+=,.@-]*"
  );
}

function policyFault(given: string | undefined): string | undefined {
  if (given === undefined || given.length <= LONGEST_POLICY) return undefined;
  return constraint(given, "policy", `length less than or equal to ${LONGEST_POLICY}`);
}

function tagsFault(parameters: Parameters): string | undefined {
  const keys = [...parameters.keys()].filter((name) => /^Tags\.member\.\d+\.Key$/.test(name));
  if (keys.length <= MOST_TAGS) return undefined;
  return constraint(`${keys.length} tags`, "tags", `length less than or equal to ${MOST_TAGS}`);
}
