import { claimedCredentials } from "../credential.ts";
import type { Exchange } from "../exchange.ts";

/** Each parameter of a request with all its values. */
export type Parameters = ReadonlyMap<string, readonly string[]>;

/** Every parameter with all its values, or undefined when the request is none of the actions. */
export async function stsParameters(
  exchange: Exchange,
  actions: RegExp,
): Promise<Parameters | undefined> {
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
  const isAsked = (found.get("Action") ?? []).some((action) => actions.test(action));
  return isAsked ? found : undefined;
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

/** A parameter given twice would be read by its first value here and its last one there. */
export function givenTwice(parameters: Parameters): string | undefined {
  const twice = [...parameters].find(([, values]) => values.length > 1)?.[0];
  return twice && `The parameter ${twice} is given more than once.`;
}

/** The message of AWS's ValidationError about one member. */
export const constraint = (given: string, member: string, must: string): string =>
  `1 validation error detected: Value '${given}' at '${member}' failed to satisfy constraint: ` +
  `Member must have ${must}`;
