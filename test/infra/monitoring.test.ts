import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { BUNDLED, FUNCTIONS } from "../../infra/functions.ts";
import {
  DIMENSIONS,
  METRIC_NAMESPACE,
  METRICS,
  speakerOf,
} from "../../lib/aws/function/telemetry-names.ts";
import { EXAMPLE, templateOf } from "./support/synthesise.ts";
import {
  ACCOUNT,
  REGION,
  Resolved,
  type Statement,
  statements,
  tableArn,
} from "./support/template.ts";

interface AlarmProperties {
  readonly AlarmName: string;
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
  readonly Statistic: string;
  readonly Period: number;
  readonly Threshold: number;
  readonly EvaluationPeriods: number;
  readonly TreatMissingData: string;
  readonly ComparisonOperator: string;
  readonly AlarmActions: readonly string[];
  readonly AlarmDescription: string;
}

const alarmsOf = (resolved: Resolved): AlarmProperties[] =>
  resolved
    .ofType("AWS::CloudWatch::Alarm")
    .map(({ Properties }) => Properties as unknown as AlarmProperties);

const OPERATORS: Readonly<Record<string, string>> = {
  GreaterThanOrEqualToThreshold: ">=",
  LessThanThreshold: "<",
};

/** `<statistic> <namespace>/<metric>{<dimensions>} <operator> <threshold> in <n> x <seconds>`. */
function said(alarm: AlarmProperties): string {
  const dimensions = alarm.Dimensions.map(({ Name, Value }) => `${Name}=${Value}`).join();
  const { Statistic, Namespace, MetricName, Threshold, EvaluationPeriods, Period } = alarm;
  const operator = OPERATORS[alarm.ComparisonOperator];
  return `${Statistic} ${Namespace}/${MetricName}{${dimensions}} ${operator} ${Threshold} in ${EvaluationPeriods} x ${Period}`;
}

/** What each run of sweep measures. */
const LEVELS = {
  PlaneHalted: "Maximum vai/PlaneHalted{plane=example} >= 1 in 1 x 60",
  Quarantined: "Maximum vai/Quarantined{plane=example} >= 1 in 1 x 60",
  ReviewOverdue: "Maximum vai/ReviewsOverdue{plane=example} >= 1 in 1 x 60",
  MarkOwed: "Maximum vai/MarksOwed{plane=example} >= 1 in 1 x 60",
  RestrictionsNearlyFull: `Maximum vai/RestrictionsBytes{plane=example} >= ${96 * 1024} in 1 x 60`,
};

/** What silence says: most metrics are written when something happens. */
const SILENCE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(LEVELS).map((name) => [name, "ignore"])),
  SweepStalled: "breaching",
};

const OWN = {
  EvidenceTampered: "Sum vai/EvidenceTampered{plane=example} >= 1 in 1 x 60",
  EvidenceWatchUnreadable: "Sum vai/WatchUnreadable{plane=example} >= 1 in 1 x 60",
  EvidenceFailures: "Sum vai/EvidenceFailures{plane=example} >= 1 in 1 x 60",
  Violations: "Sum vai/Violations{plane=example} >= 1 in 1 x 60",
  Incomplete: "Sum vai/Incomplete{plane=example} >= 1 in 1 x 60",
  Faults: "Sum vai/Faults{plane=example} >= 3 in 1 x 300",
  RevocationFailed: "Sum vai/RevocationFailed{plane=example} >= 1 in 1 x 60",
  RevocationSlow: "Sum vai/RevocationSlow{plane=example} >= 1 in 1 x 60",
  BreakGlassInvoked: "Sum vai/BreakGlassInvoked{plane=example} >= 1 in 1 x 60",
  SpoolUsed: "Sum vai/SpoolUsed{plane=example} >= 1 in 1 x 60",
  Escalation: "Sum vai/Escalations{plane=example} >= 1 in 1 x 60",
  DutyMissed: "Sum vai/DutiesMissed{plane=example} >= 1 in 1 x 60",
  DecisionWaiting: "Sum vai/DecisionsAwaited{plane=example} >= 1 in 2 x 300",
  ...LEVELS,
  SweepStalled: "Sum vai/SweptWhole{plane=example} < 1 in 5 x 60",
  EvidenceWatchDropped:
    "Sum AWS/Lambda/DroppedEventCount{EventSourceMappingUUID=vai-example-watch} >= 1 in 1 x 60",
  EvidenceWatchBehind:
    "Maximum AWS/Lambda/IteratorAge{FunctionName=vai-example-watch} >= 300000 in 1 x 300",
};

const ofFunction = (name: string) => ({
  [`FunctionErrors-${name}`]: `Sum AWS/Lambda/Errors{FunctionName=vai-example-${name}} >= 1 in 1 x 300`,
  [`FunctionThrottles-${name}`]: `Sum AWS/Lambda/Throttles{FunctionName=vai-example-${name}} >= 1 in 2 x 300`,
  [`FunctionSlow-${name}`]: `Maximum AWS/Lambda/Duration{FunctionName=vai-example-${name}} >= 24000 in 1 x 300`,
});

/** Every function of the stack, the one that takes commands as events besides those that have a bundle of their own. */
const ALL = [...BUNDLED, "revoke-events"];

suite("monitoring", () => {
  const resolved = new Resolved(templateOf());
  const alarms = alarmsOf(resolved);

  test("VAI-131 each thing that must be known has its alarm, with this threshold", () => {
    const wanted = Object.assign({}, OWN, ...ALL.map(ofFunction)) as Record<string, string>;
    const found = Object.fromEntries(
      alarms.map((alarm) => [alarm.AlarmName.replace("vai-example-", ""), said(alarm)]),
    );
    assert.deepEqual(found, wanted);
  });

  test("VAI-131 silence is no alarm, but of sweep; it clears none of what sweep measures; somebody is told", () => {
    const [topic] = resolved.ofType("AWS::SNS::Topic");
    assert.equal(topic?.Properties["TopicName"], "vai-example-alarms");
    for (const alarm of alarms) {
      const name = alarm.AlarmName.replace("vai-example-", "");
      assert.equal(alarm.TreatMissingData, SILENCE[name] ?? "notBreaching", name);
      assert.equal(alarm.AlarmActions.length, 1);
      assert.match(alarm.AlarmDescription, /\. What to do: infra\/runbook\.md#[a-z]+$/);
    }
  });

  test("VAI-131 a metric that an alarm or the dashboard reads is one that the functions write", () => {
    const written: ReadonlySet<string> = new Set(Object.values(METRICS));
    const own = alarms.filter(({ Namespace }) => Namespace === METRIC_NAMESPACE);
    assert.equal(own.length, 19);
    for (const { MetricName, Dimensions } of own) {
      assert.ok(written.has(MetricName), MetricName);
      assert.deepEqual(Dimensions, [{ Name: DIMENSIONS.plane, Value: "example" }]);
    }
    for (const metric of dashboardMetrics(resolved)) assert.ok(written.has(metric), metric);
  });

  test("VAI-131 the dashboard shows what is asked, granted and refused, how fast, and what is wrong", () => {
    const shown = new Set(dashboardMetrics(resolved));
    for (const name of [
      METRICS.granted,
      METRICS.refused,
      METRICS.duration,
      METRICS.evidenceTampered,
      METRICS.evidenceFailures,
      METRICS.violations,
      METRICS.incomplete,
      METRICS.faults,
      ...[METRICS.revocationFailed, METRICS.revocationSlow, METRICS.escalations],
      ...[METRICS.dutiesMissed, METRICS.decisionsAwaited],
      ...[METRICS.planeHalted, METRICS.quarantined, METRICS.marksOwed, METRICS.restrictionsBytes],
      ...[METRICS.timeToDenyAdapter, METRICS.timeToDenyIam, METRICS.timeToDenySession],
      ...[METRICS.sweptWhole, METRICS.sweepFailures],
      ...[METRICS.breakGlass, METRICS.spoolUsed, METRICS.reviewsOverdue],
    ]) {
      assert.ok(shown.has(name), name);
    }
    const text = dashboardText(resolved);
    for (const name of FUNCTIONS) assert.match(text, new RegExp(`"function","${name}"`));
    for (const domain of ["agent", "governance", "platform"]) assert.match(text, RegExp(domain));
  });

  test("VAI-131 each function that the stack makes says its lines under this plane, hyphens or not", () => {
    for (const name of ["example", "pay-ments", "a-revoke"]) {
      const names = new Resolved(templateOf({ ...EXAMPLE, name }))
        .ofType("AWS::Lambda::Function")
        .map(({ Properties }) => String(Properties["FunctionName"]));
      assert.ok(names.includes(`vai-${name}-revoke-events`));
      for (const each of names) {
        const own = each.replace(`vai-${name}-`, "");
        assert.deepEqual(speakerOf(each), { plane: name, function: own });
      }
    }
  });

  test("VAI-131 the page for cloud teams tells each metric and its alarm", () => {
    const page = readFileSync(new URL("../../infra/README.md", import.meta.url), "utf8");
    const rows = page.split("\n").filter((line) => /^\| `[A-Z]\w+`.*\| `plane`/.test(line));
    const told = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)]);
    assert.deepEqual(
      [...new Set(told.map(([, name]) => name))].sort(),
      Object.values(METRICS).sort(),
    );
    for (const { AlarmName, Namespace } of alarms) {
      const name = AlarmName.replace("vai-example-", "");
      const isTold = rows.some((row) => row.split("|").at(-2)?.includes(`\`${name}\``));
      assert.equal(isTold, Namespace === METRIC_NAMESPACE, name);
    }
  });

  test("VAI-131 where nobody runs sweep each minute, nobody is told that it does not run", () => {
    const still = new Resolved(templateOf({ ...EXAMPLE, sweepEachMinute: false }));
    const names = (all: readonly AlarmProperties[]) => all.map(({ AlarmName }) => AlarmName).sort();
    const without = names(alarms).filter((name) => name !== "vai-example-SweepStalled");
    assert.deepEqual(names(alarmsOf(still)), without);
  });

  test("VAI-131 the topic is encrypted with a key that CloudWatch may use, for this plane's alarms alone", () => {
    const key = resolved
      .ofType("AWS::KMS::Key")
      .find(({ Properties }) => Properties["EnableKeyRotation"] === true);
    const [use, administer, ...others] = statements(key?.Properties["KeyPolicy"]);
    assert.deepEqual(others, []);
    assert.deepEqual(use, forAlarms("AlarmsAreEncrypted", ["kms:Decrypt", "kms:GenerateDataKey"]));
    assert.ok(administer?.Action.includes("kms:PutKeyPolicy"));
    for (const action of ["kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:*"]) {
      assert.ok(!administer?.Action.includes(action), action);
    }
    const [topic] = resolved.ofType("AWS::SNS::Topic");
    assert.notEqual(topic?.Properties["KmsMasterKeyId"], undefined);
    assert.notEqual(topic?.Properties["KmsMasterKeyId"], "alias/aws/sns");
  });

  test("VAI-131 nobody but this plane's alarms publishes to the topic, and never in plain text", () => {
    const [policy] = resolved.ofType("AWS::SNS::TopicPolicy");
    const [plain, publish, ...others] = statements(policy?.Properties["PolicyDocument"]).sort(
      (one, other) => one.Effect.localeCompare(other.Effect) * -1,
    );
    assert.deepEqual(others, []);
    assert.equal(plain?.Effect, "Deny");
    assert.deepEqual(plain?.Condition, { Bool: { "aws:SecureTransport": "false" } });
    const { Resource: _, ...published } = publish as Statement;
    const { Resource: __, ...wanted } = forAlarms("AlarmsArePublished", ["sns:Publish"]);
    assert.deepEqual(published, wanted);
  });

  test("VAI-131 a topic that exists is used, and none is made", () => {
    const alarmTopicArn = `arn:aws:sns:${REGION}:${ACCOUNT}:on-call`;
    const given = new Resolved(templateOf({ ...EXAMPLE, alarmTopicArn }));
    assert.deepEqual(given.ofType("AWS::SNS::Topic"), []);
    for (const { AlarmActions } of alarmsOf(given)) assert.deepEqual(AlarmActions, [alarmTopicArn]);
  });

  test("VAI-131 people who are to be told by e-mail are", () => {
    const told = new Resolved(templateOf({ ...EXAMPLE, alarmEmails: ["on-call@example.org"] }));
    const [subscription, ...more] = told.ofType("AWS::SNS::Subscription");
    assert.deepEqual(more, []);
    assert.equal(subscription?.Properties["Protocol"], "email");
    assert.equal(subscription?.Properties["Endpoint"], "on-call@example.org");
  });
});

const STREAM = `${tableArn("evidence")}/stream/latest`;
const EVERY_STREAM = `${tableArn("evidence")}/stream/*`;

suite("evidence watch in the stack", () => {
  const template = templateOf();
  const resolved = new Resolved(template);

  const PATTERNS = [
    '{"eventName":["MODIFY","REMOVE"]}',
    '{"eventName":["INSERT"],"dynamodb":{"NewImage":{"eventType":{"S":["RevocationFailed","EscalationRaised","ObligationMissed","BreakGlassInvoked"]}}}}',
  ];
  test("ADV-20 VAI-131 every change and removal of a record reaches the function, each new one that asks for people, and nothing else", () => {
    const [mapping, ...more] = resolved.ofType("AWS::Lambda::EventSourceMapping");
    assert.deepEqual(more, []);
    const { Tags: _, ...properties } = mapping?.Properties ?? {};
    assert.deepEqual(properties, {
      FunctionName: "vai-example-watch",
      EventSourceArn: STREAM,
      StartingPosition: "TRIM_HORIZON",
      BatchSize: 100,
      MaximumRetryAttempts: 10,
      BisectBatchOnFunctionError: true,
      MetricsConfig: { Metrics: ["EventCount"] },
      FilterCriteria: { Filters: PATTERNS.map((Pattern) => ({ Pattern })) },
    });
    const table = resolved.one("AWS::DynamoDB::Table", "TableName", "vai-example-evidence");
    assert.deepEqual(table.Properties["StreamSpecification"], {
      StreamViewType: "NEW_AND_OLD_IMAGES",
    });
  });

  test("ADV-20 VAI-131 what the watch gives up is counted by its own mapping, and has an alarm", () => {
    const [mapping] = Object.keys(template.findResources("AWS::Lambda::EventSourceMapping"));
    const alarms = template.findResources("AWS::CloudWatch::Alarm", {
      Properties: { MetricName: "DroppedEventCount" },
    });
    const dimensions = Object.values(alarms).map(({ Properties }) => Properties.Dimensions);
    assert.deepEqual(dimensions, [[{ Name: "EventSourceMappingUUID", Value: { Ref: mapping } }]]);
  });

  test("USR-12 watch reads the stream and writes its log; it is told nothing and reaches nothing else", () => {
    const allowed = resolved
      .roleStatements("vai-example-watch")
      .map(({ Sid, Effect, Action, Resource }) => [Sid, Effect, Action, Resource]);
    const log = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/vai/example/watch:*`;
    assert.deepEqual(allowed, [
      ["WriteOwnLog", "Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], [log]],
      [
        "ReadEvidenceStream",
        "Allow",
        ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
        [EVERY_STREAM],
      ],
      ["ListStreams", "Allow", ["dynamodb:ListStreams"], ["*"]],
    ]);
    const lambda = resolved.one("AWS::Lambda::Function", "FunctionName", "vai-example-watch");
    assert.equal(lambda.Properties["Environment"], undefined);
  });

  test("VAI-131 no function holds lines back by level: they carry the metrics", () => {
    for (const { Properties } of resolved.ofType("AWS::Lambda::Function")) {
      const { LogGroup: _, ...others } = Properties["LoggingConfig"] as Record<string, unknown>;
      assert.deepEqual(others, {}, "plain text: JSON logging would wrap the lines");
    }
  });

  test("USR-12 every log has an end, and the watch's log keeps its logical id", () => {
    for (const { Properties } of resolved.ofType("AWS::Logs::LogGroup")) {
      assert.equal(Properties["RetentionInDays"], 365);
    }
    const logs = Object.keys(template.findResources("AWS::Logs::LogGroup"));
    assert.ok(logs.includes("EvidenceWatchLog27B8B63F"), logs.join());
  });
});

/** A statement that lets CloudWatch act for this plane's alarms and for no others. */
const forAlarms = (sid: string, actions: readonly string[]): Statement => ({
  Sid: sid,
  Effect: "Allow",
  Principal: { Service: "cloudwatch.amazonaws.com" },
  Action: actions,
  Resource: ["*"],
  Condition: {
    StringEquals: { "aws:SourceAccount": ACCOUNT },
    ArnLike: { "aws:SourceArn": `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:vai-example-*` },
  },
});

function dashboardText(resolved: Resolved): string {
  const [dashboard] = resolved.ofType("AWS::CloudWatch::Dashboard");
  return String(dashboard?.Properties["DashboardBody"]);
}

/** Names of the plane's own metrics on the dashboard. */
const dashboardMetrics = (resolved: Resolved): string[] =>
  [...dashboardText(resolved).matchAll(/\["vai","([A-Za-z]+)"/g)].map(([, name = ""]) => name);
