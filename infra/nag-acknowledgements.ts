import { type Stack, Token } from "aws-cdk-lib";
import { FUNCTIONS } from "./functions.ts";

/** A finding of cdk-nag that was looked at and is right as it is. */
export interface Acknowledgement {
  /** Path of the resource below its stack. */
  readonly path: string;
  /** The finding as cdk-nag names it in a given stack. */
  readonly finding: (stack: Stack) => string;
  /** Why it is right, for whoever reviews the stack. */
  readonly reason: string;
}

/** Account and region stand in a finding as they are, if the stack was told. */
const known = (value: string, pseudo: string): string =>
  Token.isUnresolved(value) ? `<AWS::${pseudo}>` : value;

/**
 * Everything of the rule set AwsSolutions that the stacks do not follow, each on the one resource concerned. One that
 * no longer matches a finding fails the tests, so that the list cannot outlive its reasons.
 */
export const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  {
    path: "Callers/Auditor/Resource",
    finding: ({ stackName, account, region }) =>
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:dynamodb:${known(region, "Region")}:` +
      `${known(account, "AccountId")}:table/${stackName}-evidence/index/*]`,
    reason:
      "Auditors read the Evidence table through all of its indexes, those of later versions too; " +
      "every index holds what the table itself shows them.",
  },
  {
    path: "EvidenceWatch/watchRole/DefaultPolicy/Resource",
    finding: ({ stackName, account, region }) =>
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:dynamodb:${known(region, "Region")}:` +
      `${known(account, "AccountId")}:table/${stackName}-evidence/stream/*]`,
    reason:
      "A stream's name is the time at which it was made, which is not known before its table is; " +
      "every stream of that table is the watch's to read.",
  },
  {
    path: "EvidenceWatch/watchRole/DefaultPolicy/Resource",
    finding: () => "AwsSolutions-IAM5[Resource::*]",
    reason:
      "Lambda demands dynamodb:ListStreams of whoever reads a stream. It has no resource to name; " +
      "it tells names of streams and nothing that is in them.",
  },
  {
    path: "BreakGlass/Bucket/Resource",
    finding: () => "AwsSolutions-S1",
    reason:
      "Every object is put once, by the plane, and says in itself which contract it is of; who else tried is in " +
      "CloudTrail's data events where the account keeps them. A bucket of access logs could be written by others.",
  },
  ...FUNCTIONS.filter((name) => name !== "execute").flatMap((name) =>
    [
      "break-glass/*",
      "break-glass/*/spool/*",
      ...(name === "issue" ? ["break-glass/*/use"] : []),
    ].map((keys) => ({
      path: `${name}Role/DefaultPolicy/Resource`,
      finding: () => `AwsSolutions-IAM5[Resource::<BreakGlassBucket00FFAB42.Arn>/${keys}]`,
      reason:
        "An emergency's object is named after its policy, its number and its intent, which no deployment knows. The " +
        "bucket's own policy lets the plane put each once, and nobody take one away.",
    })),
  ),
  ...["Operator", "Auditor"].map((name) => ({
    path: `Callers/${name}/Resource`,
    finding: () => "AwsSolutions-IAM5[Resource::<BreakGlassBucket00FFAB42.Arn>/break-glass/*/use]",
    reason: "A use is named after its emergency policy and its number, which no deployment knows.",
  })),
  // The samples: targets to try governed actions on, never deployed to a production account.
  {
    path: "Settings/Resource",
    finding: () => "AwsSolutions-DDB3",
    reason: "A sample table holds nothing worth restoring and goes with its stack.",
  },
  {
    path: "Payments/Table/Resource",
    finding: () => "AwsSolutions-DDB3",
    reason: "The sample payments are of nobody; their table goes with its stack.",
  },
  {
    path: "Payments/Credential",
    finding: () => "AwsSolutions-SMG4",
    reason: "The sample's credential opens nothing; rotating it would need a function of its own.",
  },
  {
    path: "Objects/Resource",
    finding: () => "AwsSolutions-S1",
    reason:
      "The sample bucket gets objects from governed actions only, whose evidence names each; a " +
      "bucket of access logs would stay behind when the samples are removed.",
  },
  {
    path: "Machines/Network",
    finding: () => "AwsSolutions-VPC7",
    reason: "The sample network has no gateway and lets no packet in or out: no flow to log.",
  },
  ...["Machines/Instance1", "Machines/Instance2"].flatMap((path) => [
    {
      path,
      finding: () => "AwsSolutions-EC28",
      reason: "Nobody looks at the load of an instance that does nothing; watching it costs money.",
    },
    {
      path,
      finding: () => "AwsSolutions-EC29",
      reason: "It is there to be terminated by a governed action, which protection would refuse.",
    },
  ]),
  {
    path: "Machines/Cluster",
    finding: () => "AwsSolutions-ECS4",
    reason: "The sample cluster runs no task that could be looked into; insights cost money.",
  },
  {
    path: "Machines/Task",
    finding: () => "AwsSolutions-ECS7",
    reason: "The sample container sleeps and writes nothing; a log would need a role to write it.",
  },
];
