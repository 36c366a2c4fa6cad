import type { Deployment } from "../../../infra/deployment.ts";
import { EXAMPLE } from "./synthesise.ts";

/** A region of each partition that cloud teams deploy to (AWS general reference, "ARNs"; AWS European Sovereign Cloud). */
export const PARTITIONS = {
  aws: "us-east-1",
  "aws-us-gov": "us-gov-west-1",
  "aws-cn": "cn-north-1",
  "aws-eusc": "eusc-de-east-1",
} as const;
export type Partition = keyof typeof PARTITIONS;

/** What the example says, said in another partition and region. */
export const inPartition = <T>(value: T, partition: Partition): T =>
  JSON.parse(
    JSON.stringify(value)
      .replaceAll("arn:aws:", `arn:${partition}:`)
      .replaceAll("us-east-1", PARTITIONS[partition]),
  ) as T;

/** The example deployment there. */
export const exampleIn = (partition: Partition): Deployment => inPartition(EXAMPLE, partition);
