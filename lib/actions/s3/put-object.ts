import * as z from "zod";
import { digestBytes, sha256Digest } from "../../encoding/digest.ts";
import { toBase64 } from "../../encoding/platform.ts";
import { boundedAction } from "../bounded-action.ts";
import {
  CALL_ATTEMPTS,
  type CallPlace,
  type ClientSettings,
  clientOptions,
  deadline,
} from "../client-settings.ts";
import type { CallDescription, CallOutcome, Operation, PreRead, ReadBack } from "../descriptor.ts";
import { absenceOf, made, readFault } from "../outcome.ts";
import { fingerprint, textProblem } from "../sensitive-text.ts";
import type { KeyUse } from "../target-keys.ts";
import { GET_BUCKET_ENCRYPTION, isBucketUnderKey } from "./bucket-key.ts";
import { bucketArnOf, OBJECT, OBJECT_CEILING, objectOf } from "./object-arn.ts";
import { loadS3, objectReader, optionsOf } from "./object-client.ts";

/** Bytes. A signed request has 64 KiB in all, in base64url, so of content it carries less than 48. */
const MAX_BODY = 64 * 1024;

/** RFC 9110 §8.3.1: type, subtype, and parameters whose values need no quotes. */
const TOKEN = "[A-Za-z0-9!#$&^_.+-]{1,127}";
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:; ?${TOKEN}=${TOKEN}){0,4}$`);

const parameters = z.object({
  body: z.string().superRefine((text, context) => {
    const message = textProblem(text, MAX_BODY);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  }),
  contentType: z.string().regex(MEDIA_TYPE, "must be a media type such as text/plain").optional(),
  overwrite: z.boolean("must be true or false").optional(),
});

type Put = z.infer<typeof parameters>;

/** The SDK would choose this too; said aloud, so that what is sent is what was described. */
const DEFAULT_TYPE = "application/octet-stream";

/**
 * A put needs `kms:GenerateDataKey` (S3 guide, "Using server-side encryption with AWS KMS keys"), and `kms:Decrypt` too
 * where the bucket has a Bucket Key, which is verified before it is used ("Reducing the cost of SSE-KMS with Amazon S3
 * Bucket Keys"); so does the checksum in a HEAD (API reference, HeadObject, `x-amz-checksum-mode`). The encryption
 * context is the object's ARN, with a Bucket Key the bucket's: which of them, only the bucket knows.
 */
const OBJECT_KEY: KeyUse = {
  call: ["kms:GenerateDataKey", "kms:Decrypt"],
  reads: ["kms:Decrypt"],
  context: { name: "aws:s3:arn", valuesOf: (arn) => [arn, bucketArnOf(arn)] },
  lookAt: isBucketUnderKey,
};

/**
 * `s3:PutObject`: writes one object of text, by default only if there is none (`If-None-Match: *`,
 * the device that also makes a repeated call harmless). IAM holds the object's ARN and, as object
 * ARNs carry no account, the bucket's owner (`aws:ResourceAccount`); content, media type and
 * `overwrite` are held by the trust plane and the adapter. The condition key `s3:if-none-match` is not
 * used: it would hold one of two forms of the call and nothing of its content.
 *
 * Besides what is described here nothing is sent: no ACL, no tags, no metadata; encryption and
 * object lock are the bucket's defaults.
 */
export const s3PutObject = boundedAction(parameters, {
  action: "s3:PutObject",
  family: "s3",
  defaultRisk: "MEDIUM",
  target: OBJECT,
  ceiling: OBJECT_CEILING,
  accountInArn: false,
  // To IAM a HeadObject is a GetObject.
  reads: ["s3:GetObject"],
  readsHolder: { actions: [GET_BUCKET_ENCRYPTION], holderOf: bucketArnOf },
  keyUse: OBJECT_KEY,

  sensitive: (parameter) => parameter === "body",

  load: loadS3,
  describeCall,
  call,
  readBack,
});

/** The object, in a bucket of this account or in none: a name that was given up can be taken by anybody. */
function addressOf({ resource }: Operation, { account }: CallPlace) {
  const { bucket, key } = objectOf(resource);
  return { Bucket: bucket, Key: key, ExpectedBucketOwner: account };
}

/** Everything that is sent but the content. */
function headersOf(operation: Operation, place: CallPlace) {
  const { body, contentType = DEFAULT_TYPE, overwrite = false } = putOf(operation);
  return {
    ...addressOf(operation, place),
    ContentType: contentType,
    ContentLength: Buffer.byteLength(body),
    ChecksumSHA256: checksumOf(body),
    ...(!overwrite && { IfNoneMatch: "*" }),
  };
}

const checksumOf = (body: string): string => toBase64(digestBytes(sha256Digest(body)));

function describeCall(operation: Operation, _: PreRead, place: CallPlace): CallDescription {
  const Body = fingerprint(putOf(operation).body);
  return { api: "s3:PutObject", input: { ...headersOf(operation, place), Body } };
}

async function call(
  operation: Operation,
  { problem }: PreRead,
  settings: ClientSettings,
): Promise<CallOutcome> {
  const { PutObjectCommand, S3Client } = await loadS3();
  const client = new S3Client(optionsOf(clientOptions(settings, CALL_ATTEMPTS)));
  if (problem !== undefined) return { status: "failed", error: problem };
  const input = { ...headersOf(operation, settings), Body: putOf(operation).body };
  return made(() => client.send(new PutObjectCommand(input), deadline(settings)));
}

/**
 * Matches when the object there has this content, by the SHA-256 that S3 verified when it was stored,
 * and this media type. An object without that checksum was written by somebody else.
 */
async function readBack(operation: Operation, settings: ClientSettings): Promise<ReadBack> {
  const { body, contentType = DEFAULT_TYPE } = putOf(operation);
  try {
    const input = { ...addressOf(operation, settings), ChecksumMode: "ENABLED" } as const;
    const { HeadObjectCommand } = await loadS3();
    const reader = await objectReader(settings);
    const answer = await reader.send(new HeadObjectCommand(input), deadline(settings));
    const { ChecksumSHA256 = null, ContentLength = null, ContentType = null } = answer;
    const observed = { checksum: ChecksumSHA256, bytes: ContentLength, contentType: ContentType };
    const isContent = ChecksumSHA256 === checksumOf(body);
    return {
      matches:
        isContent && ContentLength === Buffer.byteLength(body) && ContentType === contentType,
      observed,
    };
  } catch (error) {
    if (absenceOf(error) !== undefined) return { matches: false, observed: null };
    throw readFault("s3:HeadObject", error);
  }
}

/** Read again at every use: nothing reaches AWS that the rules did not see. */
const putOf = (operation: Operation): Put => parameters.parse(operation.parameters);
