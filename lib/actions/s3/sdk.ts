/** What the actions and reads of S3 use of its SDK client: a part of a function that is loaded when one is asked for. */
export {
  GetBucketEncryptionCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
