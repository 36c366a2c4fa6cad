import { awsErrorAnswer } from "../aws-error.ts";
import type { Step } from "../exchange.ts";
import { constraint, givenTwice, type Parameters, stsParameters } from "./sts-parameters.ts";

const LONGEST_SECONDS = 129_600;
const LONGEST_POLICY = 2_048;
const LONGEST_DESCRIPTION = 256;

/**
 * Refuses the inputs of GetScopedCredentials that AWS refuses (AWS STS API reference, GetScopedCredentials) with its
 * ValidationError: neither policy nor duration, a duration or a policy beyond the limits. What hangs on the session that
 * asks, its kind and its rest, is judged by the emulator.
 */
export const judgeScopedCredentials: Step = async (exchange, next) => {
  const parameters = await stsParameters(exchange, /^GetScopedCredentials$/);
  const message = parameters && faultOf(parameters);
  if (message === undefined) return next();
  return awsErrorAnswer(exchange, { status: 400, code: "ValidationError", message });
};

/** The message of the first fault, or undefined. */
function faultOf(parameters: Parameters): string | undefined {
  const value = (name: string) => parameters.get(name)?.[0];
  const [policy, duration] = [value("Policy"), value("DurationSeconds")];
  return (
    givenTwice(parameters) ??
    (policy === undefined && duration === undefined
      ? "Either Policy or DurationSeconds must be specified"
      : undefined) ??
    durationFault(duration) ??
    lengthFault("policy", policy, LONGEST_POLICY) ??
    lengthFault("scopedSessionDescription", value("ScopedSessionDescription"), LONGEST_DESCRIPTION)
  );
}

function durationFault(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
  return seconds >= 1 && seconds <= LONGEST_SECONDS
    ? undefined
    : constraint(given, "durationSeconds", `value between 1 and ${LONGEST_SECONDS}`);
}

function lengthFault(member: string, given: string | undefined, most: number): string | undefined {
  if (given === undefined || (given.length >= 1 && given.length <= most)) return undefined;
  return constraint(given, member, `length between 1 and ${most}`);
}
