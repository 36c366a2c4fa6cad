import { DESCRIBE_TABLE, keyOfTable } from "../../actions/dynamodb/table-key.ts";
import { DESCRIBE_VOLUMES, keysOfDisks } from "../../actions/ec2/disk-keys.ts";
import { GET_BUCKET_ENCRYPTION, keysOfBucket } from "../../actions/s3/bucket-key.ts";
import { type ClientPlace, dependencyOptions } from "../ports/clients.ts";
import { look, type Seen } from "./look.ts";

/** ARNs of the KMS keys of the account under which a target lies; none where AWS's own key or none is used. */
export type TargetEncryption = Seen<readonly string[]>;

type Options = ReturnType<typeof dependencyOptions>;

/** By the service of the ARN; only those that ask KMS in the name of who calls. */
const READERS: Readonly<
  Record<string, (target: string, options: Options) => Promise<TargetEncryption>>
> = { dynamodb: ofTable, s3: ofBucket, ec2: ofDisks };

/**
 * Under which keys a target lies, by the service's own word. `target`: as the cloud team opened it.
 * The clients are loaded when there is something to ask: most commands of `vai` need none of them.
 */
export async function readTargetEncryption(
  place: ClientPlace,
  target: string,
): Promise<TargetEncryption> {
  const [, , service = ""] = target.split(":");
  const read = READERS[service];
  return read === undefined
    ? { status: "seen", value: [] }
    : read(target, dependencyOptions(place));
}

async function ofTable(target: string, options: Options): Promise<TargetEncryption> {
  const { DescribeTableCommand, DynamoDBClient } = await import("@aws-sdk/client-dynamodb");
  const client = new DynamoDBClient(options);
  return look(DESCRIBE_TABLE, async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: nameOf(target) }));
    const key = keyOfTable(Table ?? {});
    return key === undefined ? [] : [key];
  });
}

/** The default of the bucket, by which our adapter writes; what lies there already may lie under other keys. */
async function ofBucket(target: string, options: Options): Promise<TargetEncryption> {
  const { GetBucketEncryptionCommand, S3Client } = await import("@aws-sdk/client-s3");
  const client = new S3Client({ ...options, forcePathStyle: options.endpoint !== undefined });
  const [Bucket = ""] = (target.split(":::")[1] ?? "").split("/");
  const seen = await look(GET_BUCKET_ENCRYPTION, async () => {
    const ask = () => client.send(new GetBucketEncryptionCommand({ Bucket }));
    return (await keysOfBucket(ask)) ?? [];
  });
  return seen.status === "seen" ? keyArns(seen.value, options) : seen;
}

/** ARNs of keys, which a bucket may name by id or alias. */
export async function keyArns(
  named: readonly string[],
  options: Options,
): Promise<TargetEncryption> {
  const { DescribeKeyCommand, KMSClient } = await import("@aws-sdk/client-kms");
  const client = new KMSClient(options);
  return look("kms:DescribeKey", () =>
    Promise.all(
      named.map(async (KeyId) => {
        if (/^arn:[^:]+:kms:.*:key\//.test(KeyId)) return KeyId;
        const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }));
        return KeyMetadata?.Arn ?? KeyId;
      }),
    ),
  );
}

async function ofDisks(target: string, options: Options): Promise<TargetEncryption> {
  const { DescribeInstancesCommand, DescribeVolumesCommand, EC2Client } = await import(
    "@aws-sdk/client-ec2"
  );
  const client = new EC2Client(options);
  return look(DESCRIBE_VOLUMES, async () => {
    const asked = new DescribeInstancesCommand({ InstanceIds: [nameOf(target)] });
    const { Reservations = [] } = await client.send(asked);
    const disks = Reservations.flatMap(({ Instances = [] }) => Instances)
      .flatMap(({ BlockDeviceMappings = [] }) => BlockDeviceMappings)
      .flatMap(({ Ebs }) => Ebs?.VolumeId ?? []);
    if (disks.length === 0) return [];
    const { Volumes = [] } = await client.send(new DescribeVolumesCommand({ VolumeIds: disks }));
    return keysOfDisks(Volumes);
  });
}

const nameOf = (arn: string): string => arn.slice(arn.indexOf("/") + 1);
