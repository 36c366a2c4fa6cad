import { randomBytes } from "node:crypto";
import {
  CreateServiceCommand,
  DeleteServiceCommand,
  DescribeServicesCommand,
  ListServicesCommand,
  RunTaskCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import type { Clients } from "../../../localstack/deploy/clients.ts";
import type { Ending } from "../../support/local/iam.ts";
import type { LocalPlane } from "../../support/local/plane.ts";
import { ABROAD, type Build } from "./wall.ts";

const update = ({ ecs }: Clients, cluster: string, service: string): Promise<unknown> =>
  ecs.send(new UpdateServiceCommand({ cluster, service, desiredCount: 0 }));

/** A service beside the governed one, in the same cluster; gone after the test. */
async function temporaryService(t: Ending, { deployer, outputs }: LocalPlane): Promise<string> {
  const { cluster, name } = outputs.samples.service;
  const { services } = await deployer.ecs.send(
    new DescribeServicesCommand({ cluster, services: [name] }),
  );
  const serviceName = `production-${randomBytes(4).toString("hex")}`;
  await deployer.ecs.send(
    new CreateServiceCommand({
      ...{ cluster, serviceName, desiredCount: 0, launchType: "FARGATE" },
      taskDefinition: services?.[0]?.taskDefinition,
      networkConfiguration: services?.[0]?.networkConfiguration,
    }),
  );
  t.after(() =>
    deployer.ecs.send(new DeleteServiceCommand({ cluster, service: serviceName, force: true })),
  );
  return serviceName;
}

/** `ecs:UpdateService` of one service. */
export const serviceWall: Build = async (t, plane) => {
  const { account, region, samples } = plane.outputs;
  const { cluster, name } = samples.service;
  const production = await temporaryService(t, plane);
  const arn = (service: string) => `arn:aws:ecs:${region}:${account}:service/${cluster}/${service}`;
  return {
    scope: { action: "ecs:UpdateService", target: arn(name) },
    bounded: (as) => update(as, cluster, name),
    beyond: {
      "another action: DescribeServices": {
        call: ({ ecs }) => ecs.send(new DescribeServicesCommand({ cluster, services: [name] })),
      },
      "another action: ListServices": {
        call: ({ ecs }) => ecs.send(new ListServicesCommand({ cluster })),
      },
      "another action: RunTask": {
        call: ({ ecs }) => ecs.send(new RunTaskCommand({ cluster, taskDefinition: "none" })),
        outcome: "ClientException",
      },
      "another action: DeleteService": {
        call: ({ ecs }) => ecs.send(new DeleteServiceCommand({ cluster, service: "none" })),
        outcome: "ServiceNotFoundException",
      },
      "VAI-42 another resource: production": { call: (as) => update(as, cluster, production) },
      "another resource: production by its ARN": {
        call: (as) => update(as, cluster, arn(production)),
      },
      "another resource: another cluster": {
        call: (as) => update(as, "none", name),
        outcome: "ServiceNotFoundException",
      },
      "several resources: DescribeServices": {
        call: ({ ecs }) =>
          ecs.send(new DescribeServicesCommand({ cluster, services: [name, production] })),
      },
      "another region": {
        region: ABROAD,
        call: (as) => update(as, cluster, name),
        outcome: "ServiceNotFoundException",
      },
    },
  };
};
