import type { EC2Client } from "@aws-sdk/client-ec2";
import { present } from "../../encoding/present.ts";
import { pointer, type Refusal, refuse } from "../../refusal.ts";
import { CALL_ATTEMPTS, type ClientSettings, clientOptions, deadline } from "../client-settings.ts";
import type {
  ActionDescriptor,
  CallDescription,
  CallOutcome,
  Operation,
  PreRead,
  ReadBack,
  SeenAction,
} from "../descriptor.ts";
import { absenceOf, made, readFault } from "../outcome.ts";
import { DESCRIBE_VOLUMES } from "./disk-keys.ts";
import {
  DESCRIBE_INSTANCES,
  describeInstance,
  INSTANCE,
  instanceIdOf,
  loadEc2,
} from "./instance-description.ts";

/** What differs between the actions that change the state of an instance. */
export interface InstanceRules {
  readonly action: "ec2:StopInstances" | "ec2:StartInstances" | "ec2:TerminateInstances";
  readonly defaultRisk: ActionDescriptor["defaultRisk"];
  /**
   * States after which the effect counts as seen: the wanted one and the way to it. EC2 takes minutes
   * from one to the other, and on the way only EC2 itself turns back.
   */
  readonly reached: readonly string[];
  readonly keyUse?: ActionDescriptor["keyUse"];
}

/**
 * An action on one instance, without parameters. IAM holds all of it: action and instance ARN; the
 * members of the API that could make more of it (`DryRun`, `Force`, `SkipOsShutdown`, `Hibernate`, a
 * second id) are never sent. State changes are idempotent on AWS, so there is nothing to compare and
 * set. Of an instance that is going or gone nothing is called: no outcome of this call could be told
 * from what somebody else did.
 */
export const instanceAction = ({
  action,
  defaultRisk,
  reached,
  keyUse,
}: InstanceRules): SeenAction => ({
  ...present({ keyUse }),
  action,
  family: "ec2",
  defaultRisk,
  target: INSTANCE,
  ceiling: INSTANCE,
  accountInArn: true,
  reads: [],
  readsAnywhere: [DESCRIBE_INSTANCES, ...(keyUse === undefined ? [] : [DESCRIBE_VOLUMES])],

  knows: () => false,
  sensitive: () => false,
  judgeParameters,

  carriesInIam: () => false,
  iamBounds: () => [],
  requestKeys: () => [],

  load: loadEc2,
  preRead,
  describeCall: (operation) => describeCall(action, operation),
  call: (operation, read, settings) => call(action, operation, read, settings),
  readBack: (operation, settings) => readBack(reached, operation, settings),
});

function judgeParameters({ action, parameters }: Operation): Refusal | undefined {
  const [foreign] = Object.keys(parameters).sort();
  if (foreign === undefined) return undefined;
  const place = pointer("/request/operation/parameters", [foreign]);
  return refuse("PARAMETER_OUT_OF_BOUNDS", `${action} takes no parameters`, place);
}

async function preRead({ resource }: Operation, settings: ClientSettings): Promise<PreRead> {
  try {
    const { state } = await describeInstance(resource, settings);
    const isGone = state === "terminated" || state === "shutting-down";
    return {
      facts: { state },
      ...(isGone && { problem: { name: "InstanceTerminated", kind: "precondition" } }),
    };
  } catch (error) {
    const problem = absenceOf(error);
    if (problem !== undefined) return { facts: {}, problem };
    throw readFault(DESCRIBE_INSTANCES, error);
  }
}

const describeCall = (action: string, { resource }: Operation): CallDescription => ({
  api: action,
  input: { InstanceIds: [instanceIdOf(resource)] },
});

async function call(
  action: InstanceRules["action"],
  { resource }: Operation,
  { facts, problem }: PreRead,
  settings: ClientSettings,
): Promise<CallOutcome> {
  const sdk = await loadEc2();
  const client = new sdk.EC2Client(clientOptions(settings, CALL_ATTEMPTS));
  if (problem !== undefined) return { status: "failed", error: problem };
  if (facts["state"] === undefined) {
    // Without the read nobody has seen that there is such an instance.
    return { status: "failed", error: { name: "InstanceNotRead", kind: "precondition" } };
  }
  return made(() => send(sdk, client, action, [instanceIdOf(resource)], deadline(settings)));
}

function send(
  {
    StartInstancesCommand,
    StopInstancesCommand,
    TerminateInstancesCommand,
  }: Awaited<ReturnType<typeof loadEc2>>,
  client: EC2Client,
  action: InstanceRules["action"],
  InstanceIds: string[],
  options: ReturnType<typeof deadline>,
): Promise<unknown> {
  switch (action) {
    case "ec2:StopInstances":
      return client.send(new StopInstancesCommand({ InstanceIds }), options);
    case "ec2:StartInstances":
      return client.send(new StartInstancesCommand({ InstanceIds }), options);
    case "ec2:TerminateInstances":
      return client.send(new TerminateInstancesCommand({ InstanceIds }), options);
  }
}

/** An id that is no longer known is that of a terminated instance, some time after it ended. */
async function readBack(
  reached: readonly string[],
  { resource }: Operation,
  settings: ClientSettings,
): Promise<ReadBack> {
  try {
    const { state } = await describeInstance(resource, settings);
    return { matches: reached.includes(state), observed: { state } };
  } catch (error) {
    if (absenceOf(error) !== undefined) {
      return { matches: reached.includes("terminated"), observed: { state: null } };
    }
    throw readFault(DESCRIBE_INSTANCES, error);
  }
}
