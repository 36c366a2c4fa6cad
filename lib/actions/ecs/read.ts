import { Fault } from "../../refusal.ts";
import { noParameters, type TargetRead, targetRead } from "../read.ts";
import { DESCRIBE_SERVICES, describeService, loadEcs, SERVICE } from "./service-description.ts";

/**
 * `ecs:DescribeServices` of exactly one service: for example `/services/0/desiredCount`,
 * `/services/0/runningCount`, `/services/0/taskDefinition`.
 */
const describeServices = targetRead({
  read: DESCRIBE_SERVICES,
  family: "ecs",
  target: SERVICE,
  iamActions: [DESCRIBE_SERVICES],
  problemOf: noParameters,
  load: loadEcs,
  async ask({ resource }, settings) {
    const { answer, service } = await describeService(resource, settings);
    if (service !== undefined) return answer;
    throw new Fault("DEPENDENCY_UNAVAILABLE", `${DESCRIBE_SERVICES}: there is no such service`);
  },
});

export const ECS_READS: readonly TargetRead[] = [describeServices];
