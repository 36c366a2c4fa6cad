import { instanceAction } from "./instance.ts";

/**
 * `ec2:StopInstances`: stops one instance, in order and never by force (PROTOCOL.md §9). Its disks stay and
 * it can be started again, so MEDIUM.
 */
export const ec2StopInstances = instanceAction({
  action: "ec2:StopInstances",
  defaultRisk: "MEDIUM",
  reached: ["stopping", "stopped"],
});
