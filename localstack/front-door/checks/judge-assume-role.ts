import { awsErrorAnswer } from "../aws-error.ts";
import { claimedCredentials } from "../credential.ts";
import type { Exchange, Step } from "../exchange.ts";

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
  const parameters = await stsParameters(exchange);
  if (parameters === undefined) return next();
  const fault = faultOf(parameters, isSession(exchange));
  if (fault === undefined) return next();
  return awsErrorAnswer(exchange, { status: 400, code: "ValidationError", message: fault });
};

/** Every parameter with all its values, or undefined when the request asks for no role. */
async function stsParameters(exchange: Exchange): Promise<Map<string, string[]> | undefined> {
  const found = new Map<string, string[]>();
  const add = (name: string, value: string) => found.set(name, [...(found.get(name) ?? []), value]);
  for (const [name, value] of exchange.query) add(name, value);
  const target = exchange.header("x-amz-target");
  if (/AWSSecurityTokenService/i.test(target)) {
    add("Action", target.split(".").at(-1) ?? "");
    addJson(add, await exchange.body());
  } else if (exchange.method === "POST" && mayBeForm(exchange)) {
    for (const [name, value] of new URLSearchParams((await exchange.body()).toString("utf8"))) {
      add(name, value);
    }
  }
  const asksForRole = (found.get("Action") ?? []).some((action) => /^AssumeRole/.test(action));
  return asksForRole ? found : undefined;
}

/** Whether a body may be STS's: everything but what says that it is JSON or another service's. */
function mayBeForm(exchange: Exchange): boolean {
  const type = exchange.header("content-type");
  if (type.startsWith("application/x-www-form-urlencoded")) return true;
  return claimedCredentials(exchange).some(({ service }) => service === "sts");
}

function addJson(add: (name: string, value: string) => unknown, body: Buffer): void {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    return;
  }
  for (const [name, member] of Object.entries((value ?? {}) as Record<string, unknown>)) {
    if (Array.isArray(member)) {
      for (const [index] of member.entries()) add(`${name}.member.${index + 1}.Key`, "");
    } else add(name, String(member));
  }
}

function isSession(exchange: Exchange): boolean {
  return claimedCredentials(exchange).some(({ accessKeyId }) => accessKeyId.startsWith("ASIA"));
}

/** The message of the first fault, or undefined. */
function faultOf(parameters: Map<string, string[]>, chained: boolean): string | undefined {
  // A parameter given twice would be read by its first value here and its last one there.
  const twice = [...parameters].find(([, values]) => values.length > 1)?.[0];
  if (twice !== undefined) return `The parameter ${twice} is given more than once.`;
  const value = (name: string) => parameters.get(name)?.[0];
  return (
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

function tagsFault(parameters: Map<string, string[]>): string | undefined {
  const keys = [...parameters.keys()].filter((name) => /^Tags\.member\.\d+\.Key$/.test(name));
  if (keys.length <= MOST_TAGS) return undefined;
  return constraint(`${keys.length} tags`, "tags", `length less than or equal to ${MOST_TAGS}`);
}

function constraint(given: string, member: string, must: string): string {
  return (
    `1 validation error detected: Value '${given}' at '${member}' failed to satisfy constraint: ` +
    `Member must have ${must}`
  );
}
