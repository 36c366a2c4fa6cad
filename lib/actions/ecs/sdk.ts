/** What the actions and reads of ECS use of its SDK client: a part of a function that is loaded when one is asked for. */
export { DescribeServicesCommand, ECSClient, UpdateServiceCommand } from "@aws-sdk/client-ecs";
