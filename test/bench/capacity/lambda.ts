import { GetFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import type { LocalPlane } from "../../support/local/plane.ts";

/** Megabytes at which a function has one vCPU (Lambda developer guide, "Configure Lambda function memory"). */
export const ONE_VCPU = 1769;

/** US dollars of list price for arm64 in us-east-1: a GB-second, and a million requests. */
const GB_SECOND = 0.0000133334;
const MILLION_REQUESTS = 0.2;

/** What a function takes that is not held back by its share of a processor, and what of that is computing. */
export interface Unhindered {
  /** Milliseconds. */
  readonly duration: number;
  readonly cpu: number;
}

/**
 * Milliseconds that the same takes with the share of a vCPU that goes with the memory: waiting stays, computing takes as
 * many times longer as the share is smaller. It is too much where computing and waiting overlap, and says nothing of the
 * slices in which Lambda hands out a share.
 */
export function durationAt(megabytes: number, { duration, cpu }: Unhindered): number {
  const share = Math.min(1, megabytes / ONE_VCPU);
  return duration + cpu * (1 / share - 1);
}

/** US dollars for a million invocations of that duration. */
export const lambdaPrice = (megabytes: number, milliseconds: number): number =>
  MILLION_REQUESTS + gbSeconds(megabytes, milliseconds) * GB_SECOND * 1e6;

/** GB-seconds of one invocation. */
export const gbSeconds = (megabytes: number, milliseconds: number): number =>
  (megabytes / 1024) * (milliseconds / 1000);

/** Megabytes that the stack gives to `issue` now. */
export async function memoryOfIssue({ deployer, outputs }: LocalPlane): Promise<number> {
  const asked = new GetFunctionConfigurationCommand({ FunctionName: outputs.functions.issue });
  const { MemorySize } = await deployer.lambda.send(asked);
  if (MemorySize === undefined) throw new Error("Lambda does not say how much memory issue has");
  return MemorySize;
}
