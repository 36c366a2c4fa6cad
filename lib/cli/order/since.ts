import { readRegistry } from "../../aws/people/plane-access.ts";
import { toInstant } from "../../clock.ts";
import type { Command as Claims } from "../../lifecycle/command.ts";
import { type Restrictions, readRestrictions } from "../../trust/restrictions.ts";
import { asCaller } from "../calling.ts";
import { placeFor, readDeployment } from "../deployment.ts";
import { CommandError, EXIT, type Io } from "../io.ts";
import type { OrderSendingOptions } from "./options.ts";
import { requireOf } from "./saved.ts";

/**
 * Since when that stands which an order would lift, for whoever is asked for a second name: as the Registry says, which
 * judges nothing here. An order can be looked at where none of it can be read, so this never fails.
 */
export async function sinceLines(
  io: Io,
  claims: Claims,
  options: Pick<OrderSendingOptions, "outputs" | "profile">,
): Promise<string[]> {
  try {
    const words = sinceIn(await readStopped(io, claims, options), claims);
    return words === undefined ? [] : [`since      ${words}`];
  } catch (error) {
    if (error instanceof CommandError) return [`since      not known here: ${error.message}`];
    throw error;
  }
}

async function readStopped(
  io: Io,
  claims: Claims,
  { outputs, profile }: Pick<OrderSendingOptions, "outputs" | "profile">,
): Promise<Restrictions> {
  const deployment = readDeployment(io, outputs);
  requireOf({ claims }, deployment);
  if (profile === undefined && deployment.credentials?.operator === undefined) {
    throw new CommandError(EXIT.unreadable, "give --profile NAME, of an operator");
  }
  const place = placeFor(deployment, "operator", profile);
  const { documents } = await asCaller(io, place, () => readRegistry(place, deployment.tables));
  const read = readRestrictions(documents.restrictions ?? "");
  if (read === undefined) throw new CommandError(EXIT.no, "the restrictions cannot be read");
  return read.restrictions;
}

const NOTHING = "nothing of the kind stands";

/** `undefined` for an order that lifts nothing. */
function sinceIn(
  { halts, revokedKeys, quarantines }: Restrictions,
  claims: Claims,
): string | undefined {
  switch (claims.do) {
    case "resumePlane":
      return haltWords(halts.find(({ scope }) => scope === "plane"));
    case "reinstateActor":
      return haltWords(
        halts.find((halt) => halt.scope === "actor" && halt.actor === claims.actorId),
      );
    case "reinstateKey":
      return revokedKeys.includes(claims.jkt)
        ? "the key is revoked: vai trace plane/registry says when and why"
        : NOTHING;
    case "liftQuarantine": {
      const found = quarantines.find(({ path }) => path === claims.path);
      return found === undefined ? NOTHING : `${instant(found.at)}: ${found.cause}`;
    }
    default:
      return undefined;
  }
}

const haltWords = (halt: Restrictions["halts"][number] | undefined): string =>
  halt === undefined ? NOTHING : `${instant(halt.at)}, halted by ${halt.by}`;

const instant = (seconds: number): string => toInstant(seconds * 1000);
