import type { Call } from "./call.ts";

/** Where a plan is run. */
export interface PlanPlace {
  readonly region: string;
  readonly profile?: string;
}

/**
 * A call as a line for the AWS CLI, version 2, which names operations and members as the API does, in lower case with
 * hyphens. Every value is quoted for a POSIX shell: a document may hold what somebody else wrote.
 */
export function commandLine({ service, operation, input }: Call, place: PlanPlace): string {
  const where = {
    region: place.region,
    ...(place.profile !== undefined && { profile: place.profile }),
  };
  return [
    `aws ${service} ${hyphenated(operation)}`,
    ...Object.entries(input).map(([name, value]) => option(hyphenated(name), value)),
    ...Object.entries(where).map(([name, value]) => option(name, value)),
  ].join(" ");
}

function option(name: string, value: Call["input"][string]): string {
  if (typeof value === "boolean") return value ? `--${name}` : `--no-${name}`;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  // A value that begins with a hyphen would be read as another option.
  return `--${name}${text.startsWith("-") ? "=" : " "}${quoted(text)}`;
}

/** `PutRolePolicy` → `put-role-policy`, `UUID` → `uuid`. */
const hyphenated = (name: string): string =>
  name
    .replace(/(.)([A-Z][a-z]+)/g, "$1-$2")
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase();

const PLAIN = /^[\w@%+=:,./-]+$/;

const quoted = (text: string): string =>
  PLAIN.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
