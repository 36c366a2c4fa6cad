import { randomBytes } from "node:crypto";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectTaggingCommand,
} from "@aws-sdk/client-s3";
import type { Clients } from "../../../localstack/deploy/clients.ts";
import type { Ending } from "../../support/local/iam.ts";
import type { LocalPlane } from "../../support/local/plane.ts";
import { ABROAD, type Build } from "./wall.ts";

const KEY = "walled/limits.json";

/** ARN of the object that the session is for. */
export const objectArn = ({ outputs }: LocalPlane, key = KEY): string =>
  `arn:aws:s3:::${outputs.samples.bucket}/${key}`;

/** The governed put, of any object. */
export const putObject = (
  { s3 }: Clients,
  Bucket: string,
  Key = KEY,
  change: Partial<PutObjectCommandInput> = {},
): Promise<unknown> => s3.send(new PutObjectCommand({ Bucket, Key, Body: "{}", ...change }));

/** A bucket beside the governed one; gone after the test. */
async function temporaryBucket(t: Ending, { deployer }: LocalPlane): Promise<string> {
  const Bucket = `production-${randomBytes(4).toString("hex")}`;
  await deployer.s3.send(new CreateBucketCommand({ Bucket }));
  t.after(async () => {
    await deployer.s3.send(new DeleteObjectCommand({ Bucket, Key: KEY }));
    await deployer.s3.send(new DeleteBucketCommand({ Bucket }));
  });
  return Bucket;
}

/** `s3:PutObject` of one object. */
export const objectWall: Build = async (t, plane) => {
  const { bucket: Bucket } = plane.outputs.samples;
  const production = await temporaryBucket(t, plane);
  const secret = { Bucket, Key: "walled/secret.json" };
  await putObject(plane.deployer, Bucket, secret.Key);
  t.after(() => plane.deployer.s3.send(new DeleteObjectCommand({ Bucket, Key: KEY })));
  t.after(() => plane.deployer.s3.send(new DeleteObjectCommand(secret)));
  const object = { Bucket, Key: KEY };
  return {
    scope: { action: "s3:PutObject", target: objectArn(plane) },
    bounded: (as) => putObject(as, Bucket),
    beyond: {
      "another action: GetObject": { call: ({ s3 }) => s3.send(new GetObjectCommand(object)) },
      "another action: ListBucket": {
        call: ({ s3 }) => s3.send(new ListObjectsV2Command({ Bucket })),
      },
      "another action: PutObjectAcl": {
        call: ({ s3 }) => s3.send(new PutObjectAclCommand({ ...object, ACL: "private" })),
        outcome: "AccessControlListNotSupported",
      },
      "another action: PutObjectTagging": {
        call: ({ s3 }) => s3.send(new PutObjectTaggingCommand({ ...object, Tagging: TAGGING })),
      },
      "another action within the call: tags": {
        call: (as) => putObject(as, Bucket, KEY, { Tagging: "team=a" }),
      },
      "another action within the call: an access control list": {
        call: (as) => putObject(as, Bucket, KEY, { ACL: "bucket-owner-full-control" }),
      },
      "another action: PutBucketPolicy": {
        call: ({ s3 }) =>
          s3.send(new PutBucketPolicyCommand({ Bucket: "no-such-bucket", Policy: "{}" })),
        outcome: "NoSuchBucket",
      },
      "another resource: another object": { call: (as) => putObject(as, Bucket, secret.Key) },
      "another resource: an object below": {
        call: (as) => putObject(as, Bucket, `${KEY}/below`),
      },
      "VAI-42 another resource: the same object of production": {
        call: (as) => putObject(as, production),
      },
      "several resources: a copy of what it may not read": {
        call: ({ s3 }) =>
          s3.send(new CopyObjectCommand({ ...object, CopySource: `${Bucket}/${secret.Key}` })),
      },
      "several resources: DeleteObjects": {
        call: ({ s3 }) =>
          s3.send(
            new DeleteObjectsCommand({
              Bucket,
              Delete: { Objects: [{ Key: KEY }, { Key: secret.Key }] },
            }),
          ),
      },
      "another action: DeleteObject": {
        call: ({ s3 }) => s3.send(new DeleteObjectCommand(object)),
      },
      "another region": {
        region: ABROAD,
        call: (as) => putObject(as, Bucket),
        outcome: "PermanentRedirect",
      },
    },
  };
};

const TAGGING = { TagSet: [{ Key: "team", Value: "a" }] };
