import type { Table } from "aws-cdk-lib/aws-dynamodb";
import {
  EventSourceMapping,
  FilterCriteria,
  FilterRule,
  MetricType,
  StartingPosition,
} from "aws-cdk-lib/aws-lambda";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { RAISING } from "../lib/audit/watch.ts";
import type { OwnTable } from "./plane.ts";
import { functionRole, PlaneFunction } from "./plane-function.ts";
import { allow } from "./statements.ts";

/** Records that Lambda hands over at once. */
const BATCH = 100;

/** Tries of entries whose function died; it throws nothing, so only Lambda itself, memory or time can fail here. */
const RETRIES = 10;

/** Properties of {@link EvidenceWatch}. */
export interface EvidenceWatchProps {
  /** Name of the plane. */
  readonly plane: string;
  /** Folder of the bundles, see `bundle.ts`. */
  readonly bundles: string;
  /** The table whose stream is read. */
  readonly evidence: OwnTable;
  /** Keeps the log when the stack is removed. */
  readonly retain: boolean;
  /** Days that the log is kept. */
  readonly logRetention: RetentionDays;
}

/**
 * The function `watch`: sees every new record that people have to hear of, and every record of the
 * Evidence table that is changed or removed, which the table's policy lets nobody do. So whoever got around that policy, an administrator who edited
 * it first among them, is seen within seconds. It can read the stream and write its log, nothing
 * else, and is told nothing.
 */
export class EvidenceWatch extends Construct {
  readonly function: PlaneFunction;

  constructor(scope: Construct, id: string, props: EvidenceWatchProps) {
    super(scope, id);
    const { evidence, ...common } = props;
    const role = functionRole(this, props.plane, "watch");
    this.function = new PlaneFunction(this, "Watch", {
      ...common,
      name: "watch",
      description: "Tells of evidence records that were changed or removed, or ask for people",
      role,
      permissions: [
        // Both images of a change, which Lambda reads on the function's behalf.
        allow(
          "ReadEvidenceStream",
          ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
          // By name: permitted long before Lambda checks it, and without the table, which comes last.
          [`${evidence.tableArn}/stream/*`],
        ),
        // Lambda demands it of whoever reads a stream; it lists ARNs and knows no resource.
        allow("ListStreams", ["dynamodb:ListStreams"], ["*"]),
      ],
      environment: {},
      concurrency: null,
    });
  }

  /** Lambda begins to read: the one thing here that cannot be made before the table. */
  follow(evidence: Table): EventSourceMapping {
    const stream = evidence.tableStreamArn;
    if (stream === undefined) throw new TypeError("the Evidence table has no stream");
    const mapping = new EventSourceMapping(this, "Stream", {
      target: this.function.lambda,
      eventSourceArn: stream,
      // What happened in the day before the mapping existed is still in the stream.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: BATCH,
      retryAttempts: RETRIES,
      // A batch that ends the function is halved, so that an entry that does takes nothing with it. That one is dropped
      // after its tries, or it would hold up whatever is tampered with behind it; dropping is counted, and has its alarm.
      // https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-errors.html
      bisectBatchOnError: true,
      metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
      // Other appended records start no function and cost nothing. One match is enough:
      // https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html
      filters: [
        FilterCriteria.filter({ eventName: FilterRule.or("MODIFY", "REMOVE") }),
        FilterCriteria.filter({
          eventName: FilterRule.isEqual("INSERT"),
          dynamodb: { NewImage: { eventType: { S: FilterRule.or(...RAISING) } } },
        }),
      ],
    });
    // Lambda checks that the role can read the stream when the mapping is made.
    mapping.node.addDependency(this.function.role);
    return mapping;
  }
}
