import { instanceAction } from "./instance.ts";

/**
 * `ec2:TerminateInstances`: ends one instance for ever (PROTOCOL.md §9). Nothing undoes it and most disks go
 * with it, so HIGH. An instance with termination protection stays: the session cannot lift it.
 */
export const ec2TerminateInstances = instanceAction({
  action: "ec2:TerminateInstances",
  defaultRisk: "HIGH",
  reached: ["shutting-down", "terminated"],
});
