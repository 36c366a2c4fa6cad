import type { FailureDomain, RefusalCode } from "../../refusal.ts";
import { causeOf } from "./telemetry-cause.ts";
import { type Counts, METRICS } from "./telemetry-names.ts";

/** The members of an answer that telemetry looks at; every answer of the plane fits. */
export interface AnyAnswer {
  readonly ok: boolean;
  readonly code?: string;
  readonly stage?: string;
  readonly failureDomain?: string;
  readonly retryable?: boolean;
  readonly deduplicated?: boolean;
  readonly detail?: string;
  readonly identity?: { readonly identityId: string; readonly state: string };
  readonly outcome?: {
    readonly status: string;
    readonly obligations: readonly { readonly met: boolean }[];
  };
  readonly evidence?: {
    readonly chainId: string;
    readonly seq?: number;
    readonly lastSeq?: number;
  };
}

/** Severity of a line, as Powertools spells it. */
export type Level = "INFO" | "WARN" | "ERROR";

/** What is said of one answer: a line and its counts. */
export interface Report {
  readonly level: Level;
  readonly message: "granted" | "deduplicated" | "refused" | "failed";
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly counts: Counts;
  /** Set for a refusal: it is counted by domain too, of which there are few. */
  readonly failureDomain?: string;
}

const EVIDENCE_CODES: ReadonlySet<string> = new Set<RefusalCode>([
  "EVIDENCE_STORE_UNAVAILABLE",
  "EVIDENCE_SIGNER_UNAVAILABLE",
  "EVIDENCE_CHAIN_BROKEN",
]);

const PLATFORM: FailureDomain = "platform";
const OUTCOME_UNKNOWN: RefusalCode = "EXECUTION_OUTCOME_UNKNOWN";

/**
 * What is told of an answer: codes, ids, states, never a value that somebody sent. `detail` quotes input, a handle,
 * credentials and constraints are the caller's, so none of them is read here (USR-16).
 */
export function reportOf(answer: AnyAnswer): Report {
  const { ok, code, stage, failureDomain, deduplicated, identity, outcome, evidence } = answer;
  const attributes = {
    ok,
    code,
    stage,
    failureDomain,
    ...(deduplicated === true && { deduplicated }),
    identityId: identity?.identityId,
    state: identity?.state,
    outcome: outcome?.status,
    chainId: evidence?.chainId,
    seq: evidence?.lastSeq ?? evidence?.seq,
    cause: causeOf(code, answer.detail),
  };
  return {
    ...levelOf(answer),
    attributes,
    counts: countsOf(answer),
    ...(!ok && failureDomain !== undefined && { failureDomain }),
  };
}

function levelOf(answer: AnyAnswer): Pick<Report, "level" | "message"> {
  if (isFailure(answer)) return { level: "ERROR", message: "failed" };
  if (!answer.ok) return { level: isViolation(answer) ? "WARN" : "INFO", message: "refused" };
  const message = answer.deduplicated === true ? "deduplicated" : "granted";
  return { level: isIncomplete(answer) ? "ERROR" : "INFO", message };
}

function countsOf(answer: AnyAnswer): Counts {
  const once = (is: boolean): number => (is ? 1 : 0);
  const isRetry = answer.deduplicated === true;
  const counts: Counts = {
    [METRICS.granted]: once(answer.ok && !isRetry),
    [METRICS.deduplicated]: once(answer.ok && isRetry),
    [METRICS.refused]: once(!answer.ok),
    [METRICS.violations]: once(isViolation(answer)),
    [METRICS.evidenceFailures]: once(isEvidenceFailure(answer)),
    [METRICS.faults]: once(isFailure(answer) && !isEvidenceFailure(answer)),
    [METRICS.incomplete]: once(isIncomplete(answer)),
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

const isViolation = ({ ok, stage }: AnyAnswer): boolean => !ok && stage === "scope";

const isEvidenceFailure = ({ ok, code = "" }: AnyAnswer): boolean =>
  !ok && EVIDENCE_CODES.has(code);

const isFailure = (answer: AnyAnswer): boolean =>
  !answer.ok && (answer.failureDomain === PLATFORM || isEvidenceFailure(answer));

/** A retry counts too: after a function that died, it is the first to see that there is no end. */
const isIncomplete = ({ code, identity, outcome }: AnyAnswer): boolean =>
  code === OUTCOME_UNKNOWN ||
  identity?.state === "INCOMPLETE" ||
  outcome?.status === "unknown" ||
  outcome?.obligations.some(({ met }) => !met) === true;
