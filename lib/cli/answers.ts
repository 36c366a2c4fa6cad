import { present } from "../encoding/present.ts";
import type { Answer, GrantedAnswer, RefusedAnswer } from "../enforcement/answer.ts";
import type { StageName } from "../refusal.ts";
import { doneBy } from "./done.ts";
import type { ExitCode } from "./io.ts";
import { nextLine } from "./next-line.ts";
import { vaiLine } from "./self.ts";
import { unlockLines } from "./unlocks.ts";

/** An answer of `issue` or `execute` as lines for people; `outputs` as the command was given it, `use` what became of the use. */
export const answerLines = (answer: Answer, outputs?: string, use = useAfter): string[] =>
  answer.ok
    ? grantedLines(answer, outputs)
    : [
        ...planeRefusalLines(answer, use(answer)),
        ...doubtLines(answer),
        ...refusalNext(answer, outputs),
      ];

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
function outcomeLines({ outcome, identity }: GrantedAnswer): string[] {
  if (outcome === undefined) return [];
  const { error, response, readBack, rollback } = outcome;
  const unmet = identity.state === "IN_USE" ? "waited for" : "missed";
  return [
    `outcome    ${outcome.status}${error === undefined ? "" : `: ${error.name} (${error.kind})`}`,
    ...(response === undefined
      ? []
      : [
          `answered   ${response.statusCode} by version ${response.executedVersion}${response.reference === undefined ? "" : `: ${response.reference}`}`,
        ]),
    ...(readBack === undefined
      ? []
      : [`read back  ${readBack.matches ? "matches" : "does not match"}`]),
    ...outcome.obligations.map(({ name, met }) => `obligation ${name} ${met ? "met" : unmet}`),
    ...(rollback === undefined
      ? []
      : [
          `rollback   ${rollback.status}${rollback.identityId === undefined ? "" : `: identity ${rollback.identityId}`}`,
        ]),
  ];
}

/** Of a refusal by the plane, or by a command that judged by itself, which has no stage and leaves no evidence. */
export const refusedLines = ({
  code,
  stage,
  detail,
  pointer,
  unlock,
  would,
}: Pick<RefusedAnswer, "code" | "detail" | "pointer" | "unlock" | "would"> &
  Partial<Pick<RefusedAnswer, "stage">>): string[] => [
  `refused    ${code}${stage === undefined ? "" : ` at ${stage}`}`,
  `why        ${detail}`,
  ...(pointer === undefined ? [] : [`where      ${pointer}`]),
  ...unlockLines(unlock, stage),
  ...wouldLines(would),
];

/** What enforcing would have answered, in words that nobody can take for the answer. */
function wouldLines(would: RefusedAnswer["would"]): string[] {
  if (would === undefined) return [];
  if (would.ok) return ["observed   nothing was done; enforced, it would have been granted"];
  return [
    `observed   nothing was done; enforced, it would have been refused: ${would.code} at ${would.stage}`,
    ...refusedLines(would).slice(1),
  ];
}

/** What somebody who was refused does next: the code first, then the record of it. */
export const refusalNext = (
  { code, evidence }: Pick<RefusedAnswer, "code" | "evidence">,
  outputs?: string,
): string[] => [
  `next       ${vaiLine("explain", code)}`,
  ...(evidence === undefined
    ? []
    : [`next       ${nextLine(["trace", evidence.chainId], [], present({ outputs })).line}`]),
];

function retryWords({ retryable, unlock = [] }: RefusedAnswer): string {
  if (retryable) return "yes: the same again, waiting longer each time";
  const passes = unlock.length > 0 && unlock.every(({ kind }) => LETS_PASS.has(kind));
  return passes
    ? "no, not before what unlock says: ask anew then"
    : "no: the same again is refused again";
}

/** What has the same pass once it happened, with nothing signed anew by governance. */
const LETS_PASS: ReadonlySet<string> = new Set([
  ...["approval", "attestation", "step", "command", "time"],
]);

/** A refusal by the plane, whole. `use` says what became of the contract's use, where there is one. */
export const planeRefusalLines = (answer: RefusedAnswer, use?: string): string[] => [
  ...refusedLines(answer),
  `retryable  ${retryWords(answer)}`,
  ...(use === undefined ? [] : [`use        ${use}`]),
  answer.evidence === undefined
    ? "evidence   none was written"
    : `evidence   ${answer.evidence.chainId} ${answer.evidence.seq}`,
];

/** Judged before anything can have been granted, of every request. */
const BEFORE_A_GRANT: ReadonlySet<StageName> = new Set(["parse", "request", "retry"]);
/** Judged when a grant is durable. */
const BEHIND_A_GRANT: ReadonlySet<StageName> = new Set(["issuance", "execution"]);

/**
 * What a refusal of `issue` says of the use (PROTOCOL.md §4). Stages `contract` to `context` are judged once more behind
 * the grant, where trust or an assumption moved meanwhile, and the answer does not say which time it was.
 */
export function useAfter({ stage, retryable, would }: RefusedAnswer): string {
  if (retryable || would !== undefined || BEFORE_A_GRANT.has(stage)) return "none was spent";
  return BEHIND_A_GRANT.has(stage)
    ? "spent: it was granted, and a use is never given back"
    : "none was spent, unless the evidence has an IdentityIssued for this request";
}
