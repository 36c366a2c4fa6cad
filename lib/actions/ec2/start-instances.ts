import { instanceAction } from "./instance.ts";

/**
 * `ec2:StartInstances`: starts one stopped instance (PROTOCOL.md §9); it can be stopped again, so MEDIUM.
 *
 * `pending` counts as seen although a start can still fail minutes later. One does so always: that of an
 * instance with a disk under a KMS key, for which EC2 makes a grant in the caller's name
 * (`kms:CreateGrant`). The session policy denies whatever the contract does not list, so EC2 stops the
 * instance again (`Client.InternalError`).
 */
export const ec2StartInstances = instanceAction({
  action: "ec2:StartInstances",
  defaultRisk: "MEDIUM",
  reached: ["pending", "running"],
});
