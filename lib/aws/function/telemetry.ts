import { LogFormatter, Logger, LogItem } from "@aws-lambda-powertools/logger";
import type { LogAttributes, UnformattedAttributes } from "@aws-lambda-powertools/logger/types";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import { type Clock, toInstant } from "../../clock.ts";
import type { Level } from "./telemetry-answer.ts";
import {
  type Counts,
  DIMENSIONS,
  DURATIONS,
  METRIC_NAMESPACE,
  METRICS,
  type MetricName,
  PER_FUNCTION,
  type Speaker,
} from "./telemetry-names.ts";

/** Where telemetry goes and what time it is. */
export interface Telemetry {
  readonly clock: Clock;
  /** Takes one line without its end. It must reach the log as it is: CloudWatch reads metrics only from bare JSON. */
  readonly log: (line: string) => void;
}

/** One line: what happened, and what it counts for. */
export interface Entry {
  readonly level: Level;
  readonly message: string;
  readonly attributes: LogAttributes;
  readonly counts: Counts;
  /** Counts `Refused` under this domain too. */
  readonly failureDomain?: string;
}

const LEVELS = { INFO: 12, WARN: 16, ERROR: 20 } as const satisfies Record<Level, number>;

/**
 * Writes one JSON line that is both a log entry and, in CloudWatch's embedded metric format, its metrics. One line, so
 * that an entry and what it counts cannot be separated, and whoever sees an alarm finds its cause in the same place.
 */
export function writeEntry({ clock, log }: Telemetry, speaker: Speaker, entry: Entry): void {
  const now = clock();
  const { level, message, attributes } = entry;
  const documents = dimensioned(speaker, entry).map(([dimensions, counts]) =>
    embedded(now, dimensions, counts),
  );
  const measured = Object.assign({}, ...documents, {
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: documents.flatMap(({ _aws }) => _aws?.CloudWatchMetrics ?? []),
    },
  });
  // Last, so that no attribute can pass for a metric; a refusal's domain is dimension and attribute at once.
  log(logger.line(level, message, { at: toInstant(now), ...attributes, ...measured }));
}

type Dimensions = Readonly<Record<string, string>>;

/** The counts of an entry under the dimensions that they are kept by. */
function dimensioned(speaker: Speaker, { counts, failureDomain }: Entry): [Dimensions, Counts][] {
  const entries = Object.entries(counts);
  const byPlane = { [DIMENSIONS.plane]: speaker.plane };
  const sets: [Dimensions, Counts][] = [
    [
      { ...byPlane, [DIMENSIONS.function]: speaker.function },
      Object.fromEntries(entries.filter(([name]) => PER_FUNCTION.has(name))),
    ],
    [byPlane, Object.fromEntries(entries.filter(([name]) => !PER_FUNCTION.has(name)))],
  ];
  if (failureDomain !== undefined) {
    const byDomain = { ...byPlane, [DIMENSIONS.failureDomain]: failureDomain };
    sets.push([byDomain, { [METRICS.refused]: 1 }]);
  }
  return sets.filter(([, some]) => Object.keys(some).length > 0);
}

/** Powertools warns on the console about times that it finds old; a line of its own would not be ours. */
const SILENT = { debug() {}, error() {}, info() {}, warn() {} };

/** Made once, because making one costs more than a hundred lines; nothing stays in it between two entries. */
const metrics = new Metrics({ namespace: METRIC_NAMESPACE, logger: SILENT });

/** Metrics of one entry in the embedded metric format, under one set of dimensions. */
function embedded(now: number, dimensions: Dimensions, counts: Counts) {
  // Powertools adds a dimension `service`, which would be the same everywhere and make every alarm repeat it.
  metrics.clearDefaultDimensions();
  metrics.setDefaultDimensions({ ...dimensions });
  metrics.setTimestamp(now);
  try {
    for (const [name, value] of Object.entries(counts)) {
      for (const each of [value].flat()) metrics.addMetric(name, unitOf(name as MetricName), each);
    }
    return metrics.serializeMetrics();
  } finally {
    metrics.clearMetrics();
  }
}

function unitOf(name: MetricName) {
  if (name === METRICS.restrictionsBytes) return MetricUnit.Bytes;
  return DURATIONS.has(name) ? MetricUnit.Milliseconds : MetricUnit.Count;
}

/** Level, time, message, X-Ray trace, then what the entry says: nothing of Lambda's event or environment. */
class EntryFormat extends LogFormatter {
  override formatAttributes(base: UnformattedAttributes, entry: LogAttributes): LogItem {
    const { logLevel, message, xRayTraceId } = base;
    const { at, ...attributes } = entry;
    return new LogItem({
      attributes: { level: logLevel, at, message, xrayTraceId: xRayTraceId, ...attributes },
    });
  }
}

/**
 * Powertools' logger, whose lines are handed over instead of printed. It asks nobody's environment whether a level is
 * wanted: a line that is held back takes its metrics with it, and an alarm would never fire.
 */
class EntryLogger extends Logger {
  line(level: Level, message: string, attributes: LogAttributes): string {
    const item = this.createAndPopulateLogItem(LEVELS[level], message, [attributes]);
    item.prepareForPrint();
    return JSON.stringify(item.getAttributes());
  }
}

const logger = new EntryLogger({ logLevel: "INFO", logFormatter: new EntryFormat() });
