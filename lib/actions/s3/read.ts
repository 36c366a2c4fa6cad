import { deadline } from "../client-settings.ts";
import { noParameters, type TargetRead, targetRead } from "../read.ts";
import { OBJECT, objectOf } from "./object-arn.ts";
import { loadS3, objectReader } from "./object-client.ts";

/**
 * `s3:HeadObject`: what is known of one object without its content, such as `/ETag`, `/VersionId`,
 * `/ContentLength`, `/ChecksumSHA256`. Only in a bucket of this account: a bucket's name can be given
 * up and taken by anybody.
 */
const headObject = targetRead({
  read: "s3:HeadObject",
  family: "s3",
  target: OBJECT,
  iamActions: ["s3:GetObject"],
  problemOf: noParameters,
  load: loadS3,
  async ask({ resource }, settings) {
    const { bucket, key } = objectOf(resource);
    const input = {
      Bucket: bucket,
      Key: key,
      ExpectedBucketOwner: settings.account,
      ChecksumMode: "ENABLED",
    } as const;
    const { HeadObjectCommand } = await loadS3();
    const reader = await objectReader(settings);
    return reader.send(new HeadObjectCommand(input), deadline(settings));
  },
});

export const S3_READS: readonly TargetRead[] = [headObject];
