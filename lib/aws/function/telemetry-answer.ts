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
  /** Of a request that was only watched. */
  readonly would?: { readonly ok: boolean; readonly code?: string };
  readonly identity?: { readonly identityId: string; readonly state: string };
  readonly outcome?: {
    readonly status: string;
    readonly obligations: readonly { readonly met: boolean }[];
    readonly rollback?: { readonly status: string };
  };
  readonly evidence?: {
    readonly chainId: string;
    readonly seq?: number;
    readonly lastSeq?: number;
  };
  /** Of a command: how far its denial has come; RFC 3339. */
  readonly points?: readonly {
    readonly point: DenialPoint;
    readonly requestedAt: string;
    readonly acknowledgedAt?: string;
  }[];
  /** Of a run of `sweep`: chains that were looked at, written to, and that failed. */
  readonly chains?: number;
  readonly written?: number;
  readonly failed?: number;
  readonly failing?: readonly string[];
  /** Transactions of emergencies that stood in the spool alone. */
  readonly spooled?: number;
  /** Whether that run came to every chain. */
  readonly isWhole?: boolean;
  /** What stands, as a run of `sweep` saw it, whole or refused. */
  readonly levels?: {
    readonly planeHalted: number;
    readonly quarantined: number;
    readonly restrictionsBytes: number;
    readonly marksOwed?: number;
    readonly reviewsOverdue?: number;
  };
  /** Of a run of `sweep`: denials that it recorded as having reached a point. */
  readonly reached?: readonly { readonly point: DenialPoint; readonly milliseconds: number }[];
}

type DenialPoint = "adapter" | "iam" | "session";

/** Severity of a line, as Powertools spells it. */
export type Level = "INFO" | "WARN" | "ERROR";

/** What is said of one answer: a line and its counts. */
export interface Report {
  readonly level: Level;
  readonly message: "granted" | "deduplicated" | "refused" | "observed" | "failed" | "swept";
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

/** What people lift by a word. */
const AWAITED: ReadonlySet<string> = new Set<RefusalCode>([
  ...(["CONSENSUS_NOT_REACHED", "APPROVAL_REQUIRED", "STEP_GATE_CLOSED"] as const),
]);

const PLATFORM: FailureDomain = "platform";
const OUTCOME_UNKNOWN: RefusalCode = "EXECUTION_OUTCOME_UNKNOWN";
const REVOCATION_FAILED: RefusalCode = "REVOCATION_FAILED";

/**
 * What is told of an answer: codes, ids, states, never a value that somebody sent. `detail` quotes input, a handle,
 * credentials and constraints are the caller's, so none of them is read here (USR-16).
 */
export function reportOf(answer: AnyAnswer): Report {
  const { ok, code, stage, failureDomain, deduplicated, identity, outcome, evidence } = answer;
  const { chains, written, failed, failing } = answer;
  const attributes = {
    ok,
    code,
    stage,
    failureDomain,
    ...(deduplicated === true && { deduplicated }),
    identityId: identity?.identityId,
    state: identity?.state,
    outcome: outcome?.status,
    rollback: outcome?.rollback?.status,
    chainId: evidence?.chainId,
    seq: evidence?.lastSeq ?? evidence?.seq,
    would: wouldBe(answer),
    cause: causeOf(code, answer.detail),
    ...{ chains, written, failed },
    ...(failing !== undefined && failing.length > 0 && { failing }),
  };
  return {
    ...levelOf(answer),
    attributes,
    counts: countsOf(answer),
    ...(isRefused(answer) && failureDomain !== undefined && { failureDomain }),
  };
}

function levelOf(answer: AnyAnswer): Pick<Report, "level" | "message"> {
  if (isFailure(answer)) return { level: "ERROR", message: "failed" };
  if (answer.would !== undefined) return { level: "INFO", message: "observed" };
  if (!answer.ok) return { level: isViolation(answer) ? "WARN" : "INFO", message: "refused" };
  if (isSwept(answer)) return { level: answer.failed === 0 ? "INFO" : "WARN", message: "swept" };
  const message = answer.deduplicated === true ? "deduplicated" : "granted";
  return { level: isIncomplete(answer) ? "ERROR" : "INFO", message };
}

function countsOf(answer: AnyAnswer): Counts {
  const once = (is: boolean): number => (is ? 1 : 0);
  const isRetry = answer.deduplicated === true;
  const counts: Counts = {
    [METRICS.granted]: once(answer.ok && !isRetry && !isSwept(answer)),
    [METRICS.deduplicated]: once(answer.ok && isRetry),
    [METRICS.refused]: once(isRefused(answer)),
    [METRICS.observed]: once(answer.would !== undefined),
    [METRICS.wouldRefuse]: once(answer.would?.ok === false),
    [METRICS.violations]: once(isViolation(answer)),
    [METRICS.evidenceFailures]: once(isEvidenceFailure(answer)),
    [METRICS.faults]: once(isFailure(answer) && !isEvidenceFailure(answer)),
    [METRICS.incomplete]: once(isIncomplete(answer)),
    [METRICS.revocationFailed]: once(answer.code === REVOCATION_FAILED),
    [METRICS.decisionsAwaited]: once(isAwaited(answer)),
    [METRICS.sweptWhole]: once(answer.isWhole === true),
    [METRICS.sweepFailures]: answer.failed ?? 0,
    [METRICS.spoolUsed]: answer.spooled ?? 0,
  };
  const times = timesToDeny(answer);
  const slow = times.filter(({ point, milliseconds }) => milliseconds >= SLOW[point]).length;
  const some = Object.entries({ ...counts, [METRICS.revocationSlow]: slow }).filter(
    ([, count]) => count !== 0,
  );
  return { ...Object.fromEntries(some), ...byPoint(times), ...levelsIn(answer) };
}

/** Nothing stands is a measurement too: by it an alarm clears. */
function levelsIn({ levels }: AnyAnswer): Counts {
  if (levels === undefined) return {};
  const { planeHalted, quarantined, restrictionsBytes, marksOwed, reviewsOverdue } = levels;
  return {
    [METRICS.planeHalted]: planeHalted,
    [METRICS.quarantined]: quarantined,
    [METRICS.restrictionsBytes]: restrictionsBytes,
    ...(marksOwed !== undefined && { [METRICS.marksOwed]: marksOwed }),
    ...(reviewsOverdue !== undefined && { [METRICS.reviewsOverdue]: reviewsOverdue }),
  };
}

/**
 * Milliseconds from which on a denial was slow to reach a point; at 120 s, IAM's count as failed. IAM takes a policy within
 * seconds, and a command that it does not answer leaves it to `sweep`. Whether it denies, a command sees within seconds or
 * `sweep` within a minute: later, it was looked in vain twice. What was begun runs for 30 s at most, and `sweep` records
 * within a minute and its own 30 s that it is over.
 */
const SLOW = {
  adapter: 120_000,
  iam: 30_000,
  session: 90_000,
} as const satisfies Record<DenialPoint, number>;

const TO_DENY = {
  adapter: METRICS.timeToDenyAdapter,
  iam: METRICS.timeToDenyIam,
  session: METRICS.timeToDenySession,
} as const satisfies Record<DenialPoint, string>;

type TimeToDeny = NonNullable<AnyAnswer["reached"]>[number];

/** What a command reached before its answer, or a run of `sweep` later; a repeated answer measures nothing anew. */
function timesToDeny({ deduplicated, points = [], reached = [] }: AnyAnswer): TimeToDeny[] {
  const atOnce = deduplicated === false ? points : [];
  return [
    ...atOnce.flatMap(({ point, requestedAt, acknowledgedAt }) =>
      acknowledgedAt === undefined
        ? []
        : [{ point, milliseconds: Date.parse(acknowledgedAt) - Date.parse(requestedAt) }],
    ),
    ...reached,
  ];
}

function byPoint(times: readonly TimeToDeny[]): Counts {
  const measured = Map.groupBy(times, ({ point }) => TO_DENY[point]);
  return Object.fromEntries(
    [...measured].map(([name, all]) => [name, all.map(({ milliseconds }) => milliseconds)]),
  );
}

const isSwept = ({ chains }: AnyAnswer): boolean => chains !== undefined;

/** What is only watched is neither granted nor refused. */
const isRefused = ({ ok, would }: AnyAnswer): boolean => !ok && would === undefined;

/** At stage `contract` it is a command that lacks its second name, and nobody waits. */
const isAwaited = ({ code, stage, ...answer }: AnyAnswer): boolean =>
  isRefused(answer) && AWAITED.has(code ?? "") && stage !== "contract";

const wouldBe = ({ would }: AnyAnswer): string | undefined =>
  would?.ok === true ? "granted" : would?.code;

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
  // Of one in use it is not due yet.
  (identity?.state !== "IN_USE" && outcome?.obligations.some(({ met }) => !met) === true);
