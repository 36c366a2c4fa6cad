import type { Reconciled } from "../../evidence/details.ts";
import type { IdentityView } from "../../evidence/intent-state.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import type { Duty } from "../../execution/duty.ts";
import { aboutIdentity } from "./denial.ts";
import { endDraft, obligationDraft } from "./ending.ts";

/**
 * What is settled of an identity that still owes something, and its end once nothing is open or one is missed (PROTOCOL.md
 * §2, "Obligations"; VAI-48). Nothing while all of it may still come. `seen`: how its target looks now; `now` in
 * milliseconds.
 */
export function dutyDrafts(identity: IdentityView, seen: Reconciled, now: number): RecordDraft[] {
  const settled = (identity.duties ?? []).flatMap((duty) => {
    const met = standing(duty, seen, now);
    return met === undefined ? [] : [{ duty, met }];
  });
  return settledDrafts(identity, settled);
}

/** Met, missed, or neither yet. What is seen too late is missed. */
function standing({ kind, due }: Duty, seen: Reconciled, now: number): boolean | undefined {
  if (Date.parse(due) <= now) return false;
  return kind === "readBack" && seen === "matches" ? true : undefined;
}

/** A duty of which it is known whether it was met; by an attestation, where somebody had to say so. */
export interface SettledDuty {
  readonly duty: Duty;
  readonly met: boolean;
  readonly attestation?: string;
}

/** The records of what is settled, and the end of the identity if nothing else is waited for. */
export function settledDrafts(
  identity: IdentityView,
  settled: readonly SettledDuty[],
): RecordDraft[] {
  const { duties = [], outcome } = identity;
  if (settled.length === 0 || outcome === undefined) return [];
  const about = aboutIdentity(identity);
  const known = new Map(settled.map(({ duty, met }) => [duty.name, met]));
  const obligations = outcome.obligations.map(({ name, met }) => ({
    name,
    met: known.get(name) ?? met,
  }));
  const isMissed = settled.some(({ met }) => !met);
  const isOver = isMissed || duties.every(({ name }) => known.has(name));
  return [
    ...settled.map(({ duty: { kind, name }, met, attestation }) => ({
      ...obligationDraft({ kind, name, ...(attestation !== undefined && { attestation }) }, met),
      about,
    })),
    ...(isOver ? [{ ...endDraft({ ...outcome, obligations }), about }] : []),
  ];
}
