import { isDeepStrictEqual } from "node:util";
import { LocalAwsError } from "../machine/errors.ts";
import type { Clients } from "./clients.ts";
import { DROPPED_PROPERTIES, type DroppedProperty } from "./fix-up/properties.ts";
import { type DeployedStack, deployedStacks, type Json, resolve } from "./fix-up/template.ts";

/**
 * Sets what the emulator's CloudFormation accepts and drops, from the synthesised templates, and
 * reads each back. Permissions boundary and table policy are among them, so without this the local
 * AWS would enforce less than the real one.
 *
 * @param cdkOut folder of the synthesised app
 * @param mayBeOpen the person accepts an endpoint that enforces less than AWS
 * @returns what cannot be had, one line each; empty unless that is accepted
 * @throws LocalAwsError when something reads back different from what the template says
 */
export async function fixUp(
  cdkOut: string,
  clients: Clients,
  mayBeOpen = false,
): Promise<string[]> {
  const stacks = await deployedStacks(cdkOut, clients);
  const wanted = stacks.flatMap((stack) => missingIn(stack));
  const gaps = await Promise.all(wanted.map((fix) => apply(fix, clients, mayBeOpen)));
  return gaps.flatMap((gap) => gap ?? []);
}

interface Fix {
  readonly name: string;
  readonly id: string;
  readonly value: Json;
  readonly dropped: DroppedProperty;
}

function missingIn(stack: DeployedStack): Fix[] {
  const fixes: Fix[] = [];
  for (const [logicalId, { Type, Properties = {} }] of Object.entries(stack.resources)) {
    for (const dropped of DROPPED_PROPERTIES.filter(({ type }) => type === Type)) {
      const stated = Properties[dropped.property];
      const value = stated === undefined ? undefined : dropped.wanted(resolve(stack, stated));
      const id = stack.physical.get(logicalId);
      const name = `${stack.name}/${logicalId}.${dropped.property}`;
      if (value !== undefined && id) fixes.push({ name, id, value, dropped });
    }
  }
  return fixes;
}

async function apply(fix: Fix, clients: Clients, mayBeOpen: boolean): Promise<string | undefined> {
  try {
    return await setAndReadBack(fix, clients);
  } catch (error) {
    if (!mayBeOpen) throw error;
    return `${fix.name} is what the template says (${(error as Error).name})`;
  }
}

async function setAndReadBack(
  { name, id, value, dropped }: Fix,
  clients: Clients,
): Promise<undefined> {
  await dropped.set(clients, id, value);
  const found = await dropped.read(clients, id);
  if (isDeepStrictEqual(found, value)) return undefined;
  throw new LocalAwsError(
    `${name} reads back as ${JSON.stringify(found)}, but the template says ` +
      `${JSON.stringify(value)}. The local AWS would not enforce what AWS does, so it does not ` +
      'start. Run "npm run local:down" and "npm run local:up"; if it stays, the emulator has changed.',
  );
}
