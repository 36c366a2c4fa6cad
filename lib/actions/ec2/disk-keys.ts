import type { Volume } from "@aws-sdk/client-ec2";
import { Fault } from "../../refusal.ts";
import { type ClientSettings, deadline, readingClient } from "../client-settings.ts";
import { readFault } from "../outcome.ts";
import { instanceIdOf, loadEc2 } from "./instance-description.ts";

/** IAM cannot bound it to a volume (Service Authorization Reference, EC2). */
export const DESCRIBE_VOLUMES = "ec2:DescribeVolumes";

/** ARNs of the KMS keys under which disks lie; what is not encrypted names none (API reference, Volume). */
export const keysOfDisks = (disks: readonly Volume[]): string[] => [
  ...new Set(disks.flatMap(({ KmsKeyId }) => KmsKeyId ?? [])),
];

/** Whether EC2 says that a disk of an instance lies under a KMS key. */
export async function isDiskUnderKey(target: string, settings: ClientSettings): Promise<boolean> {
  try {
    const { DescribeVolumesCommand, EC2Client } = await loadEc2();
    const client = readingClient("ec2", settings, (options) => new EC2Client(options));
    const ofInstance = { Name: "attachment.instance-id", Values: [instanceIdOf(target)] };
    const { Volumes } = await client.send(
      new DescribeVolumesCommand({ Filters: [ofInstance] }),
      deadline(settings),
    );
    if (Volumes === undefined) {
      throw new Fault("DEPENDENCY_UNAVAILABLE", `${DESCRIBE_VOLUMES} answered without disks`);
    }
    return keysOfDisks(Volumes).length > 0;
  } catch (error) {
    throw readFault(DESCRIBE_VOLUMES, error);
  }
}
