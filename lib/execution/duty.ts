import { toInstant } from "../clock.ts";
import type { Obligation } from "../contract/contract.ts";
import { present } from "../encoding/present.ts";
import type { Outcome } from "./outcome.ts";

/** What is still to be shown after a call (PROTOCOL.md §2, "Obligations"). */
export interface Duty {
  readonly kind: string;
  readonly name: string;
  /** Of an `event`: whose attestation counts; absent: any class's. */
  readonly class?: string;
  /** RFC 3339. */
  readonly due: string;
}

/**
 * What of a call's obligations is open at `now`: not met yet, and not due. A call that did not succeed owes nothing that
 * could be shown. `answeredAt`: when the call was answered; milliseconds.
 */
export function openDuties(
  { status, obligations }: Outcome,
  asked: readonly Obligation[],
  answeredAt: number,
  now: number,
): Duty[] {
  if (status !== "succeeded") return [];
  const met = new Set(obligations.filter((each) => each.met).map(({ name }) => name));
  return asked
    .filter(({ name, dueSeconds }) => !met.has(name) && now < answeredAt + dueSeconds * 1000)
    .map(({ kind, name, dueSeconds, class: own }) => ({
      ...{ kind, name, due: toInstant(answeredAt + dueSeconds * 1000) },
      ...present({ class: own }),
    }));
}
