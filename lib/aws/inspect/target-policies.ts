import { type DynamoDBClient, GetResourcePolicyCommand } from "@aws-sdk/client-dynamodb";
import { GetPolicyCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { GetBucketPolicyCommand, type S3Client } from "@aws-sdk/client-s3";
import { look, type Seen } from "./look.ts";

/** Clients of the services whose targets can have a policy of their own. */
export interface TargetClients {
  readonly dynamo: DynamoDBClient;
  readonly lambda: LambdaClient;
  readonly s3: S3Client;
}

/** The policy that a target itself has; absent where there is none, or where the service knows none. */
export async function readTargetPolicy(
  { dynamo, lambda, s3 }: TargetClients,
  arn: string,
): Promise<Seen<string>> {
  const [, , service, , , ...rest] = arn.split(":");
  switch (service) {
    case "dynamodb":
      return look("dynamodb:GetResourcePolicy", async () => {
        const { Policy } = await dynamo.send(new GetResourcePolicyCommand({ ResourceArn: arn }));
        return Policy || undefined;
      });
    case "lambda":
      return look("lambda:GetPolicy", async () => {
        return (await lambda.send(new GetPolicyCommand({ FunctionName: arn }))).Policy;
      });
    case "s3": {
      const Bucket = rest.join(":").split("/")[0] ?? "";
      return look("s3:GetBucketPolicy", async () => {
        return (await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy;
      });
    }
    default:
      return { status: "absent" };
  }
}
