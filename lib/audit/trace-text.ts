import { plain } from "./plain-text.ts";
import type { Integrity, Trace, TracedIdentity } from "./trace.ts";

/** A trace as lines for operators, security and governance people (VAI-130). */
export function traceLines(trace: Trace): string[] {
  return [
    trace.intentId === null ? `Chain ${plain(trace.chainId)}` : `Intent ${trace.intentId}`,
    integrityLine(trace.integrity, trace.events.length),
    "",
    ...trace.events.map(({ at, seq, type, sentence, decision }) => {
      const verdict = [decision.outcome, decision.code]
        .filter((part) => part !== undefined)
        .join(" ");
      return `${at}  #${String(seq).padEnd(3)} ${type.padEnd(19)} ${verdict.padEnd(6)} ${sentence}`;
    }),
    ...trace.identities.flatMap(identityLines),
  ];
}

/** How the evidence was judged that a story is told from; `records`: how many it is told from. */
export function integrityLine(
  { status, trusted, succession, firstDefect, head }: Integrity,
  records = head?.seq ?? 0,
): string {
  const place = head === null ? "" : `, head ${head.hash}`;
  const anchor = trusted ? "" : `; ${untrusted(succession)}, so this is consistency, not trust`;
  const defect =
    firstDefect === null
      ? ""
      : `: ${plain(firstDefect.chainId)} record ${firstDefect.seq} ${plain(firstDefect.what)}`;
  return `Integrity: ${status}${defect} (${records} records${place}${anchor})`;
}

/** Why evidence that is consistent is not trusted. */
export const untrusted = (succession: Integrity["succession"]): string =>
  succession === undefined
    ? "no anchor was given"
    : `the anchor was replaced by ${succession.by.join(", then ")} after trust policy version ${succession.upTo}`;

function identityLines({ identityId, answers }: TracedIdentity): string[] {
  const paragraph = (title: string, sentences: readonly string[]): string[] =>
    sentences.map((sentence, index) => `  ${(index === 0 ? title : "").padEnd(9)}${sentence}`);
  return [
    "",
    `Identity ${identityId}`,
    ...paragraph("why", answers.reason),
    ...paragraph("limits", answers.limits),
    ...paragraph("use", answers.uses),
    ...paragraph("end", answers.end),
    ...paragraph("failures", answers.failures),
  ];
}
