import type { CommandAnswer } from "../../enforcement/commands/command.ts";
import type { Command as Claims } from "../../lifecycle/command.ts";

/** What an order is about, with its whole name: a person who typed the wrong one sees it here. */
function objectOf(claims: Claims): string {
  switch (claims.do) {
    case "revokeIdentity":
      return `identity ${claims.identityId}`;
    case "revokeContract":
      return `contract ${claims.contractDigest}`;
    case "revokeDelegation":
      return `block ${claims.block} of contract ${claims.contractDigest}, and all below it`;
    case "signal":
      return `the signal ${claims.kind} for contract ${claims.contractDigest}`;
    case "haltActor":
      return `actor ${claims.actorId}`;
    case "haltPlane":
      return "the plane";
    case "revokeKey":
      return `key ${claims.jkt}`;
    case "revokePlaneKey":
      return `plane key ${claims.jkt}`;
    case "reinstateActor":
      return `the halt of actor ${claims.actorId}`;
    case "reinstateKey":
      return `the revocation of key ${claims.jkt}`;
    case "liftQuarantine":
      return `the quarantine of role ${claims.path}`;
    case "resumePlane":
      return "the halt of the plane";
    case "reviewBreakGlass":
      return `the use under contract ${claims.contractDigest}`;
  }
}

/** What an answer can say of an identity that no order has ended. */
const ENDED_BEFORE: ReadonlySet<CommandAnswer["state"]> = new Set([
  "COMPLETED",
  "FAILED",
  "EXPIRED",
  "INCOMPLETE",
]);

/** What has come of an order that was not refused: what was done, to what, since when and why. */
export function doneLine(
  { state, deduplicated, inFlight }: Pick<CommandAnswer, "state" | "deduplicated" | "inFlight">,
  claims: Claims,
): string {
  const object = objectOf(claims);
  if (ENDED_BEFORE.has(state)) {
    return `unchanged  ${object} had ended already: ${state}${inFlight === 0 ? "; nothing was open" : ""}`;
  }
  const since = deduplicated ? "before" : "now";
  return `${state.toLowerCase().padEnd(10)} ${object}, ${since}: ${claims.reason}`;
}
