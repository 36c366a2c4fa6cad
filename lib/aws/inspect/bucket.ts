import {
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { look, type Seen, whenRead } from "./look.ts";

/** How objects are locked as they are put. */
export interface Lock {
  readonly mode: string;
  readonly days: number;
}

export interface BucketFacts {
  readonly name: string;
  readonly isVersioned: Seen<boolean>;
  /** Absent: nothing is locked. */
  readonly lock: Seen<Lock>;
  readonly policy: Seen<string>;
}

export async function readBucket(client: S3Client, name: string): Promise<BucketFacts> {
  const Bucket = name;
  const isVersioned = await look("s3:GetBucketVersioning", async () => {
    const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket }));
    return Status === "Enabled";
  });
  const [lock, policy] = await Promise.all([
    whenRead(isVersioned, () =>
      look("s3:GetBucketObjectLockConfiguration", async () => {
        const found = await client.send(new GetObjectLockConfigurationCommand({ Bucket }));
        const { ObjectLockEnabled, Rule } = found.ObjectLockConfiguration ?? {};
        const { Mode, Days, Years } = Rule?.DefaultRetention ?? {};
        if (ObjectLockEnabled !== "Enabled" || Mode === undefined) return undefined;
        return { mode: Mode, days: Days ?? (Years ?? 0) * 365 };
      }),
    ),
    whenRead(isVersioned, () =>
      look("s3:GetBucketPolicy", async () => {
        const { Policy } = await client.send(new GetBucketPolicyCommand({ Bucket }));
        return Policy || undefined;
      }),
    ),
  ]);
  return { name, isVersioned, lock, policy };
}
