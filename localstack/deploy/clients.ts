import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EC2Client } from "@aws-sdk/client-ec2";
import { ECSClient } from "@aws-sdk/client-ecs";
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { SSMClient } from "@aws-sdk/client-ssm";
import { STSClient } from "@aws-sdk/client-sts";
import { type AwsCredentials, REGION } from "../machine/start-processes.ts";

/**
 * Milliseconds that the local AWS may stay silent in a call. Longer than anything that it does for one, and a function's
 * 30 s: whoever starts it must learn that it does not answer, instead of waiting with the lock in hand.
 */
const PATIENCE = 120_000;

/** Where requests go and as whom. Always given in full, so the SDK never looks for either. */
export interface Access {
  readonly endpoint: string;
  readonly credentials: AwsCredentials;
  /** Default: the local region. */
  readonly region?: string;
}

/** One SDK client per service that the local set-up talks to, all with the same access. */
export interface Clients {
  readonly cloudFormation: CloudFormationClient;
  readonly dynamoDb: DynamoDBClient;
  readonly ec2: EC2Client;
  readonly ecs: ECSClient;
  readonly iam: IAMClient;
  readonly kms: KMSClient;
  readonly lambda: LambdaClient;
  readonly s3: S3Client;
  readonly ssm: SSMClient;
  readonly sts: STSClient;
}

/** The clients for one access. They need no closing: their connections do not keep Node alive. */
export function clientsFor(
  { endpoint, credentials, region = REGION }: Access,
  patience = PATIENCE,
): Clients {
  const requestHandler = {
    requestTimeout: patience,
    throwOnRequestTimeout: true,
    // From the head of an answer on, the request's own time no longer runs.
    socketTimeout: patience,
  };
  const config = { endpoint, region, credentials, requestHandler };
  return {
    cloudFormation: new CloudFormationClient(config),
    dynamoDb: new DynamoDBClient(config),
    ec2: new EC2Client(config),
    ecs: new ECSClient(config),
    iam: new IAMClient(config),
    kms: new KMSClient(config),
    lambda: new LambdaClient(config),
    // A bucket is no host name of a loopback address.
    s3: new S3Client({ ...config, forcePathStyle: true }),
    ssm: new SSMClient(config),
    sts: new STSClient(config),
  };
}
