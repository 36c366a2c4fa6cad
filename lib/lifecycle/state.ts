import { INVOCATION_MILLISECONDS } from "../config.ts";
import type { IdentityView } from "../evidence/intent-state.ts";

/**
 * What an identity is in now, beyond what its records say:
 * - `ended`: its end is on record;
 * - `expired`: nothing of it was started, and its window is over;
 * - `lost`: an invocation had it in hand, and can no longer be running, so nobody will write its end;
 * - `inUse`: it was started, and may be running;
 * - `owing`: its call has an outcome, and something is still to be shown;
 * - `live`: it may still be started, or is with its caller.
 */
export type Phase = "ended" | "expired" | "lost" | "inUse" | "owing" | "live";

/** The phase of an identity; `now` in milliseconds. */
export function phaseOf(identity: IdentityView, now: number): Phase {
  const { end, startedAt, issuedAt, expiresAt } = identity;
  if (end !== undefined) return "ended";
  if (isOwing(identity)) return "owing";
  if (startedAt !== undefined)
    return Date.parse(startedAt) + INVOCATION_MILLISECONDS < now ? "lost" : "inUse";
  if (Date.parse(expiresAt) <= now) return "expired";
  return !isAwaited(identity) && Date.parse(issuedAt) + INVOCATION_MILLISECONDS < now
    ? "lost"
    : "live";
}

/** Its call has an outcome, and duties of it are open. */
export const isOwing = ({ executed, duties = [] }: IdentityView): boolean =>
  executed === true && duties.length > 0;

/** A duty of it was due and is open, whether or not anybody has told of it yet. `now` in milliseconds. */
export const hasMissed = (identity: IdentityView, now: number): boolean =>
  identity.end === undefined &&
  isOwing(identity) &&
  (identity.duties ?? []).some(({ due }) => Date.parse(due) <= now);

/** Only a handle waits, and only credentials that left are with their caller: else nobody runs it any more. */
export const isAwaited = ({ delivery, hardExpiry }: IdentityView): boolean =>
  delivery === "handle" || hardExpiry !== undefined;

/** The state that an answer names (PROTOCOL.md §4). */
export function stateAt(identity: IdentityView, now: number): IdentityView["state"] {
  const phase = phaseOf(identity, now);
  if (phase === "expired") return "EXPIRED";
  return phase === "lost" ? "INCOMPLETE" : identity.state;
}
