import { ArnFormat, Duration, Stack } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  Metric,
  Stats,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import {
  DIMENSIONS,
  METRIC_NAMESPACE,
  METRICS,
  type MetricName,
} from "../lib/aws/function/telemetry-names.ts";
import { FUNCTION_TIMEOUT_SECONDS } from "../lib/config.ts";
import { MAX_RESTRICTIONS } from "../lib/trust/restrictions.ts";
import { ownName } from "./plane.ts";

/** What one alarm watches. `minutes`: length of a period; `periods`: how many of as many must breach. */
interface AlarmSpec {
  /** Heading of its section in `runbook.md`. */
  readonly name: string;
  /** One sentence for whoever is woken. */
  readonly meaning: string;
  readonly metric: (minutes: number) => IMetric;
  readonly threshold: number;
  readonly minutes: number;
  readonly periods?: number;
  /** Whether too little is what it is about. Default false. */
  readonly isBelow?: boolean;
  /** What no measurement says. Default: that all is well, for most are written when something happens. */
  readonly silence?: TreatMissingData;
}

/** Properties of {@link Alarms}. */
export interface AlarmsProps {
  /** Name of the plane. */
  readonly plane: string;
  /** The plane's functions by name, `watch` among them. */
  readonly functions: Readonly<Record<string, IFunction>>;
  /** Whether `sweep` runs each minute: else nobody expects it. */
  readonly isSwept: boolean;
}

/** Name of the alarm on what the stream of `watch` drops. */
const DROPPED = "EvidenceWatchDropped";

/** Share of the timeout from which on a function counts as about to be stopped. */
const SLOW = 0.8;

/** Milliseconds that the watch may be behind. Lambda reads a stream four times a second. */
const BEHIND = 5 * 60_000;

/**
 * The plane's alarms, named `vai-<plane>-<name>`, or `vai-<plane>-<name>-<function>` where there is
 * one for each function. Each has a section in `runbook.md`.
 *
 * Throttles and failures of DynamoDB, KMS and STS have no alarms of their own: those that matter
 * make requests fail, which `EvidenceFailures` and `Faults` tell, with the API's name in the log.
 */
export class Alarms extends Construct {
  /** All but the one on the stream of `watch`. */
  readonly all: readonly Alarm[];
  /** ARN of that one, before it is made. */
  readonly droppedArn: string;
  readonly #plane: string;

  constructor(scope: Construct, id: string, { plane, functions, isSwept }: AlarmsProps) {
    super(scope, id);
    this.#plane = plane;
    this.droppedArn = Stack.of(this).formatArn({
      ...{ service: "cloudwatch", resource: "alarm", resourceName: ownName(plane, DROPPED) },
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const specs = [
      ...planeAlarms(plane),
      ...levelAlarms(plane),
      ...(isSwept ? [sweepAlarm(plane)] : []),
      ...watchAlarms(functions["watch"]),
      ...Object.entries(functions).flatMap(([name, each]) => functionAlarms(name, each)),
    ];
    this.all = specs.map((spec) => this.alarm(plane, spec));
  }

  /** @param mappingId the event source mapping of `watch`, whose metrics it is about */
  dropped(mappingId: string): Alarm {
    return this.alarm(this.#plane, droppedAlarm(mappingId));
  }

  private alarm(plane: string, spec: AlarmSpec): Alarm {
    const { name, meaning, metric, threshold, minutes, periods = 1, isBelow = false } = spec;
    const { silence = TreatMissingData.NOT_BREACHING } = spec;
    const section = name.split("-")[0] ?? name;
    return new Alarm(this, name, {
      alarmName: ownName(plane, name),
      alarmDescription: `${meaning} What to do: infra/runbook.md#${section.toLowerCase()}`,
      metric: metric(minutes),
      threshold,
      comparisonOperator: isBelow
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      treatMissingData: silence,
    });
  }
}

/** A metric of a plane as a whole. */
const ownMetric =
  (plane: string, metricName: MetricName, statistic: string) =>
  (minutes: number): IMetric =>
    new Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      dimensionsMap: { [DIMENSIONS.plane]: plane },
      statistic,
      period: Duration.minutes(minutes),
    });

/** What the functions' own lines count, over all functions of a plane. */
function planeAlarms(plane: string): AlarmSpec[] {
  const counted = (name: MetricName) => ownMetric(plane, name, Stats.SUM);
  return [
    {
      name: "EvidenceTampered",
      meaning: "A record of the Evidence table was changed or removed.",
      metric: counted(METRICS.evidenceTampered),
      threshold: 1,
      minutes: 1,
    },
    {
      name: "EvidenceWatchUnreadable",
      meaning: "The watch over the Evidence table got entries that it could not judge.",
      metric: counted(METRICS.watchUnreadable),
      threshold: 1,
      minutes: 1,
    },
    {
      name: "EvidenceFailures",
      meaning: "Evidence could not be stored, signed or continued; requests are refused.",
      metric: counted(METRICS.evidenceFailures),
      threshold: 1,
      minutes: 1,
    },
    {
      name: "Violations",
      meaning: "Somebody with a valid contract asked for something outside of it.",
      metric: counted(METRICS.violations),
      threshold: 1,
      minutes: 1,
    },
    {
      name: "Incomplete",
      meaning: "A governed action has no known end, or an obligation was not met.",
      metric: counted(METRICS.incomplete),
      threshold: 1,
      minutes: 1,
    },
    {
      name: "Faults",
      meaning: "Requests fail because of the plane itself: a dependency, STS, a bug.",
      metric: counted(METRICS.faults),
      threshold: 3,
      minutes: 5,
    },
    {
      name: "RevocationFailed",
      meaning: "IAM did not take a denial, or was not seen to deny: a session may go on.",
      metric: counted(METRICS.revocationFailed),
      threshold: 1,
      minutes: 1,
    },
    {
      name: "RevocationSlow",
      meaning: "A denial reached a point later than it should.",
      metric: counted(METRICS.revocationSlow),
      threshold: 1,
      minutes: 1,
    },
    {
      name: "Escalation",
      meaning: "Evidence asks people to look: the plane met what it cannot judge by itself.",
      metric: counted(METRICS.escalations),
      threshold: 1,
      minutes: 1,
    },
    {
      name: "DutyMissed",
      meaning: "What a contract promised was not seen in time: its obligation is missed.",
      metric: counted(METRICS.dutiesMissed),
      threshold: 1,
      minutes: 1,
    },
    {
      name: "DecisionWaiting",
      meaning: "For ten minutes requests have been refused until people or evaluators decide.",
      metric: counted(METRICS.decisionsAwaited),
      threshold: 1,
      minutes: 5,
      periods: 2,
    },
    {
      name: "BreakGlassInvoked",
      meaning: "An emergency policy was used: fewer people said yes than its class asks for.",
      metric: counted(METRICS.breakGlass),
      threshold: 1,
      minutes: 1,
    },
    {
      name: "SpoolUsed",
      meaning:
        "Evidence of an emergency could not be stored when it ran, and stood in its spool alone.",
      metric: counted(METRICS.spoolUsed),
      threshold: 1,
      minutes: 1,
    },
  ];
}

/**
 * What each run of `sweep` measures. While nobody measures, the alarm stays as it was: silence neither raises nor clears it,
 * and has an alarm of its own. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
function levelAlarms(plane: string): AlarmSpec[] {
  const level = (name: MetricName) => ({
    metric: ownMetric(plane, name, Stats.MAXIMUM),
    minutes: 1,
    silence: TreatMissingData.IGNORE,
  });
  return [
    {
      name: "PlaneHalted",
      meaning: "The plane is halted: nothing is granted, redeemed or begun.",
      threshold: 1,
      ...level(METRICS.planeHalted),
    },
    {
      name: "Quarantined",
      meaning: "An execution role serves nothing, because a denial did not reach it.",
      threshold: 1,
      ...level(METRICS.quarantined),
    },
    {
      name: "MarkOwed",
      meaning: "A denial stands without its record for longer than a run of sweep should leave it.",
      threshold: 1,
      ...level(METRICS.marksOwed),
    },
    {
      name: "ReviewOverdue",
      meaning: "Nobody has reviewed a use of an emergency policy in time.",
      threshold: 1,
      ...level(METRICS.reviewsOverdue),
    },
    {
      name: "RestrictionsNearlyFull",
      meaning: "The list of halts, revoked keys and quarantines is three quarters full.",
      threshold: NEARLY_FULL,
      ...level(METRICS.restrictionsBytes),
    },
  ];
}

/** Bytes: what does not fit into the list any more halts the whole plane. */
const NEARLY_FULL = (MAX_RESTRICTIONS * 3) / 4;

/** Whatever keeps `sweep` from its work is one thing here: that it never says it has done it. */
const sweepAlarm = (plane: string): AlarmSpec => ({
  name: "SweepStalled",
  meaning: "For five minutes no run of sweep has come to every chain: what is owed stays owed.",
  metric: ownMetric(plane, METRICS.sweptWhole, Stats.SUM),
  threshold: 1,
  isBelow: true,
  minutes: 1,
  periods: 5,
  silence: TreatMissingData.BREACHING,
});

const watchAlarms = (watch: IFunction | undefined): AlarmSpec[] =>
  watch === undefined
    ? []
    : [
        {
          name: "EvidenceWatchBehind",
          meaning: "The watch over the Evidence table does not keep up with its stream.",
          metric: (minutes) =>
            watch.metric("IteratorAge", {
              statistic: Stats.MAXIMUM,
              period: Duration.minutes(minutes),
            }),
          threshold: BEHIND,
          minutes: 5,
        },
      ];

/** Lambda counts it by mapping, once `EventCount` is on: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html */
const droppedAlarm = (mappingId: string): AlarmSpec => ({
  name: DROPPED,
  meaning: "A change of the Evidence table was dropped before the watch could judge it.",
  metric: (minutes) =>
    new Metric({
      namespace: "AWS/Lambda",
      metricName: "DroppedEventCount",
      dimensionsMap: { EventSourceMappingUUID: mappingId },
      statistic: Stats.SUM,
      period: Duration.minutes(minutes),
    }),
  threshold: 1,
  minutes: 1,
});

/** What Lambda itself counts of one function. */
const functionAlarms = (name: string, lambda: IFunction): AlarmSpec[] => [
  {
    name: `FunctionErrors-${name}`,
    meaning: `The function ${name} crashed, ran out of memory or was stopped.`,
    metric: (minutes) => lambda.metricErrors({ period: Duration.minutes(minutes) }),
    threshold: 1,
    minutes: 5,
  },
  {
    name: `FunctionThrottles-${name}`,
    meaning: `Calls of the function ${name} are turned away for want of concurrency.`,
    metric: (minutes) => lambda.metricThrottles({ period: Duration.minutes(minutes) }),
    threshold: 1,
    minutes: 5,
    periods: 2,
  },
  {
    name: `FunctionSlow-${name}`,
    meaning: `The function ${name} comes close to its timeout of ${FUNCTION_TIMEOUT_SECONDS} s.`,
    metric: (minutes) =>
      lambda.metricDuration({ statistic: Stats.MAXIMUM, period: Duration.minutes(minutes) }),
    threshold: SLOW * FUNCTION_TIMEOUT_SECONDS * 1000,
    minutes: 5,
  },
];
