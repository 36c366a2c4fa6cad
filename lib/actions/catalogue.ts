import type { ActionDescriptor } from "./descriptor.ts";
import { dynamodbUpdateItem } from "./dynamodb/update-item.ts";
import { ec2StartInstances } from "./ec2/start-instances.ts";
import { ec2StopInstances } from "./ec2/stop-instances.ts";
import { ec2TerminateInstances } from "./ec2/terminate-instances.ts";
import { ecsUpdateService } from "./ecs/update-service.ts";
import { lambdaInvokeFunction } from "./lambda/invoke-function.ts";
import { lambdaUpdateAlias } from "./lambda/update-alias.ts";
import { s3PutObject } from "./s3/put-object.ts";
import { ssmPutParameter } from "./ssm/put-parameter.ts";

/** Every action that this version can run. Adding one: a file, a test, a line here. */
export const CATALOGUE: readonly ActionDescriptor[] = [
  dynamodbUpdateItem,
  ec2StartInstances,
  ec2StopInstances,
  ec2TerminateInstances,
  ecsUpdateService,
  lambdaInvokeFunction,
  lambdaUpdateAlias,
  s3PutObject,
  ssmPutParameter,
];

const BY_ACTION = new Map(CATALOGUE.map((descriptor) => [descriptor.action, descriptor]));

/**
 * The descriptor of an action, compared exactly as IAM writes it; `undefined` when there is none.
 */
export const descriptorOf = (action: string): ActionDescriptor | undefined => BY_ACTION.get(action);

/**
 * Whether the value of a parameter must not be repeated: in evidence, in a refusal. Of a parameter that the action
 * does not know, or of an unknown action, nobody can say what it holds: a misspelt `Body` is a body (USR-16).
 */
export function isSensitive(action: string, parameter: string): boolean {
  const descriptor = descriptorOf(action);
  return (
    descriptor === undefined || !descriptor.knows(parameter) || descriptor.sensitive(parameter)
  );
}
