import { EC2Client } from "@aws-sdk/client-ec2";
import { ECSClient } from "@aws-sdk/client-ecs";
import { S3Client } from "@aws-sdk/client-s3";
import { SSMClient } from "@aws-sdk/client-ssm";
import { type Clients, clientsFor } from "../../localstack/clients.ts";
import type { AwsCredentials } from "../../localstack/start-processes.ts";
import type { LocalPlane } from "./local-plane.ts";

/** SDK clients of every governed service, all with the same credentials; none of our code in between. */
export interface Raw extends Clients {
  readonly ec2: EC2Client;
  readonly ecs: ECSClient;
  readonly s3: S3Client;
  readonly ssm: SSMClient;
}

/** @param region default: the local region */
export function rawClients(
  { outputs }: LocalPlane,
  credentials: AwsCredentials,
  region = outputs.region,
): Raw {
  const { endpoint } = outputs;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const own = {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
  };
  const config = { endpoint, region, credentials: own, maxAttempts: 1 };
  return {
    ...clientsFor({ endpoint, credentials, region }),
    ec2: new EC2Client(config),
    ecs: new ECSClient(config),
    // Names of buckets are no hosts on the loopback interface.
    s3: new S3Client({ ...config, forcePathStyle: true }),
    ssm: new SSMClient(config),
  };
}

/** How a call ended: `allowed`, `denied` when IAM refused it, else the name of AWS's error. */
export async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "allowed";
  } catch (error) {
    return isDenial(error) ? "denied" : nameOf(error);
  }
}

/** Only IAM's own words for it: any other error may hide that the call would have been allowed. */
const DENIAL = /^(AccessDenied(Exception)?|UnauthorizedOperation)$/;
/** Services that speak AWS's JSON protocol answer 400 on AWS, 403 on the local one. */
const DENIED: ReadonlySet<number> = new Set([400, 403]);

function isDenial(error: unknown): boolean {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return DENIAL.test(nameOf(error)) && DENIED.has($metadata?.httpStatusCode ?? 0);
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : String(error));
