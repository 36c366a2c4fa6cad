import { toInstant } from "../../clock.ts";
import type { IdentityView } from "../../evidence/intent-state.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import type { ReadDecision } from "../../proof/proof.ts";
import type { Intent } from "../read/intent.ts";
import { endedDraft } from "./denial.ts";

/**
 * With a later decision every contract under an earlier one ends, and whatever is open of it (PROTOCOL.md §10,
 * `supersede`). `needed`: nothing where there is none that has not ended before.
 */
export function supersedingDrafts(
  { state }: Pick<Intent, "state">,
  decision: ReadDecision,
  now: number,
  when: "always" | "needed" = "needed",
): RecordDraft[] {
  const alive = [...state.contracts].filter(([, { bound, ended }]) => bound && !ended);
  if (alive.length === 0 && when === "needed") return [];
  const digests = new Set(alive.map(([digest]) => digest));
  const open = [...state.identities.values()].filter(
    ({ end, contractDigest }) => end === undefined && digests.has(contractDigest),
  );
  return [supersededDraft(decision), ...open.map((identity) => supersededEnd(identity, now))];
}

/** What takes the place of the decisions before, in its own signed words. */
export const supersededDraft = ({ jws, claims, digest }: ReadDecision): RecordDraft => ({
  type: "DecisionSuperseded",
  detail: {
    ...{ decision: jws.compact, decisionDigest: digest },
    ...{ by: claims.iss, iat: claims.iat },
  },
});

/** The end of an identity whose contract was decided by what no longer holds. `now` in milliseconds. */
export const supersededEnd = (identity: IdentityView, now: number): RecordDraft =>
  endedDraft(
    identity,
    "policyChanged",
    "IDENTITY_REVOKED",
    "a later decision took the place of its own",
    toInstant(now),
  );
