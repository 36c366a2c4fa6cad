import { INVOCATION_MILLISECONDS } from "../config.ts";
import type { IdentityView, IntentState } from "../evidence/intent-state.ts";
import { isAwaited, isOwing } from "./state.ts";

/** Milliseconds after which nobody else can be at work on an identity: an invocation's life, and a minute. */
export const ABANDONED = INVOCATION_MILLISECONDS + 60_000;

/** Milliseconds: no identity lives longer, with the session that was obtained for it last. */
export const LONGEST_LIFE = 2 * 3_600_000;

/** What an open identity ends with once its time has come. */
export type Overdue = "windowEnded" | "issuanceLost" | "executionLost" | "dutyOpen";

/** When `sweep` has work on an identity, in milliseconds, and which. */
export interface Due {
  readonly at: number;
  readonly what: Overdue;
}

/**
 * What will have to end an identity if nobody else does: its window where it waits for its caller, else the end of the
 * invocation that had it in hand. None of one that has ended.
 */
export function dueOf(identity: IdentityView): Due | undefined {
  const { end, startedAt, issuedAt, expiresAt } = identity;
  if (end !== undefined) return undefined;
  if (isOwing(identity)) return { at: nextLook(identity), what: "dutyOpen" };
  if (startedAt !== undefined) {
    return { at: Date.parse(startedAt) + ABANDONED, what: "executionLost" };
  }
  return isAwaited(identity)
    ? { at: Date.parse(expiresAt), what: "windowEnded" }
    : { at: Date.parse(issuedAt) + ABANDONED, what: "issuanceLost" };
}

/**
 * When there is something to do for what is still to be shown: a target is looked at by each run, once nobody else can be
 * at work on it; what somebody has to attest is waited for.
 */
function nextLook({ startedAt = "", duties = [] }: IdentityView): number {
  const alone = Date.parse(startedAt) + ABANDONED;
  const isLooked = duties.some(({ kind }) => kind === "readBack");
  return isLooked
    ? alone
    : Math.max(alone, ...[Math.min(...duties.map(({ due }) => Date.parse(due)))]);
}

/** The same, once it is time. `now` in milliseconds. */
export function overdue(identity: IdentityView, now: number): Overdue | undefined {
  const due = dueOf(identity);
  return due !== undefined && due.at <= now ? due.what : undefined;
}

/** A rollback that was issued and of which no record tells what became. */
interface UntoldRollback {
  /** The identity whose effect it was to take back, and its own. */
  readonly undone: IdentityView;
  readonly identity: IdentityView;
  /** Milliseconds: from when on nobody else can be at work on it. */
  readonly at: number;
}

/** Whoever ends a rollback's identity beside its invocation leaves open what became of it: then `sweep` has to tell. */
export const untoldRollbacks = ({
  identities,
}: Pick<IntentState, "identities">): readonly UntoldRollback[] =>
  [...identities.values()].flatMap((undone) => {
    const { identityId, status } = undone.rollback ?? {};
    const identity = identityId === undefined ? undefined : identities.get(identityId);
    if (identity === undefined || status !== undefined) return [];
    const at = Date.parse(identity.startedAt ?? identity.issuedAt) + ABANDONED;
    return [{ undone, identity, at }];
  });
