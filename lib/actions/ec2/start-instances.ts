import type { KeyUse } from "../target-keys.ts";
import { isDiskUnderKey } from "./disk-keys.ts";
import { instanceAction } from "./instance.ts";

/**
 * For each disk under a KMS key EC2 makes itself a grant on it in the caller's name, and with that alone decrypts the
 * disk's key (EBS guide, "Requirements for Amazon EBS encryption"; Instance Scheduler guide, "Encrypted EC2 EBS
 * volumes"). The encryption context names the disks, which no contract does. The execution role demands
 * `kms:GrantIsForAWSResource` besides.
 */
const DISK_KEY: KeyUse = { call: ["kms:CreateGrant"], reads: [], lookAt: isDiskUnderKey };

/**
 * `ec2:StartInstances`: starts one stopped instance (PROTOCOL.md §9); it can be stopped again, so MEDIUM.
 *
 * `pending` counts as seen although a start can still fail minutes later. One would do so always: that of an
 * instance with a disk under a KMS key that the deployment's `targetKeys` do not name. EC2 would stop it again
 * (`Client.InternalError`); the plane looks beforehand, and so does `vai doctor`.
 */
export const ec2StartInstances = instanceAction({
  action: "ec2:StartInstances",
  defaultRisk: "MEDIUM",
  reached: ["pending", "running"],
  keyUse: DISK_KEY,
});
