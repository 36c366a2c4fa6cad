import type { Service } from "@aws-sdk/client-ecs";
import * as z from "zod";
import { boundedAction } from "../bounded-action.ts";
import { CALL_ATTEMPTS, type ClientSettings, clientOptions, deadline } from "../client-settings.ts";
import type {
  CallDescription,
  CallError,
  CallOutcome,
  Operation,
  PreRead,
  ReadBack,
} from "../descriptor.ts";
import { absenceOf, made, readFault } from "../outcome.ts";
import {
  DESCRIBE_SERVICES,
  describeService,
  hasShortArn,
  loadEcs,
  SERVICE,
  serviceOf,
} from "./service-description.ts";

const COUNT = "must be a whole number from 0 to 5000";

/** 5,000 is the quota of tasks in one service (ECS guide, "Service quotas"). */
const parameters = z.strictObject({
  desiredCount: z.int(COUNT).min(0, COUNT).max(5000, COUNT),
});

/**
 * `ecs:UpdateService`: sets the number of tasks that one service should run, and nothing else (PROTOCOL.md
 * §9): no task definition, no new deployment. IAM sees only the service; the count is bounded by the
 * trust plane and the adapter. ECS has no compare and set for it; who must not change a count that
 * somebody else has set meanwhile puts it into an assumption with `recheck`.
 *
 * Where Application Auto Scaling looks after the service, it may set another count at any time; what was
 * there after the call is in the read-back.
 */
export const ecsUpdateService = boundedAction(parameters, {
  action: "ecs:UpdateService",
  family: "ecs",
  defaultRisk: "MEDIUM",
  target: SERVICE,
  ceiling: SERVICE,
  accountInArn: true,
  reads: [DESCRIBE_SERVICES],

  sensitive: () => false,

  load: loadEcs,
  preRead,
  describeCall,
  call,
  readBack,
});

async function preRead({ resource }: Operation, settings: ClientSettings): Promise<PreRead> {
  try {
    const { service } = await describeService(resource, settings);
    const problem = problemOf(resource, service);
    if (service === undefined || problem !== undefined) return { facts: {}, ...problem };
    return { facts: { desiredCount: String(service.desiredCount) } };
  } catch (error) {
    const problem = absenceOf(error);
    if (problem !== undefined) return { facts: {}, problem };
    throw readFault(DESCRIBE_SERVICES, error);
  }
}

/** Refused without a call: what has no count that could be set, or none any more. */
function problemOf(
  arn: string,
  service: Service | undefined,
): { readonly problem: CallError } | undefined {
  if (service === undefined) return { problem: { name: "ServiceMissing", kind: "notFound" } };
  // IAM compares the ARN that the service has: no session policy on the long one reaches it.
  if (hasShortArn(arn, service)) return precondition("ServiceHasShortArn");
  if (service.status !== "ACTIVE") return precondition("ServiceNotActive");
  // One task on every container instance: AWS refuses a count for it.
  return service.schedulingStrategy === "DAEMON" ? precondition("ServiceIsDaemon") : undefined;
}

const precondition = (name: string): { readonly problem: CallError } => ({
  problem: { name, kind: "precondition" },
});

function describeCall(operation: Operation): CallDescription {
  return { api: "ecs:UpdateService", input: { ...inputOf(operation) } };
}

const inputOf = ({ resource, parameters: given }: Operation) => ({
  ...serviceOf(resource),
  // Read again at every use: nothing reaches AWS that the rules did not see.
  desiredCount: parameters.parse(given).desiredCount,
});

async function call(
  operation: Operation,
  { facts, problem }: PreRead,
  settings: ClientSettings,
): Promise<CallOutcome> {
  const { ECSClient, UpdateServiceCommand } = await loadEcs();
  const client = new ECSClient(clientOptions(settings, CALL_ATTEMPTS));
  if (problem !== undefined) return { status: "failed", error: problem };
  if (facts["desiredCount"] === undefined) {
    // Without the read nobody has seen that the service takes a count.
    return { status: "failed", error: { name: "ServiceNotRead", kind: "precondition" } };
  }
  return made(() => client.send(new UpdateServiceCommand(inputOf(operation)), deadline(settings)));
}

/** Matches when the service is active and should run as many tasks as asked for; how many do is not waited for. */
async function readBack(operation: Operation, settings: ClientSettings): Promise<ReadBack> {
  try {
    const { service } = await describeService(operation.resource, settings);
    const { status = null, desiredCount = null } = service ?? {};
    const matches = status === "ACTIVE" && desiredCount === inputOf(operation).desiredCount;
    return { matches, observed: { status, desiredCount } };
  } catch (error) {
    throw readFault(DESCRIBE_SERVICES, error);
  }
}
