import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { STSClient } from "@aws-sdk/client-sts";
import { type AwsCredentials, REGION } from "./start-processes.ts";

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
  readonly iam: IAMClient;
  readonly kms: KMSClient;
  readonly lambda: LambdaClient;
  readonly sts: STSClient;
}

/** The clients for one access. They need no closing: their connections do not keep Node alive. */
export function clientsFor({ endpoint, credentials, region = REGION }: Access): Clients {
  const config = { endpoint, region, credentials };
  return {
    cloudFormation: new CloudFormationClient(config),
    dynamoDb: new DynamoDBClient(config),
    iam: new IAMClient(config),
    kms: new KMSClient(config),
    lambda: new LambdaClient(config),
    sts: new STSClient(config),
  };
}
