/** What the actions and reads of EC2 use of its SDK client: a part of a function that is loaded when one is asked for. */
export {
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  EC2Client,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
