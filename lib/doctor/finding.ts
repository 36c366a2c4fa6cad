import type { Seen } from "../aws/inspect/look.ts";

/** What one check found. `next` tells what to do about a problem, or to see what could not be seen. */
export interface Finding {
  readonly status: "ok" | "problem" | "unseen";
  /** What was looked at, for example `role vai-plane-exec-lambda`. */
  readonly subject: string;
  readonly text: string;
  readonly next?: string;
}

/** What to do about a change by hand: CloudFormation leaves what differs alone while the template stays the same. */
export const REPAIR =
  "find out who changed it, then undo it (in infra/: npx cdk deploy --revert-drift; without that option nothing is put back)";

/** Findings about one subject. */
export interface Subject {
  ok(text: string): Finding;
  problem(text: string, next: string): Finding;
  unseen(why: string): Finding;
}

export const about = (subject: string): Subject => ({
  ok: (text) => ({ status: "ok", subject, text }),
  problem: (text, next) => ({ status: "problem", subject, text, next }),
  unseen: (why) => ({
    status: "unseen",
    subject,
    text: why,
    next: "vai doctor --permissions prints all that are needed",
  }),
});

/** Checks what was read; what is absent is a problem unless `absent` says otherwise. */
export function whenSeen<T>(
  seen: Seen<T>,
  subject: Subject,
  absent: Finding | readonly Finding[],
  check: (value: T) => readonly Finding[],
): readonly Finding[] {
  if (seen.status === "unseen") return [subject.unseen(seen.why)];
  if (seen.status === "absent") return Array.isArray(absent) ? absent : [absent as Finding];
  return check(seen.value);
}

/** One sentence when all is well, else every problem. */
export const allOr = (
  ok: Finding,
  problems: readonly (Finding | undefined | false)[],
): readonly Finding[] => {
  const found = problems.filter((each): each is Finding => Boolean(each));
  return found.length > 0 ? found : [ok];
};
