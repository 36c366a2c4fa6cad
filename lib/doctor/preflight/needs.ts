/** Calls that CloudFormation makes to create a resource of a type, on ARNs of a plane's own form. */
interface Need {
  readonly actions: readonly string[];
  /** Service, resource and name of what is made; the account's or region's place is put in between. */
  readonly resource: (plane: string) => string;
}

/** By type of the template (CloudFormation, permissions of the resource handlers); the main ones, not every read. */
export const NEEDS: Readonly<Record<string, Need>> = {
  "AWS::IAM::Role": {
    actions: [
      "iam:CreateRole",
      "iam:PutRolePolicy",
      "iam:PutRolePermissionsBoundary",
      "iam:PassRole",
    ],
    resource: (plane) => `iam::role/${plane}-x`,
  },
  "AWS::IAM::ManagedPolicy": {
    actions: ["iam:CreatePolicy"],
    resource: (plane) => `iam::policy/${plane}-x`,
  },
  "AWS::DynamoDB::Table": {
    actions: [
      ...["dynamodb:CreateTable", "dynamodb:PutResourcePolicy", "dynamodb:UpdateTimeToLive"],
      "dynamodb:UpdateContinuousBackups",
    ],
    resource: (plane) => `dynamodb:here:table/${plane}-x`,
  },
  "AWS::S3::Bucket": {
    actions: [
      ...["s3:CreateBucket", "s3:PutBucketPolicy", "s3:PutBucketVersioning"],
      ...["s3:PutBucketObjectLockConfiguration", "s3:PutEncryptionConfiguration"],
      "s3:PutBucketPublicAccessBlock",
    ],
    resource: (plane) => `s3::${plane}-x`,
  },
  "AWS::KMS::Key": { actions: ["kms:CreateKey"], resource: () => "*" },
  "AWS::Lambda::Function": {
    actions: ["lambda:CreateFunction", "lambda:PutFunctionConcurrency"],
    resource: (plane) => `lambda:here:function:${plane}-x`,
  },
  "AWS::Lambda::Url": {
    actions: ["lambda:CreateFunctionUrlConfig"],
    resource: (plane) => `lambda:here:function:${plane}-x`,
  },
  "AWS::Lambda::EventSourceMapping": {
    actions: ["lambda:CreateEventSourceMapping"],
    resource: () => "*",
  },
  "AWS::Logs::LogGroup": {
    actions: ["logs:CreateLogGroup", "logs:PutRetentionPolicy"],
    resource: (plane) => `logs:here:log-group:/${plane.replace("-", "/")}/x`,
  },
  "AWS::SNS::Topic": {
    actions: ["sns:CreateTopic"],
    resource: (plane) => `sns:here:${plane}-x`,
  },
  "AWS::CloudWatch::Alarm": {
    actions: ["cloudwatch:PutMetricAlarm"],
    resource: (plane) => `cloudwatch:here:alarm:${plane}-x`,
  },
};

/** The ARN that a need is about. */
export function arnOf(
  resource: string,
  { partition, region, account }: { partition: string; region: string; account: string },
): string {
  if (resource === "*") return "*";
  const [service = "", place = "", ...rest] = resource.split(":");
  // Names of buckets are one for all accounts: their ARNs name neither account nor region.
  if (service === "s3") return `arn:${partition}:s3:::${rest.join(":")}`;
  return `arn:${partition}:${service}:${place === "" ? "" : region}:${account}:${rest.join(":")}`;
}
