import { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { IEventSourceMapping, IFunction } from "aws-cdk-lib/aws-lambda";
import { type ITopic, Topic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import { Alarms } from "./monitoring-alarms.ts";
import { PlaneDashboard } from "./monitoring-dashboard.ts";
import { AlarmTopic } from "./monitoring-topic.ts";
import type { PlaneFunction } from "./plane-function.ts";

/** Properties of {@link Monitoring}. */
export interface MonitoringProps {
  /** Name of the plane. */
  readonly plane: string;
  /** The functions that serve requests and commands, by name. */
  readonly serving: Readonly<Record<string, PlaneFunction>>;
  /** Functions that answer nobody, by name: `watch` over the Evidence table, and the one that takes commands as events. */
  readonly besides: Readonly<Record<string, PlaneFunction>>;
  /** An SNS topic that exists and takes alarms. Default: a topic is made. */
  readonly alarmTopicArn?: string | undefined;
  /** Who is told by e-mail through the topic that is made. */
  readonly alarmEmails: readonly string[];
  /** Whether `sweep` runs each minute. */
  readonly isSwept: boolean;
}

/** Alarms, whom they are sent to, and a dashboard. What to do about an alarm is in `runbook.md`. */
export class Monitoring extends Construct {
  /** The topic that the alarms are sent to. */
  readonly topic: ITopic;
  readonly #alarms: Alarms;
  readonly #tell: SnsAction;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { plane, besides, alarmTopicArn, alarmEmails, isSwept } = props;
    const serving = lambdasOf(props.serving);
    this.topic =
      alarmTopicArn === undefined
        ? new AlarmTopic(this, "Topic", { plane, emails: alarmEmails }).topic
        : Topic.fromTopicArn(this, "Topic", alarmTopicArn);
    const functions = { ...serving, ...lambdasOf(besides) };
    this.#alarms = new Alarms(this, "Alarms", { plane, functions, isSwept });
    this.#tell = new SnsAction(this.topic);
    for (const alarm of this.#alarms.all) alarm.addAlarmAction(this.#tell);
    // By its name: it is made after everything else, the dashboard too.
    const dropped = Alarm.fromAlarmArn(this, "Dropped", this.#alarms.droppedArn);
    new PlaneDashboard(this, "Dashboard", {
      ...{ plane, serving, alarms: [...this.#alarms.all, dropped] },
    });
  }

  /** The alarm on what the watch's stream drops; like the stream, it cannot be made before the table. */
  tellDropped({ eventSourceMappingId }: IEventSourceMapping): Alarm {
    const alarm = this.#alarms.dropped(eventSourceMappingId);
    alarm.addAlarmAction(this.#tell);
    return alarm;
  }
}

const lambdasOf = (functions: Readonly<Record<string, PlaneFunction>>): Record<string, IFunction> =>
  Object.fromEntries(Object.entries(functions).map(([name, { lambda }]) => [name, lambda]));
