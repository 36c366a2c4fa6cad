import { CONTROL_HEADER } from "../front-door/control.ts";
import type { AppliedRule, FaultRule } from "../front-door/faults/faults.ts";
import type { TrailPage, TrailQuery } from "../front-door/feed/trail.ts";
import { LocalAwsError } from "./errors.ts";
import { readIfThere } from "./files.ts";
import { shownPath, stateFolder } from "./paths.ts";

export type { FaultRule } from "../front-door/faults/faults.ts";
export {
  type CloudTrailEvent,
  operationNameOf,
} from "../front-door/feed/cloudtrail-event.ts";

/** Where the front door's control paths are, and what opens them. */
export interface ControlAccess {
  readonly endpoint: string;
  readonly token: string;
}

/**
 * The control paths of the local AWS in a state folder; default as for every command.
 * @throws LocalAwsError when none was started there, or the endpoint is somebody else's
 */
export function controlOf(stateDir?: string): ControlAccess {
  const { control } = stateFolder(stateDir);
  const text = readIfThere(control);
  if (text !== undefined) return JSON.parse(text) as ControlAccess;
  throw new LocalAwsError(
    `There is no ${shownPath(control)}: no local AWS of ours runs in this state folder, and only ` +
      'ours keeps a feed and breaks on request. Start one with "npm run local:up", without ' +
      "AWS_ENDPOINT_URL.",
  );
}

/**
 * A part of the feed of all calls through the front door, oldest first (`TrailQuery`). A call whose
 * answer somebody has is in it.
 */
export async function readTrail(access: ControlAccess, query: TrailQuery = {}): Promise<TrailPage> {
  const asked = Object.entries(query).filter(([, value]) => value !== undefined);
  const parameters = asked.map(([name, value]): [string, string] => [name, `${value}`]);
  return ask(access, "GET", `trail?${new URLSearchParams(parameters)}`);
}

/** Puts a fault into force until `clearFaults`. @throws LocalAwsError unless started for tests. */
export async function injectFault(access: ControlAccess, rule: FaultRule): Promise<void> {
  await ask(access, "POST", "faults", JSON.stringify(rule));
}

/** The faults in force, with how many calls each has hit. */
export async function faultsInForce(access: ControlAccess): Promise<readonly AppliedRule[]> {
  const { rules } = await ask<{ rules: AppliedRule[] }>(access, "GET", "faults");
  return rules;
}

/** Ends all faults at once. */
export async function clearFaults(access: ControlAccess): Promise<void> {
  await ask(access, "DELETE", "faults");
}

async function ask<T>(
  { endpoint, token }: ControlAccess,
  method: string,
  path: string,
  body?: string,
): Promise<T> {
  const answer = await fetch(`${endpoint}/_vai/${path}`, {
    ...{ method, headers: { [CONTROL_HEADER]: token } },
    ...(body !== undefined && { body }),
  });
  const value = (await answer.json()) as T & { readonly message?: string };
  if (answer.ok) return value;
  throw new LocalAwsError(value.message ?? `The front door answered ${answer.status}.`);
}
