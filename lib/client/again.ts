import type { RefusedAnswer } from "../enforcement/answer.ts";
import type { IssueRequest } from "../request/request.ts";

/**
 * What may be asked again, and how (PROTOCOL.md §4). `same`: the same content under the same idempotency key, which can
 * be answered again and never be done twice. `anew`: only under a new key, which is another use. `never`: it would be
 * answered the same, or do once more what may have been done.
 */
export type Again = "same" | "anew" | "never";

/** What an answer says that is judged here; what grants more than words has these members too. */
type Said =
  | RefusedAnswer
  | {
      readonly ok: true;
      readonly identity?: { readonly state: string };
      readonly outcome?: { readonly status: string };
    };

/** States in which the first try is still running: the same is answered with its outcome once that is on record. */
const RUNNING: ReadonlySet<string> = new Set(["ISSUED", "IN_USE"]);

/**
 * Whether the same may be asked again after an answer, or after none.
 * @param runs - what was asked for runs an operation: `issue` with delivery `execute`, and `execute`.
 */
export function againAfter(
  answer: Said | undefined,
  { runs, delivery }: { readonly runs: boolean; readonly delivery?: IssueRequest["delivery"] },
): Again {
  // A session is answered once: whoever lost it has lost the use.
  if (answer === undefined) return delivery === "credentials" ? "anew" : "same";
  if (!answer.ok) return answer.retryable && answer.stage !== "execution" ? "same" : "never";
  const { outcome, identity } = answer;
  const isRunning = runs && outcome === undefined && RUNNING.has(identity?.state ?? "");
  return isRunning ? "same" : "never";
}

/** Milliseconds to wait before a try, counted from 1: what the refusal says, longer each time. */
export function waitBefore(answer: Said | undefined, tries: number): number {
  const unlock = answer?.ok === false ? (answer.unlock ?? []) : [];
  const said = unlock.flatMap((each) => (each.kind === "retry" ? [each.afterSeconds] : []));
  return Math.min(LONGEST_WAIT, Math.max(1, ...said) * 1000 * 2 ** (tries - 1));
}

const LONGEST_WAIT = 16_000;
