/** A finding of cdk-nag that was looked at and is right as it is. */
export interface Acknowledgement {
  /** Path of the resource below its stack. */
  readonly path: string;
  /** The finding as cdk-nag names it; `stackName` stands in names of resources. */
  readonly finding: (stackName: string) => string;
  /** Why it is right, for whoever reviews the stack. */
  readonly reason: string;
}

/**
 * Everything of the rule set AwsSolutions that the stacks do not follow, each on the one resource concerned. One that
 * no longer matches a finding fails the tests, so that the list cannot outlive its reasons.
 */
export const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  {
    path: "Callers/Auditor/Resource",
    finding: (stackName) =>
      "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:dynamodb:<AWS::Region>:" +
      `<AWS::AccountId>:table/${stackName}-evidence/index/*]`,
    reason:
      "Auditors read the Evidence table through all of its indexes, those of later versions too; " +
      "every index holds what the table itself shows them.",
  },
  {
    path: "Settings/Resource",
    finding: () => "AwsSolutions-DDB3",
    reason:
      "A sample target that holds nothing worth restoring and goes with its stack; production " +
      "never deploys the samples.",
  },
];
