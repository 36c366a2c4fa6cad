import type { ActionDescriptor } from "./descriptor.ts";
import { dynamodbUpdateItem } from "./dynamodb-update-item.ts";
import { lambdaUpdateAlias } from "./lambda-update-alias.ts";

/** Every action that this version can run. Adding one: a file, a test, a line here. */
export const CATALOGUE: readonly ActionDescriptor[] = [dynamodbUpdateItem, lambdaUpdateAlias];

const BY_ACTION = new Map(CATALOGUE.map((descriptor) => [descriptor.action, descriptor]));

/**
 * The descriptor of an action, compared exactly as IAM writes it; `undefined` when there is none.
 */
export const descriptorOf = (action: string): ActionDescriptor | undefined => BY_ACTION.get(action);
