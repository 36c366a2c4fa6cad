import type { Seen } from "../aws/inspect/look.ts";
import { vaiLine } from "../cli/self.ts";
import { present } from "../encoding/present.ts";
import type { Call } from "./repair/call.ts";

/** What one check found. `next` tells what to do about a problem, or to see what could not be seen. */
export interface Finding {
  readonly status: "ok" | "problem" | "unseen";
  /** What was looked at, for example `role vai-plane-exec-lambda`. */
  readonly subject: string;
  readonly text: string;
  readonly next?: string;
  /** The calls that put it back; `vai doctor --repair-plan` prints them. */
  readonly repair?: readonly Call[];
}

/**
 * What to do about a change by hand that has calls. CloudFormation leaves what differs alone while the template stays
 * the same, and sees no drift at all of a table's resource policy or a role's attached policies that it did not attach.
 */
export const REPAIR =
  "find out who changed it, then put it back: vai doctor --repair-plan prints the calls";

/** What to do about a change by hand that CloudFormation knows how to undo. */
export const REVERT =
  "find out who changed it, then undo it (in infra/: npx cdk deploy --revert-drift; without that option nothing is put back)";

/** Findings about one subject. */
export interface FindingSubject {
  ok(text: string): Finding;
  problem(text: string, next: string, repair?: readonly Call[]): Finding;
  unseen(why: string): Finding;
}

export const about = (subject: string): FindingSubject => ({
  ok: (text) => ({ status: "ok", subject, text }),
  problem: (text, next, repair) => ({
    ...{ status: "problem", subject, text, next },
    ...present({ repair }),
  }),
  unseen: (why) => ({
    status: "unseen",
    subject,
    text: why,
    next: `${vaiLine("doctor", "--permissions")} prints all that are needed`,
  }),
});

/**
 * What questions found wrong with a document, and what comparing it as a whole did: the calls that put the document back
 * mend the former too.
 */
export function withCompared(
  asked: readonly Finding[],
  compared: readonly Finding[],
): readonly Finding[] {
  const repair = compared.flatMap((each) => each.repair ?? []);
  const mended = (each: Finding): Finding =>
    each.status === "problem" && each.repair === undefined && repair.length > 0
      ? { ...each, repair }
      : each;
  return [...asked.map(mended), ...compared];
}

/** Checks what was read; what is absent is a problem unless `absent` says otherwise. */
export function whenSeen<T>(
  seen: Seen<T>,
  subject: FindingSubject,
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
