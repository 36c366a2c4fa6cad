import { Duration } from "aws-cdk-lib";
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IAlarm,
  type IMetric,
  type IWidget,
  Metric,
  Stats,
} from "aws-cdk-lib/aws-cloudwatch";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import {
  DIMENSIONS,
  METRIC_NAMESPACE,
  METRICS,
  type MetricName,
} from "../lib/aws/function/telemetry-names.ts";
import { failureDomain, REFUSAL_CODES } from "../lib/refusal.ts";
import { accountWideName } from "./plane.ts";

const PERIOD = Duration.minutes(5);
const HALF = 12;
const WHOLE = 24;

/** What should stay at nothing. */
const TROUBLES = [
  METRICS.evidenceTampered,
  METRICS.evidenceFailures,
  METRICS.violations,
  METRICS.incomplete,
  METRICS.faults,
  METRICS.revocationFailed,
  METRICS.revocationSlow,
  METRICS.escalations,
  METRICS.dutiesMissed,
  METRICS.decisionsAwaited,
  ...[METRICS.breakGlass, METRICS.spoolUsed],
] as const;

/** What stands, in pieces. */
const STANDING = [
  METRICS.planeHalted,
  METRICS.quarantined,
  METRICS.marksOwed,
  METRICS.reviewsOverdue,
] as const;

/** How long a denial takes to where it holds. */
const TIMES_TO_DENY = [
  METRICS.timeToDenyAdapter,
  METRICS.timeToDenyIam,
  METRICS.timeToDenySession,
] as const;

/** Properties of {@link PlaneDashboard}. */
export interface PlaneDashboardProps {
  /** Name of the plane. */
  readonly plane: string;
  /** The functions that serve requests and commands, by name. */
  readonly serving: Readonly<Record<string, IFunction>>;
  readonly alarms: readonly IAlarm[];
}

/**
 * One page for whoever is on duty: is something wrong, how much is asked and granted, why is the
 * rest refused, how long does it take, and is there room.
 */
export class PlaneDashboard extends Construct {
  constructor(scope: Construct, id: string, { plane, serving, alarms }: PlaneDashboardProps) {
    super(scope, id);
    const names = Object.keys(serving);
    const of = (metricName: MetricName, dimensions: Record<string, string>, statistic: string) =>
      new Metric({
        namespace: METRIC_NAMESPACE,
        metricName,
        dimensionsMap: { [DIMENSIONS.plane]: plane, ...dimensions },
        statistic,
        period: PERIOD,
        label: [metricName, ...Object.values(dimensions), statistic === Stats.SUM ? "" : statistic]
          .join(" ")
          .trim(),
      });
    const perFunction = (metricName: MetricName, statistic: string): IMetric[] =>
      names.map((name) => of(metricName, { [DIMENSIONS.function]: name }, statistic));
    const lambdas = Object.values(serving);
    new Dashboard(this, "Dashboard", {
      dashboardName: accountWideName(this, plane, "operations"),
      widgets: [
        [new AlarmStatusWidget({ title: "Alarms", alarms: [...alarms], width: WHOLE, height: 4 })],
        [
          graph("Granted and refused", [
            ...perFunction(METRICS.granted, Stats.SUM),
            ...perFunction(METRICS.refused, Stats.SUM),
            of(METRICS.observed, {}, Stats.SUM),
            of(METRICS.wouldRefuse, {}, Stats.SUM),
          ]),
          graph(
            "Refused, by failure domain",
            domains().map((domain) =>
              of(METRICS.refused, { [DIMENSIONS.failureDomain]: domain }, Stats.SUM),
            ),
          ),
        ],
        [
          graph(
            "Should be nothing",
            TROUBLES.map((name) => of(name, {}, Stats.SUM)),
          ),
          graph("Milliseconds to the answer", [
            ...perFunction(METRICS.duration, Stats.p(50)),
            ...perFunction(METRICS.duration, Stats.p(99)),
          ]),
        ],
        [
          graph(
            "Milliseconds from a denial to where it holds",
            TIMES_TO_DENY.flatMap((name) => [
              of(name, {}, Stats.p(50)),
              of(name, {}, Stats.MAXIMUM),
            ]),
          ),
          graph(
            "Halted, quarantined, owed, late to be reviewed; restrictions in bytes",
            STANDING.map((name) => of(name, {}, Stats.MAXIMUM)),
            [of(METRICS.restrictionsBytes, {}, Stats.MAXIMUM)],
          ),
        ],
        [
          graph("Runs of sweep that came to every chain, and what they failed at", [
            of(METRICS.sweptWhole, {}, Stats.SUM),
            of(METRICS.sweepFailures, {}, Stats.SUM),
          ]),
        ],
        [
          graph(
            "Functions: errors and throttles",
            lambdas.flatMap((lambda) => [
              lambda.metricErrors({ period: PERIOD }),
              lambda.metricThrottles({ period: PERIOD }),
            ]),
          ),
          graph(
            "Functions: concurrent executions",
            lambdas.map((lambda) =>
              lambda.metric("ConcurrentExecutions", { statistic: Stats.MAXIMUM, period: PERIOD }),
            ),
          ),
        ],
      ],
    });
  }
}

const graph = (title: string, left: readonly IMetric[], right: readonly IMetric[] = []): IWidget =>
  new GraphWidget({
    ...{ title, left: [...left], right: [...right], width: HALF },
    ...{ leftYAxis: { min: 0 }, rightYAxis: { min: 0 } },
  });

const domains = (): string[] => [...new Set(REFUSAL_CODES.map(failureDomain))];
