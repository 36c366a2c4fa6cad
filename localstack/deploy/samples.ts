import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { DescribeInstancesCommand, type EC2Client, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { LocalAwsError } from "../machine/errors.ts";
import { ACCOUNT, REGION } from "../machine/start-processes.ts";

/** Names that the samples' stack gives its targets; fixed, so that ceilings can name them first. */
const NAMES = {
  table: "sample-settings",
  function: "sample-checkout",
  payments: "sample-payments:live",
  bucket: `sample-objects-${ACCOUNT}-${REGION}`,
  parameter: "sample-limit",
  service: "sample-cluster/sample-worker",
} as const;

const INSTANCES = 2;
const MARK = { Key: "vai-sample", Value: "instance" };

const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;

/** By family, or by an action that works on a sample of its own: what the local plane may act on. */
const targetsOf = (instances: readonly string[]): Readonly<Record<string, readonly string[]>> => ({
  dynamodb: [arn("dynamodb", `table/${NAMES.table}`)],
  "lambda:InvokeFunction": [arn("lambda", `function:${NAMES.payments}`)],
  lambda: [arn("lambda", `function:${NAMES.function}`)],
  s3: [`arn:aws:s3:::${NAMES.bucket}/*`],
  ssm: [arn("ssm", `parameter/${NAMES.parameter}`)],
  ec2: instances.map((id) => arn("ec2", `instance/${id}`)),
  ecs: [arn("ecs", `service/${NAMES.service}`)],
});

/**
 * The ceilings of the local deployment: every action of the catalogue on its sample.
 * @throws LocalAwsError when an action has no sample
 */
export function sampleTargets(instances: readonly string[]): Record<string, readonly string[]> {
  const samples = targetsOf(instances);
  const targets = CATALOGUE.map(({ action, family }) => {
    const found = samples[action] ?? samples[family];
    if (found === undefined) {
      throw new LocalAwsError(
        `There is no sample for ${action}: add one to infra/samples-stack.ts and its ARN here.`,
      );
    }
    return [action, found] as const;
  });
  return Object.fromEntries(targets);
}

/**
 * The ids of two sample instances, made if there are none: the emulator's CloudFormation knows no
 * instances, and their ids must be known before the plane's ceilings are written.
 */
export async function sampleInstances(ec2: EC2Client): Promise<readonly string[]> {
  // An endpoint that somebody else runs may have them from an earlier deployment.
  const found = await ec2.send(
    new DescribeInstancesCommand({
      Filters: [
        { Name: `tag:${MARK.Key}`, Values: [MARK.Value] },
        { Name: "instance-state-name", Values: ["pending", "running", "stopped"] },
      ],
    }),
  );
  const known = (found.Reservations ?? []).flatMap(({ Instances = [] }) => Instances);
  const ids = idsOf(known);
  return ids.length >= INSTANCES ? ids.slice(0, INSTANCES) : run(ec2);
}

/**
 * The item that the sample table holds before anybody acts: a governed change is of an item that is there. One that an
 * earlier deployment left stays as it is.
 */
export async function fillSampleTable(dynamoDb: DynamoDBClient): Promise<void> {
  const put = new PutItemCommand({
    TableName: NAMES.table,
    Item: { pk: { S: "checkout" }, mode: { S: "safe" }, weight: { N: "5" } },
    ConditionExpression: "attribute_not_exists(pk)",
  });
  await dynamoDb.send(put).catch((error: unknown) => {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  });
}

async function run(ec2: EC2Client): Promise<readonly string[]> {
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({
      ...{ ImageId: "ami-00000000", InstanceType: "t4g.nano" },
      ...{ MinCount: INSTANCES, MaxCount: INSTANCES },
      TagSpecifications: [{ ResourceType: "instance", Tags: [MARK] }],
    }),
  );
  const ids = idsOf(Instances);
  if (ids.length === INSTANCES) return ids;
  throw new LocalAwsError(`EC2 started ${ids.length} sample instances instead of ${INSTANCES}.`);
}

const idsOf = (instances: readonly { InstanceId?: string | undefined }[]): string[] =>
  instances.flatMap(({ InstanceId }) => (InstanceId === undefined ? [] : [InstanceId]));
