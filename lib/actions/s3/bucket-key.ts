import type { GetBucketEncryptionCommandOutput } from "@aws-sdk/client-s3";
import { Fault } from "../../refusal.ts";
import { type ClientSettings, deadline } from "../client-settings.ts";
import { readFault } from "../outcome.ts";
import { objectOf } from "./object-arn.ts";
import { loadS3, objectReader } from "./object-client.ts";

/** IAM's name of GetBucketEncryption; it knows it on the bucket alone (Service Authorization Reference, S3). */
export const GET_BUCKET_ENCRYPTION = "s3:GetEncryptionConfiguration";

/** The key of a bucket that has KMS for its default and names no key (API reference, ServerSideEncryptionByDefault). */
const OF_AWS = "alias/aws/s3";

/**
 * The keys, by ARN, id or alias, under which a bucket puts what is written without saying how, as our adapter does; none
 * where S3 encrypts by itself. What lies there already may lie under other keys.
 * @param ask - asks S3 for the bucket's encryption (`GetBucketEncryption`)
 * @returns nothing where the answer holds no configuration.
 */
export async function keysOfBucket(
  ask: () => Promise<Partial<GetBucketEncryptionCommandOutput>>,
): Promise<string[] | undefined> {
  const { ServerSideEncryptionConfiguration: configuration } = await ask().catch(withoutAny);
  return configuration?.Rules?.flatMap(({ ApplyServerSideEncryptionByDefault: byDefault }) =>
    byDefault?.SSEAlgorithm?.startsWith("aws:kms") ? [byDefault.KMSMasterKeyID ?? OF_AWS] : [],
  );
}

/** A bucket of before S3 encrypted everything answers so (API reference, "Error responses"). */
function withoutAny(
  error: unknown,
): Pick<GetBucketEncryptionCommandOutput, "ServerSideEncryptionConfiguration"> {
  const isNone =
    error instanceof Error && error.name === "ServerSideEncryptionConfigurationNotFoundError";
  if (!isNone) throw error;
  return { ServerSideEncryptionConfiguration: { Rules: [] } };
}

/** Whether S3 says that what is put into the bucket of an object comes under a KMS key. */
export async function isBucketUnderKey(target: string, settings: ClientSettings): Promise<boolean> {
  try {
    const { GetBucketEncryptionCommand } = await loadS3();
    const reader = await objectReader(settings);
    const input = { Bucket: objectOf(target).bucket, ExpectedBucketOwner: settings.account };
    const keys = await keysOfBucket(() =>
      reader.send(new GetBucketEncryptionCommand(input), deadline(settings)),
    );
    if (keys === undefined) {
      const message = `${GET_BUCKET_ENCRYPTION} answered without a configuration`;
      throw new Fault("DEPENDENCY_UNAVAILABLE", message);
    }
    return keys.length > 0;
  } catch (error) {
    throw readFault(GET_BUCKET_ENCRYPTION, error);
  }
}
