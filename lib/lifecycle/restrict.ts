import { documentDigest } from "../encoding/canonical-json.ts";
import { jwkThumbprint } from "../encoding/jwk.ts";
import { utf8Bytes } from "../encoding/platform.ts";
import { type Refusal, refuse, refuseUntil } from "../refusal.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import {
  type Halt,
  MAX_RESTRICTIONS,
  type Restrictions,
  restrictionsText,
} from "../trust/restrictions.ts";
import { retryAfter } from "../unlock.ts";
import type { Command, ReadCommand } from "./command.ts";

const RESTRICTING = ["haltActor", "haltPlane", "revokeKey", "revokePlaneKey"] as const;
const LIFTING = ["reinstateActor", "reinstateKey", "liftQuarantine", "resumePlane"] as const;

/** Verbs that stop more than one contract, and those that take it back for what comes. */
export type Restricting = Extract<Command, { readonly do: (typeof RESTRICTING)[number] }>;
export type Lifting = Extract<Command, { readonly do: (typeof LIFTING)[number] }>;
/** An auditor's word on a use under break-glass. */
export type Reviewing = Extract<Command, { readonly do: "reviewBreakGlass" }>;

export const isRestricting = (command: ReadCommand): command is ReadCommand<Restricting> =>
  (RESTRICTING as readonly string[]).includes(command.claims.do);
export const isLifting = (command: ReadCommand): command is ReadCommand<Lifting> =>
  (LIFTING as readonly string[]).includes(command.claims.do);

/** Whether a command names a key that it may name: plane keys by their own verb alone, an anchor's by none. */
export function judgeKey(
  { claims }: ReadCommand,
  { planeKeys }: Pick<TrustPolicy, "planeKeys">,
  anchors: readonly { readonly thumbprint: string }[],
): Refusal | undefined {
  if (!("jkt" in claims)) return undefined;
  const malformed = (detail: string): Refusal =>
    refuse("COMMAND_MALFORMED", detail, "/command/jkt");
  if (anchors.some(({ thumbprint }) => thumbprint === claims.jkt)) {
    return malformed("is an anchor's key; replace the anchor by a deployment");
  }
  const isPlaneKey = planeKeys.some(({ key }) => jwkThumbprint(key) === claims.jkt);
  if (claims.do === "revokePlaneKey") {
    return isPlaneKey ? undefined : malformed("is no key of the plane; use revokeKey");
  }
  if (!isPlaneKey) return undefined;
  return malformed(
    claims.do === "revokeKey"
      ? "is a key of the plane; use revokePlaneKey"
      : "is a key of the plane, whose revocation cannot be taken back",
  );
}

const FULL = "the restrictions are full; the plane is halted";

/**
 * Bytes that only a halt of the plane may use: the longest is smaller. A document that is longer than it may be is read
 * by nobody, and what it stops could never be lifted.
 */
export const HALT_ROOM = 4 * 1024;

/** The restrictions after a denial; `instead`: it did not fit, and the plane was halted in its place. */
export interface Restricted {
  readonly restrictions: Restrictions;
  readonly instead?: string;
}

/**
 * The restrictions that a denial makes. One that does not fit is a halt of the plane: running out of room must not keep
 * anything alive.
 */
export function restricted(
  before: Restrictions,
  command: ReadCommand<Restricting>,
  longest = MAX_RESTRICTIONS,
): Restricted {
  const restrictions = withDenial(before, command);
  const room = command.claims.do === "haltPlane" ? longest : longest - HALT_ROOM;
  if (fits(restrictions, room)) return { restrictions };
  return {
    restrictions: withPlaneHalt(before, command),
    instead: FULL,
  };
}

/** The restrictions after roles were quarantined; the same as {@link Restricted}. */
export type Quarantined = Restricted;

/**
 * The restrictions with execution roles that serve nothing new. Where they do not fit the plane is halted, by its own word:
 * nobody has ordered it.
 */
export function quarantined(
  before: Restrictions,
  paths: readonly string[],
  at: number,
  longest = MAX_RESTRICTIONS,
): Quarantined {
  const fresh = paths
    .filter((path) => before.quarantines.every((each) => each.path !== path))
    .map((path) => ({ path, at, cause: "REVOCATION_FAILED" as const }));
  const restrictions = { ...before, quarantines: [...before.quarantines, ...fresh] };
  // The last bytes are a halt's alone, or nobody could order one any more.
  if (fits(restrictions, longest - HALT_ROOM)) return { restrictions };
  if (before.halts.some(({ scope }) => scope === "plane")) return { restrictions: before };
  const command = documentDigest(fresh);
  const halt: Halt = { scope: "plane", at, by: "plane", command };
  return { restrictions: { ...before, halts: [...before.halts, halt] }, instead: FULL };
}

const fits = (restrictions: Restrictions, longest: number): boolean =>
  utf8Bytes(restrictionsText(restrictions)).length <= longest;

function withDenial(before: Restrictions, command: ReadCommand<Restricting>): Restrictions {
  const { claims } = command;
  switch (claims.do) {
    case "haltPlane":
      return withPlaneHalt(before, command);
    case "haltActor": {
      const known = before.halts.some(
        (each) => each.scope === "actor" && each.actor === claims.actorId,
      );
      const halt: Halt = { scope: "actor", actor: claims.actorId, ...orderOf(command) };
      return known ? before : { ...before, halts: [...before.halts, halt] };
    }
    case "revokeKey":
    case "revokePlaneKey":
      return { ...before, revokedKeys: [...new Set([...before.revokedKeys, claims.jkt])].sort() };
  }
}

/** The first halt of a plane or an actor stands: who stopped it is not overwritten. */
function withPlaneHalt(before: Restrictions, command: ReadCommand): Restrictions {
  const isHalted = before.halts.some(({ scope }) => scope === "plane");
  const halt: Halt = { scope: "plane", ...orderOf(command) };
  return isHalted ? before : { ...before, halts: [...before.halts, halt] };
}

const orderOf = ({ jws, claims }: ReadCommand) => ({
  at: claims.iat,
  by: claims.iss,
  command: jws.digest,
});

/** Seconds that a halt of the plane denies sessions ahead: whatever had read the heads before it has ended by then. */
export const AHEAD = 60;

/**
 * Whether what was stopped last may be lifted by now: not by a lift that was signed before it, which was not meant for that;
 * and of the plane not while IAM still denies what would be issued. Both times in seconds.
 */
export function judgeLift(
  { claims }: ReadCommand<Lifting>,
  stoppedAt: number,
  now: number,
): Refusal | undefined {
  if (stoppedAt > claims.iat) {
    const detail = "it was signed before what it would lift; look, and sign it anew";
    return refuse("REQUEST_STALE", detail, "/command/iat");
  }
  const until = stoppedAt + 1 + AHEAD;
  return claims.do === "resumePlane" && now < until
    ? refuseUntil(
        [retryAfter(until - now)],
        "REVOCATION_PENDING",
        `IAM denies every session of the plane's roles for another ${until - now} s`,
        "/command",
      )
    : undefined;
}

/** The restrictions without what a lift takes away. */
export function lifted(before: Restrictions, { claims }: ReadCommand<Lifting>): Restrictions {
  switch (claims.do) {
    case "resumePlane":
      return { ...before, halts: before.halts.filter(({ scope }) => scope !== "plane") };
    case "reinstateActor":
      return {
        ...before,
        halts: before.halts.filter(
          (each) => each.scope !== "actor" || each.actor !== claims.actorId,
        ),
      };
    case "reinstateKey":
      return { ...before, revokedKeys: before.revokedKeys.filter((key) => key !== claims.jkt) };
    case "liftQuarantine":
      return {
        ...before,
        quarantines: before.quarantines.filter(({ path }) => path !== claims.path),
      };
  }
}
