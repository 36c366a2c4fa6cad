/*
 * Which objects can be named. An ARN is judged as text: by the contract, by the ceiling, by IAM and by
 * the protection of the plane's own buckets. So a name is taken only if nothing on its way to S3 can
 * make another object of it.
 */

/**
 * A general purpose bucket. Names with these endings are other things under a bucket's name: an access
 * point (whose bucket the text does not show), a directory bucket, a table bucket.
 */
const BUCKET =
  "(?![a-z0-9.-]*(?:-s3alias|--ol-s3|\\.mrap|--x-s3|--table-s3)(?:/|$))" +
  "(?!\\d+\\.\\d+\\.\\d+\\.\\d+(?:/|$))(?![a-z0-9.-]*\\.\\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]";

/**
 * Characters that reach S3 as they are (S3 guide, "Naming objects": safe characters, and those that
 * need only be encoded), without `*` and `?`, which IAM expands, and without `%`, which is decoded
 * twice somewhere sooner or later.
 */
const CHARACTER = "[A-Za-z0-9!_.'()&$@=;:+, -]";

/** No empty segment, no `.` and `..`: proxies and clients fold such paths into others. */
const SEGMENT = `(?!\\.{1,2}(?:/|$))${CHARACTER}+`;

const HEAD = `arn:aws[a-z-]*:s3:::${BUCKET}/`;

/** Bytes of the longest key. */
const MAX_KEY = 1024;

const KEY = `(?=.{1,${MAX_KEY}}$)${SEGMENT}(?:/${SEGMENT})*`;

/** One object: `arn:aws:s3:::bucket/key`. */
export const OBJECT = {
  pattern: new RegExp(`^${HEAD}${KEY}$`),
  example: "arn:aws:s3:::settings-bucket/checkout/limits.json",
};

/** One object, all of a bucket, or all whose key begins so. */
export const OBJECT_CEILING = {
  pattern: new RegExp(`^${HEAD}(?:${KEY}|(?:${SEGMENT}/)*(?:${SEGMENT})?\\*)$`),
  example: "arn:aws:s3:::settings-bucket/checkout/*",
};

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
}

/** Bucket and key of an object ARN; everything after the first `/` is the key. */
export function objectOf(arn: string): ObjectName {
  const name = arn.slice(arn.indexOf(":::") + 3);
  const slash = name.indexOf("/");
  return { bucket: name.slice(0, slash), key: name.slice(slash + 1) };
}

/** ARN of the bucket of an object, exact or as the cloud team opened it. */
export const bucketArnOf = (arn: string): string => arn.slice(0, arn.indexOf("/"));
