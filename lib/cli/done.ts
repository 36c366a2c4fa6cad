import type { Answer, GrantedAnswer, RefusedAnswer } from "../enforcement/answer.ts";
import type { Outcome } from "../execution/outcome.ts";
import type { RefusalCode } from "../refusal.ts";
import { EXIT, type ExitCode } from "./io.ts";

/** What an answer of `issue` or `execute` lets a script conclude, and in words why where it is not plain. */
export interface Done {
  readonly exitCode: ExitCode;
  /** Instead of the outcome's own word. */
  readonly outcome?: string;
  readonly next?: string;
}

const LOOK = "look at the target before anything else: it may have been applied. Do not ask again";
const WAIT =
  "it was done, and what its contract promises of it is still waited for: vai status lists it under duties. Do not ask again";
const AGAIN =
  "ask again for the same (same --idempotency-key, or --event FILE) after a second, for a minute at most";

/** Granted is not done: what failed, and what nobody knows, must not let a script go on. */
export function doneBy(answer: Answer): Done {
  if (!answer.ok) return doneByRefusal(answer);
  const { outcome, handle, credentials } = answer;
  if (outcome === undefined) {
    const isHandedOver = handle !== undefined || credentials !== undefined;
    return isHandedOver ? { exitCode: EXIT.done } : WITHOUT_OUTCOME[answer.identity.state];
  }
  if (outcome.status === "failed") return { exitCode: EXIT.no };
  if (outcome.status === "unknown") return { exitCode: EXIT.unknown, next: LOOK };
  if (answer.identity.state === "IN_USE") return { exitCode: EXIT.untrusted, next: WAIT };
  if (!isIncomplete(answer)) return { exitCode: EXIT.done };
  return outcome.rollback === undefined
    ? {
        exitCode: EXIT.unknown,
        next: "see whether it worked: it was done, and not seen to be right",
      }
    : UNDONE[outcome.rollback.status];
}

/** It was done and not seen to be right, and the contract says how that is taken back. */
const UNDONE = {
  succeeded: {
    exitCode: EXIT.no,
    next: "see why it was not seen to be right: it was done, and taken back",
  },
  failed: {
    exitCode: EXIT.unknown,
    next: "look at the target: it was done, not seen to be right, and not taken back",
  },
  unknown: {
    exitCode: EXIT.unknown,
    next: "look at the target: it was done, not seen to be right, and may have been taken back",
  },
} as const satisfies Record<Outcome["status"], Done>;

/** A duty of the contract was missed, so nobody saw that the call did what was asked. */
const isIncomplete = ({ identity, outcome }: GrantedAnswer): boolean =>
  identity.state === "INCOMPLETE" || outcome?.obligations.some(({ met }) => !met) === true;

const unknown = (outcome: string, next: string): Done => ({
  exitCode: EXIT.unknown,
  outcome: `not known: ${outcome}`,
  next,
});

/** A retry finds the grant of the first try, and no outcome on record. */
const WITHOUT_OUTCOME: Readonly<Record<GrantedAnswer["identity"]["state"], Done>> = {
  ISSUED: unknown("the first try is still running", AGAIN),
  IN_USE: unknown("the first try is still running", AGAIN),
  INCOMPLETE: unknown("the first try ended without recording it, and nobody will", LOOK),
  REVOKED: unknown("the identity was ended while it was in hand", LOOK),
  COMPLETED: unknown("no outcome is recorded", LOOK),
  FAILED: { exitCode: EXIT.no, outcome: "none: it was not done" },
  EXPIRED: { exitCode: EXIT.no, outcome: "none: nothing was started, and its time is over" },
};

/** What stops an invocation wherever it is: at stage `execution` that may be behind the call (PROTOCOL.md §4). */
const BEHIND_THE_CALL: ReadonlySet<RefusalCode> = new Set([
  "DEPENDENCY_UNAVAILABLE",
  "INTERNAL_FAULT",
  "EVIDENCE_STORE_UNAVAILABLE",
  "EVIDENCE_SIGNER_UNAVAILABLE",
  "EVIDENCE_CHAIN_BROKEN",
]);

const doneByRefusal = ({ code, stage }: RefusedAnswer): Done =>
  stage === "execution" && BEHIND_THE_CALL.has(code)
    ? unknown("what was refused may have been the record of a call that was made", LOOK)
    : { exitCode: EXIT.no };
