/** CloudWatch namespace of the plane's own metrics. */
export const METRIC_NAMESPACE = "vai";

/** Dimensions of the metrics: see {@link PER_FUNCTION}. */
export const DIMENSIONS = {
  plane: "plane",
  function: "function",
  failureDomain: "failureDomain",
} as const;

/**
 * Metrics that the functions write and the stack's alarms read: shared, so that a renamed metric cannot leave an
 * alarm that never fires. Counts, except those in milliseconds.
 */
export const METRICS = {
  /** Requests and commands that were granted, retries not counted again. */
  granted: "Granted",
  /** Retries that got the first answer again. */
  deduplicated: "Deduplicated",
  refused: "Refused",
  /** Requests for an action that is only observed, and those of them that enforcing would have refused; neither counts as refused. */
  observed: "Observed",
  wouldRefuse: "WouldRefuse",
  /** Requests for an operation outside their contract: stage `scope` (`ViolationDetected`). */
  violations: "Violations",
  /** Evidence that could not be stored, signed or continued (`EvidenceEmissionFailed`, VAI-131). */
  evidenceFailures: "EvidenceFailures",
  /** Other failures of the plane itself: a dependency, STS, a bug. */
  faults: "Faults",
  /** Executions without a known or recorded end, and obligations that were not met. */
  incomplete: "Incomplete",
  /** Milliseconds from the event to its answer. */
  duration: "DurationMs",
  /** Milliseconds from a denial's request to where it has reached a point (VAI-121). */
  timeToDenyAdapter: "TimeToDenyAdapterMs",
  timeToDenyIam: "TimeToDenyIamMs",
  timeToDenySession: "TimeToDenySessionMs",
  /** Acknowledgements that came later than they should. */
  revocationSlow: "RevocationSlow",
  /** Denials that IAM did not take or was not seen to make: each record of it, and each answer that says so. */
  revocationFailed: "RevocationFailed",
  /** Records that ask people to look (`EscalationRaised`). */
  escalations: "Escalations",
  /** Records of an obligation that nobody saw met in time (`ObligationMissed`). */
  dutiesMissed: "DutiesMissed",
  /** Requests that were refused until evaluators attest or people approve. */
  decisionsAwaited: "DecisionsAwaited",
  /** Uses under break-glass (`BreakGlassInvoked`). */
  breakGlass: "BreakGlassInvoked",
  /** Transactions of emergencies that a run of `sweep` found in the spool alone. */
  spoolUsed: "SpoolUsed",
  /** What stands, measured by each run of `sweep`. */
  planeHalted: "PlaneHalted",
  quarantined: "Quarantined",
  restrictionsBytes: "RestrictionsBytes",
  marksOwed: "MarksOwed",
  reviewsOverdue: "ReviewsOverdue",
  /** Runs of `sweep` that came to every chain. */
  sweptWhole: "SweptWhole",
  /** Chains and roles that a run of `sweep` failed at. */
  sweepFailures: "SweepFailures",
  /** Evidence records that somebody changed or removed. */
  evidenceTampered: "EvidenceTampered",
  /** Entries of the Evidence table's stream that could not be read. */
  watchUnreadable: "WatchUnreadable",
} as const;

/**
 * Metrics that have the dimensions `plane` and `function`. The others have `plane` alone: each of them should stay at
 * nothing, one alarm watches it, and the line says which function it was. `Refused` is written once more under `plane`
 * and `failureDomain`, of which there are eight; codes, of which there are a hundred, are in the line only.
 */
export const PER_FUNCTION: ReadonlySet<string> = new Set([
  METRICS.granted,
  METRICS.refused,
  METRICS.duration,
]);

/** Name of a metric. */
export type MetricName = (typeof METRICS)[keyof typeof METRICS];

/** What one line counts; metrics that are absent are not written. Several values are several measurements. */
export type Counts = Readonly<Partial<Record<MetricName, number | readonly number[]>>>;

/** Metrics that are measured in milliseconds. */
export const DURATIONS: ReadonlySet<MetricName> = new Set([
  METRICS.duration,
  METRICS.timeToDenyAdapter,
  METRICS.timeToDenyIam,
  METRICS.timeToDenySession,
]);

/** Which function of which plane speaks. */
export interface Speaker {
  readonly plane: string;
  readonly function: string;
}

/** As few words for the plane as leave the name of a function, of which one alone has a hyphen. */
const OWN_FUNCTION = /^vai-(?<plane>[a-z][a-z0-9-]{0,19}?)-(?<name>revoke-events|[a-z]+)$/;

/** From a function's physical name, which the stack fixes: `vai-<plane>-<function>`. */
export function speakerOf(functionName = "unknown"): Speaker {
  const { plane = "unknown", name = functionName } = OWN_FUNCTION.exec(functionName)?.groups ?? {};
  return { plane, function: name };
}
