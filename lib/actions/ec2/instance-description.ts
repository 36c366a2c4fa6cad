import type { DescribeInstancesCommandOutput, Instance } from "@aws-sdk/client-ec2";
import { Fault } from "../../refusal.ts";
import { type ClientSettings, deadline, readingClient } from "../client-settings.ts";

/** One instance; ids are 8 or 17 hex digits (EC2 guide, "Resource IDs"). */
export const INSTANCE = {
  pattern: /^arn:aws[a-z-]*:ec2:[a-z0-9-]+:\d{12}:instance\/i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/,
  example: "arn:aws:ec2:us-east-1:111122223333:instance/i-0123456789abcdef0",
};

export const loadEc2 = () => import("./sdk.ts");

/** IAM cannot bound it to an instance (Service Authorization Reference, EC2). */
export const DESCRIBE_INSTANCES = "ec2:DescribeInstances";

/** The account is the credentials'; the session policy pins it, and the instance, by ARN. */
export const instanceIdOf = (arn: string): string => arn.slice(arn.indexOf("/") + 1);

export interface DescribedInstance {
  readonly answer: DescribeInstancesCommandOutput;
  readonly instance: Instance;
  /** `pending`, `running`, `stopping`, `stopped`, `shutting-down` or `terminated`. */
  readonly state: string;
}

/**
 * The one instance of an ARN, asked for by its id and never by a filter, which answers with fewer
 * instances instead of an error.
 * @throws {Fault} `DEPENDENCY_UNAVAILABLE` unless exactly that instance came back with its state:
 *   fewer items than targets is unknown, not fine (ADV-34). AWS's own errors are thrown as they are.
 */
export async function describeInstance(
  arn: string,
  settings: ClientSettings,
): Promise<DescribedInstance> {
  const { DescribeInstancesCommand, EC2Client } = await loadEc2();
  const client = readingClient("ec2", settings, (options) => new EC2Client(options));
  const id = instanceIdOf(arn);
  const command = new DescribeInstancesCommand({ InstanceIds: [id] });
  const answer = await client.send(command, deadline(settings));
  const [instance, ...others] = (answer.Reservations ?? []).flatMap(
    ({ Instances = [] }) => Instances,
  );
  const state = instance?.State?.Name;
  if (instance?.InstanceId !== id || others.length > 0 || state === undefined) {
    const message = `${DESCRIBE_INSTANCES} did not answer with exactly the instance asked for`;
    throw new Fault("DEPENDENCY_UNAVAILABLE", message);
  }
  return { answer, instance, state };
}
