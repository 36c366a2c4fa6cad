import type { DescribeServicesCommandOutput, Service } from "@aws-sdk/client-ecs";
import { Fault } from "../../refusal.ts";
import { type ClientSettings, deadline, readingClient } from "../client-settings.ts";

/**
 * One service, by the ARN that names its cluster. The old form without cluster is not taken: it would
 * leave open which cluster is meant (ECS guide, "Amazon Resource Names (ARNs) and IDs").
 */
export const SERVICE = {
  pattern:
    /^arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:service\/[A-Za-z0-9_-]{1,255}\/[A-Za-z0-9_-]{1,255}$/,
  example: "arn:aws:ecs:us-east-1:111122223333:service/shop/checkout",
};

export const loadEcs = () => import("./sdk.ts");

export const DESCRIBE_SERVICES = "ecs:DescribeServices";

export interface ServiceName {
  readonly cluster: string;
  readonly service: string;
}

/** The account is the credentials'; the session policy pins it, and the service, by ARN. */
export function serviceOf(arn: string): ServiceName {
  const [, cluster = "", service = ""] = arn.split("/");
  return { cluster, service };
}

export interface DescribedService {
  readonly answer: DescribeServicesCommandOutput;
  /** Absent when ECS said that there is none. */
  readonly service?: Service;
}

/**
 * The one service of an ARN. ECS answers with 200 and `failures` for what it does not show. A service made before
 * the long format came keeps its short ARN (`service/name`, ECS guide, "Amazon Resource Names (ARNs) and IDs"): it
 * is told by its own name and its cluster's ARN, and {@link hasShortArn} says so.
 * @throws {Fault} `DEPENDENCY_UNAVAILABLE` unless exactly that service came back or the one failure is
 *   `MISSING`: anything else is unknown, not fine (ADV-34). AWS's own errors are thrown as they are.
 */
export async function describeService(
  arn: string,
  settings: ClientSettings,
): Promise<DescribedService> {
  const { DescribeServicesCommand, ECSClient } = await loadEcs();
  const client = readingClient("ecs", settings, (options) => new ECSClient(options));
  const { cluster, service: name } = serviceOf(arn);
  const command = new DescribeServicesCommand({ cluster, services: [name] });
  const answer = await client.send(command, deadline(settings));
  const { services = [], failures = [] } = answer;
  const [service] = services;
  if (isOf(arn, service) && services.length === 1 && failures.length === 0) {
    return { answer, service };
  }
  if (services.length === 0 && failures.length === 1 && failures[0]?.reason === "MISSING") {
    return { answer };
  }
  const message = `${DESCRIBE_SERVICES} did not answer with exactly the service asked for`;
  throw new Fault("DEPENDENCY_UNAVAILABLE", message);
}

const isOf = (arn: string, service: Service | undefined): service is Service =>
  service?.serviceArn === arn || hasShortArn(arn, service);

/** Whether this is the service of the long ARN, under the short one: IAM then knows it by that alone. */
export function hasShortArn(arn: string, service: Service | undefined): boolean {
  const { cluster, service: name } = serviceOf(arn);
  const place = arn.slice(0, arn.indexOf(":service/"));
  return (
    service?.serviceArn === `${place}:service/${name}` &&
    service.serviceName === name &&
    service.clusterArn === `${place}:cluster/${cluster}`
  );
}
