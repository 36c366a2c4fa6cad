import type { InForce, PointName } from "../../evidence/details.ts";
import type { RecordDraft, RecordVerdict } from "../../evidence/record.ts";
import { failureDomain } from "../../refusal.ts";

const FAILED: RecordVerdict = {
  ...{ outcome: "ERROR", code: "REVOCATION_FAILED", stage: "execution" },
  failureDomain: failureDomain("REVOCATION_FAILED"),
};

/** A denial that did not reach a role, or was not seen to: whom it concerns, and why. */
export interface Unreached {
  readonly point: Exclude<PointName, "adapter">;
  readonly role: string;
  readonly requestedAt: string;
  readonly why: string;
}

/** `RevocationFailed`; `inForce`: of a halt, whose chain is the Registry's. */
export const failedDraft = (
  { point, role, requestedAt, why }: Unreached,
  inForce: InForce | undefined = undefined,
): RecordDraft => ({
  type: "RevocationFailed",
  verdict: FAILED,
  detail: { point, requestedAt, role, reason: why, ...inForce },
});

/** People have to look at a role. */
export const roleEscalationDraft = (
  reason: string,
  inForce: InForce | undefined = undefined,
): RecordDraft => ({
  type: "EscalationRaised",
  verdict: FAILED,
  detail: { reason, ...inForce },
});

export const unreachedReason = ({ role, why }: Pick<Unreached, "role" | "why">): string =>
  `a denial did not reach ${role}, whose sessions may go on: ${why}`;

export const fullReason = (role: string): string =>
  `${role} has no room to name one more denied session: every session that it had is denied`;
