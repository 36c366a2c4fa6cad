import { present } from "../../encoding/present.ts";
import type { InForce } from "../../evidence/details.ts";
import { type EventType, isNegative } from "../../evidence/events.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import type { ReadCommand } from "../../lifecycle/command.ts";
import type { Lifting, Restricting, Reviewing } from "../../lifecycle/restrict.ts";

/** Every verb that changes the restrictions. */
type Changing = Restricting | Lifting | Reviewing;

/** Which record a verb leaves on `plane/registry`. */
const RECORDS = {
  haltPlane: "PlaneHalted",
  haltActor: "AgentHalted",
  revokeKey: "KeyRevoked",
  revokePlaneKey: "RootKeyRevoked",
  resumePlane: "PlaneResumed",
  reinstateActor: "AgentReinstated",
  reinstateKey: "KeyReinstated",
  liftQuarantine: "QuarantineLifted",
  reviewBreakGlass: "BreakGlassReviewed",
} as const satisfies Record<Changing["do"], EventType>;

/** A command whose signatures are verified, with the second one where it has one. */
export interface Signed<Claims extends Changing = Changing> {
  readonly command: ReadCommand<Claims>;
  readonly cosign: string | undefined;
}

/** The record of a change of restrictions; `instead`: why the plane was halted in place of what was ordered. */
export const restrictionDraft = (
  { command: { claims, jws }, cosign }: Signed,
  inForce: InForce,
  instead?: string,
): RecordDraft => {
  const type = instead === undefined ? RECORDS[claims.do] : "PlaneHalted";
  return {
    type,
    // What denies is found by the index of negative events.
    verdict: { outcome: isNegative(type) ? "DENY" : "ALLOW" },
    detail: {
      ...inForce,
      command: jws.compact,
      do: claims.do,
      by: claims.iss,
      reason: claims.reason,
      ...present({ cosign, instead }),
    },
  };
};
