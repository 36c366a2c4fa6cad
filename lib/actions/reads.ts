import { DYNAMODB_READS } from "./dynamodb/read.ts";
import { EC2_READS } from "./ec2/read.ts";
import { ECS_READS } from "./ecs/read.ts";
import { LAMBDA_READS } from "./lambda/read.ts";
import type { TargetRead } from "./read.ts";
import { S3_READS } from "./s3/read.ts";
import { SSM_READS } from "./ssm/read.ts";

/** Every read that assumptions of this version may name (PROTOCOL.md §9). */
export const READS: readonly TargetRead[] = [
  ...LAMBDA_READS,
  ...DYNAMODB_READS,
  ...SSM_READS,
  ...S3_READS,
  ...EC2_READS,
  ...ECS_READS,
];

const BY_NAME = new Map(READS.map((read) => [read.read, read]));

/** The read of a name, compared exactly as PROTOCOL.md §9 writes it; `undefined` when there is none. */
export const readOf = (name: string): TargetRead | undefined => BY_NAME.get(name);
