/** What emergencies use of S3's SDK client: a part of a function that is loaded when there is one. */
export {
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
