import {
  CreateTagsCommand,
  DescribeInstancesCommand,
  RebootInstancesCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import type { Clients } from "../../../localstack/deploy/clients.ts";
import type { LocalPlane } from "../../support/local/plane.ts";
import { ABROAD, type Beyond, type Build } from "./wall.ts";

/** The three governed calls. Nothing is ended for a test: EC2 judges a dry run, and does not run it. */
const CALLS = {
  "ec2:StartInstances": ({ ec2 }: Clients, ...InstanceIds: string[]) =>
    ec2.send(new StartInstancesCommand({ InstanceIds })),
  "ec2:StopInstances": ({ ec2 }: Clients, ...InstanceIds: string[]) =>
    ec2.send(new StopInstancesCommand({ InstanceIds })),
  "ec2:TerminateInstances": ({ ec2 }: Clients, ...InstanceIds: string[]) =>
    ec2.send(new TerminateInstancesCommand({ InstanceIds, DryRun: true })),
};

type Action = keyof typeof CALLS;
const ACTIONS = Object.keys(CALLS) as Action[];
/** The answer to a dry run that would be allowed. */
const permissionOf = (action: Action): string =>
  action === "ec2:TerminateInstances" ? "DryRunOperation" : "allowed";

/** No such instance, for whoever gets behind IAM; a dry run does not get so far. */
const outcomeAbroad = (action: Action): string =>
  action === "ec2:TerminateInstances" ? "DryRunOperation" : "InvalidInstanceID.NotFound";

const instanceArn = ({ outputs }: LocalPlane, id: string): string =>
  `arn:aws:ec2:${outputs.region}:${outputs.account}:instance/${id}`;

/** One of the three on one instance. */
export const instanceWall =
  (action: Action): Build =>
  async (t, plane) => {
    const [own = "", other = ""] = plane.outputs.samples.instances;
    t.after(() => CALLS["ec2:StartInstances"](plane.deployer, own, other));
    const call = CALLS[action];
    const tried = (...ids: string[]): Beyond => ({
      call: (as) => call(as, ...ids),
      outcome: permissionOf(action),
    });
    const others = ACTIONS.filter((each) => each !== action).map((each) => {
      const beyond = { call: (as: Clients) => CALLS[each](as, own), outcome: permissionOf(each) };
      return [`another action: ${each}`, beyond] as const;
    });
    return {
      scope: { action, target: instanceArn(plane, own) },
      bounded: (as) => call(as, own),
      outcome: permissionOf(action),
      beyond: {
        ...Object.fromEntries(others),
        "another action: DescribeInstances": {
          call: ({ ec2 }) => ec2.send(new DescribeInstancesCommand({ InstanceIds: [own] })),
        },
        "another action: RebootInstances": {
          call: ({ ec2 }) => ec2.send(new RebootInstancesCommand({ InstanceIds: [own] })),
        },
        "another action: CreateTags": {
          call: ({ ec2 }) =>
            ec2.send(new CreateTagsCommand({ Resources: [own], Tags: [{ Key: "a", Value: "b" }] })),
        },
        "another action: RunInstances": {
          call: ({ ec2 }) =>
            ec2.send(
              new RunInstancesCommand({ ImageId: "ami-1", MinCount: 1, MaxCount: 1, DryRun: true }),
            ),
          outcome: "DryRunOperation",
        },
        "VAI-42 another resource: another instance": tried(other),
        "several resources: its instance and another": tried(own, other),
        "several resources: another instance first": tried(other, own),
        "another region": {
          region: ABROAD,
          call: (as) => call(as, own),
          outcome: outcomeAbroad(action),
        },
      },
    };
  };
