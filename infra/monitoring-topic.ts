import { ArnFormat, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import {
  AccountRootPrincipal,
  type IPrincipal,
  PolicyDocument,
  PolicyStatement,
  ServicePrincipal,
} from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { type ITopic, Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";
import { ownName } from "./plane.ts";
import { ADMINISTRATION, READING } from "./signing-key.ts";
import type { Conditions } from "./statements.ts";

/** Properties of {@link AlarmTopic}. */
export interface AlarmTopicProps {
  /** Name of the plane. */
  readonly plane: string;
  /** Who is told by e-mail; each address confirms its subscription. */
  readonly emails: readonly string[];
}

/**
 * The topic that alarms are sent to when the cloud team names none of its own.
 *
 * It has a key of its own: AWS's key for SNS cannot be used by CloudWatch, whose alarms would then
 * be dropped without a word (Amazon SNS developer guide, "Enable compatibility between event
 * sources from AWS services and encrypted topics").
 */
export class AlarmTopic extends Construct {
  readonly topic: ITopic;

  constructor(scope: Construct, id: string, { plane, emails }: AlarmTopicProps) {
    super(scope, id);
    const cloudWatch = new ServicePrincipal("cloudwatch.amazonaws.com");
    const conditions = onlyAlarmsOf(this, plane);
    const key = new Key(this, "Key", {
      description: `Encrypts the alarms of the trust plane ${plane}`,
      alias: `alias/${ownName(plane, "alarms")}`,
      enableKeyRotation: true,
      pendingWindow: Duration.days(30),
      // It protects messages on their way; nothing that is kept needs it.
      removalPolicy: RemovalPolicy.DESTROY,
      policy: keyPolicy(cloudWatch, conditions),
    });
    const topic = new Topic(this, "Topic", {
      topicName: ownName(plane, "alarms"),
      displayName: `Trust plane ${plane}`,
      masterKey: key,
      enforceSSL: true,
    });
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: "AlarmsArePublished",
        principals: [cloudWatch],
        actions: ["sns:Publish"],
        resources: [topic.topicArn],
        conditions: { ...conditions },
      }),
    );
    for (const email of emails) topic.addSubscription(new EmailSubscription(email));
    this.topic = topic;
  }
}

/** Used by the plane's alarms alone; administered, like the keys that sign, but not used, by the account. */
const keyPolicy = (cloudWatch: IPrincipal, conditions: Conditions): PolicyDocument =>
  new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: "AlarmsAreEncrypted",
        principals: [cloudWatch],
        actions: ["kms:Decrypt", "kms:GenerateDataKey"],
        resources: ["*"], // in a key policy, "*" is this key
        conditions: { ...conditions },
      }),
      new PolicyStatement({
        sid: "AdministrationWithoutUse",
        principals: [new AccountRootPrincipal()],
        actions: [...READING, ...ADMINISTRATION, "kms:PutKeyPolicy", "kms:EnableKeyRotation"],
        resources: ["*"],
      }),
    ],
  });

/** Stops other accounts' alarms, and other alarms of this one, from using CloudWatch as deputy. */
function onlyAlarmsOf(scope: Construct, plane: string): Conditions {
  const stack = Stack.of(scope);
  const alarms = stack.formatArn({
    service: "cloudwatch",
    resource: "alarm",
    resourceName: ownName(plane, "*"),
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  return {
    StringEquals: { "aws:SourceAccount": stack.account },
    ArnLike: { "aws:SourceArn": alarms },
  };
}
