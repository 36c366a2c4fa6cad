import { noParameters, type TargetRead, targetRead } from "../read.ts";
import { DESCRIBE_INSTANCES, describeInstance, INSTANCE, loadEc2 } from "./instance-description.ts";

/**
 * `ec2:DescribeInstances` of exactly one instance: its state is at
 * `/Reservations/0/Instances/0/State/Name`. EC2 is eventually consistent: what another call has just
 * changed may not be seen yet.
 */
const describeInstances = targetRead({
  read: DESCRIBE_INSTANCES,
  family: "ec2",
  target: INSTANCE,
  iamActions: [],
  iamActionsAnywhere: [DESCRIBE_INSTANCES],
  problemOf: noParameters,
  load: loadEc2,
  ask: async ({ resource }, settings) => (await describeInstance(resource, settings)).answer,
});

export const EC2_READS: readonly TargetRead[] = [describeInstances];
