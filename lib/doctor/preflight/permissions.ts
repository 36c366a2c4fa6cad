/** The IAM policy under which a preflight sees everything; it reads and can change nothing. */
export const preflightPermissions = (): {
  readonly Version: string;
  readonly Statement: readonly object[];
} => ({
  Version: "2012-10-17",
  Statement: [
    {
      ...{ Sid: "Preflight", Effect: "Allow" },
      Action: [
        "cloudformation:DescribeStacks",
        "cloudformation:GetTemplate",
        "cloudformation:ListStackResources",
        "dynamodb:DescribeTable",
        "iam:GetPolicy",
        "iam:GetRole",
        "iam:SimulatePrincipalPolicy",
        "kms:DescribeKey",
        "lambda:GetAccountSettings",
        "lambda:GetFunctionConfiguration",
        "ssm:GetParameter",
      ],
      // Whose the names are that it asks about, nobody knows before.
      Resource: ["*"],
    },
  ],
});
