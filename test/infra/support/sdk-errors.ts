import {
  DynamoDBClient,
  GetItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { DescribeServicesCommand, ECSClient } from "@aws-sdk/client-ecs";
import { KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { GetAliasCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { HeadObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { outcomeOf } from "../../../lib/actions/outcome.ts";

/** What our code reads of an SDK error. */
interface Seen {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly outcome: unknown;
  /** Why each item of a transaction failed, if the error's class is the one that knows. */
  readonly reasons?: readonly unknown[];
}

/**
 * Makes one call of each service at an endpoint that refuses them all, and tells what each client makes of it. Run
 * from source and from a bundle, it must tell the same.
 */
export async function errorsAt(endpoint: string): Promise<Record<string, Seen>> {
  const credentials = { accessKeyId: "a", secretAccessKey: "s", sessionToken: "t" };
  const options = { endpoint, region: "us-east-1", credentials, maxAttempts: 1 };
  const dynamo = new DynamoDBClient(options);
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  const object = { Bucket: "b", Key: "k" };
  const Put = { TableName: "t", Item: { pk: { S: "x" } } };
  const calls: Record<string, () => Promise<unknown>> = {
    dynamodb: () => dynamo.send(new GetItemCommand({ TableName: "t", Key: { pk: { S: "x" } } })),
    transaction: () => dynamo.send(new TransactWriteItemsCommand({ TransactItems: [{ Put }] })),
    ec2: () => new EC2Client(options).send(new DescribeInstancesCommand({})),
    ecs: () => new ECSClient(options).send(new DescribeServicesCommand({ services: ["s"] })),
    kms: () => new KMSClient(options).send(new SignCommand(SIGN)),
    lambda: () => new LambdaClient(options).send(new GetAliasCommand(ALIAS)),
    s3Head: () => s3.send(new HeadObjectCommand(object)),
    s3Put: () => s3.send(new PutObjectCommand({ ...object, Body: "x" })),
    ssm: () => new SSMClient(options).send(new GetParameterCommand({ Name: "n" })),
    sts: () => new STSClient(options).send(new AssumeRoleCommand(ROLE)),
  };
  const seen: Record<string, Seen> = {};
  for (const [name, call] of Object.entries(calls)) {
    seen[name] = await call().then(() => Promise.reject(new Error("was not refused")), see);
  }
  return seen;
}

const SIGN = {
  KeyId: "k",
  Message: new Uint8Array(32),
  SigningAlgorithm: "ECDSA_SHA_256",
} as const;
const ALIAS = { FunctionName: "f", Name: "live" };
const ROLE = { RoleArn: "arn:aws:iam::111122223333:role/r", RoleSessionName: "vai-x" };

function see(error: Error & { $metadata?: { httpStatusCode?: number } }): Seen {
  return {
    name: error.name,
    message: error.message,
    status: error.$metadata?.httpStatusCode,
    outcome: outcomeOf(error),
    ...(error instanceof TransactionCanceledException && {
      reasons: error.CancellationReasons ?? [],
    }),
  };
}
