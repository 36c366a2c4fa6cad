import { present } from "../encoding/present.ts";
import type { Answer, GrantedAnswer, RefusedAnswer } from "../enforcement/answer.ts";
import { doneBy } from "./done.ts";
import type { ExitCode } from "./io.ts";
import { nextLine } from "./next-line.ts";
import { vaiLine } from "./self.ts";

/** An answer of `issue` or `execute` as lines for people; `outputs` as the command was given it. */
export const answerLines = (answer: Answer, outputs?: string): string[] =>
  answer.ok ? grantedLines(answer, outputs) : [...refusedLines(answer), ...doubtLines(answer)];

export const exitCodeOfAnswer = (answer: Answer): ExitCode => doneBy(answer).exitCode;

function grantedLines(answer: GrantedAnswer, outputs: string | undefined): string[] {
  const { identity, evidence, deduplicated, guarantee } = answer;
  return [
    `granted${deduplicated ? " (the same grant again: a retry)" : ""}   identity ${identity.identityId}, ${identity.state}`,
    ...outcomeLines(answer),
    ...doubtLines(answer),
    `ends       ${guarantee.effectiveUntil}`,
    `evidence   ${evidence.chainId} ${evidence.firstSeq}–${evidence.lastSeq}`,
    `next       ${nextLine(["trace", identity.intentId], [], present({ outputs })).line}`,
  ];
}

/** What is not known, and what to do about it: the words of an exit code of its own. */
function doubtLines(answer: Answer): string[] {
  const { outcome, next } = doneBy(answer);
  return [
    ...(outcome === undefined ? [] : [`outcome    ${outcome}`]),
    ...(next === undefined ? [] : [`do         ${next}`]),
  ];
}

/** Before a handle is redeemed there is nothing to tell of an outcome. */
function outcomeLines({ outcome }: GrantedAnswer): string[] {
  if (outcome === undefined) return [];
  const { error, readBack } = outcome;
  return [
    `outcome    ${outcome.status}${error === undefined ? "" : `: ${error.name} (${error.kind})`}`,
    ...(readBack === undefined
      ? []
      : [`read back  ${readBack.matches ? "matches" : "does not match"}`]),
    ...outcome.obligations.map(({ name, met }) => `obligation ${name} ${met ? "met" : "missed"}`),
  ];
}

/** Without a stage where a command judged by itself. */
export const refusedLines = ({
  code,
  stage,
  detail,
  pointer,
  evidence,
}: Pick<RefusedAnswer, "code" | "detail" | "pointer"> &
  Partial<Pick<RefusedAnswer, "stage" | "evidence">>): string[] => [
  `refused    ${code}${stage === undefined ? "" : ` at ${stage}`}`,
  `why        ${detail}`,
  ...(pointer === undefined ? [] : [`where      ${pointer}`]),
  ...(evidence === undefined ? [] : [`evidence   ${evidence.chainId} ${evidence.seq}`]),
  `next       ${vaiLine("explain", code)}`,
];
